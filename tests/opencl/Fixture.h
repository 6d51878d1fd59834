// What the tests of platforms/common/kernels/ModelArrays.cc share: one device, three precisions.
// SPDX-License-Identifier: MIT
#pragma once

#include "opencl/PairLists.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace opencl {

inline constexpr int paddedAtoms = 32;
inline constexpr double angstromsPerNanometer = 10.0;

inline const std::vector<int> sizes = {1, 2, 5, 9};
/// One work item for all atoms, several groups with fewer items than atoms, and more than atoms.
inline const std::vector<Shape> shapes = {{1, 1}, {6, 2}, {64, 32}};

/// Slots of a subset of OpenMM's atoms, in an order of its own. [N]
inline std::vector<cl_int> slotsOf(int atoms) {
    std::vector<cl_int> slots;
    for (int i = 0; i < atoms; ++i)
        slots.push_back((7 * i + 3) % paddedAtoms);
    return slots;
}

/// One device for all tests of a suite, because compiling takes longer than running.
template <typename T>
class ModelArrays : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Device::exists())
            device.emplace();
    }

    static void TearDownTestSuite() {
        for (std::optional<Program>& kept : programs)
            kept.reset();
        device.reset();
    }

    void SetUp() override {
        if (!device)
            GTEST_SKIP() << "there is no OpenCL device here";
    }

    static const Program& program(bool periodic) {
        std::optional<Program>& kept = programs[periodic];
        if (!kept)
            kept.emplace(*device, definitions({.precision = T::precision,
                                               .periodic = periodic,
                                               .paddedAtoms = paddedAtoms}) +
                                      modelArraysText());
        return *kept;
    }

    static inline std::optional<Device> device;

private:
    static inline std::array<std::optional<Program>, 2> programs;
};

struct PrecisionNames {
    template <typename T>
    static std::string GetName(int) {
        constexpr const char* names[] = {"Single", "Mixed", "Double"};
        return names[static_cast<int>(T::precision)];
    }
};

using Precisions = testing::Types<Single, Mixed, Double>;
/// Of kernels that see the network's arithmetic alone, where mixed is single.
using ModelPrecisions = testing::Types<Single, Double>;

}  // namespace opencl
