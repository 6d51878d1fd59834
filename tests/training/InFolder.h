// Tests that write files: each has an empty folder of its own, and one thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace molspectra {

class InFolder : public testing::Test {
protected:
    void SetUp() override {
        at::set_num_threads(1);
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder = testing::TempDir() + "/" + test->test_suite_name() + "_" + test->name();
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }

    std::string folder;
};

}  // namespace molspectra
