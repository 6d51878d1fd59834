// The progress line of a training run, on standard error.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/Trainer.h"

#include <chrono>
#include <functional>
#include <string>

namespace molspectra {

/// One line rewritten where standard error is a terminal; elsewhere a line every ten seconds.
class Progress {
public:
    /// @param figures  what the line tells of the last validation
    explicit Progress(std::function<std::string(const TrainingReport&)> figures);
    void show(const TrainingReport& report);
    void finish();

private:
    std::function<std::string(const TrainingReport&)> figures_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_;
};

/// With four decimals, and more where that would leave less than four digits: errors in hartree are
/// small.
std::string errorText(double error);

/// "1 h 32 min", "4 min 10 s", "12 s"
std::string durationText(double seconds);

}  // namespace molspectra
