// How LibTorch's threads calculate.
// SPDX-License-Identifier: MIT
#include "trainer/training/Threads.h"

#include <gtest/gtest.h>

#include <thread>

namespace molspectra {
namespace {

/// @return whether a product below the smallest normal number is kept
bool keepsDenormals() {
    volatile float small = 1e-30f;
    return small * 1e-10f != 0.0f;
}

TEST(Threads, DenormalNumbers_CountAsZeroHereAndInLaterThreads) {
    bool can = false, before = false, here = true, later = true;
    std::thread([&] {
        before = keepsDenormals();
        can = flushDenormals();
        here = keepsDenormals();
        std::thread([&] { later = keepsDenormals(); }).join();
    }).join();
    if (!can)
        GTEST_SKIP() << "this processor always keeps denormal numbers";
    EXPECT_TRUE(before) << "the test has nothing to find";
    EXPECT_FALSE(here);
    EXPECT_FALSE(later);
}

}  // namespace
}  // namespace molspectra
