// The sentence about what LibTorch lacks on a device that OpenMM can use.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/TorchDevice.h"

#include <gmock/gmock.h>

using namespace MolSpectraPlugin;
using testing::HasSubstr;

namespace {

const TorchCuda whole = {true, "13.0", false, "", 2};

}  // namespace

TEST(TorchObstacle, WholeCuda_IsNone) {
    EXPECT_EQ(torchObstacle(whole, 0), "");
    EXPECT_EQ(torchObstacle(whole, 1), "");
}

TEST(TorchObstacle, MissingPart_IsNamed) {
    TorchCuda found = whole;
    found.built = false;
    EXPECT_THAT(torchObstacle(found, 0), HasSubstr("found LibTorch without its CUDA part"));
}

TEST(TorchObstacle, OldDriver_IsNamedWithTheVersionItIsTooOldFor) {
    TorchCuda found = whole;
    found.driverTooOld = true;
    found.error = "CUDA driver version is insufficient for CUDA runtime version";
    found.devices = 0;
    EXPECT_THAT(torchObstacle(found, 0), HasSubstr("driver that is too old for CUDA 13.0"));
}

TEST(TorchObstacle, OtherErrors_AreTold) {
    TorchCuda found = whole;
    found.error = "unknown error";
    EXPECT_THAT(torchObstacle(found, 0), HasSubstr("CUDA reports unknown error"));
}

TEST(TorchObstacle, MissingDevice_IsToldWithBothCounts) {
    EXPECT_THAT(torchObstacle(whole, 2), HasSubstr("found 2 devices, expected at least 3"));
}
