// Tests that write files: each has an empty folder of its own, and one thread.
// SPDX-License-Identifier: MIT
#pragma once

#include "unit/Fixtures.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <string>

namespace molspectra {

class InFolder : public testing::Test {
protected:
    void SetUp() override {
        at::set_num_threads(1);
    }

    const test::TemporaryFolder own;
    const std::string folder = own.path();
};

}  // namespace molspectra
