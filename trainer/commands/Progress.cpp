// The progress line of a training run, on standard error.
// SPDX-License-Identifier: MIT
#include "trainer/commands/Progress.h"

#include "core/Text.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace molspectra {

using Clock = std::chrono::steady_clock;

std::string errorText(double error) {
    constexpr int digits = 4, most = 12;
    const int leading = error > 0.0 ? static_cast<int>(std::floor(std::log10(error))) : 0;
    return toFixed(error, std::clamp(digits - 1 - leading, digits, most));
}

std::string durationText(double seconds) {
    const auto whole = static_cast<int64_t>(seconds + 0.5);
    if (whole >= 3600)
        return cat(whole / 3600, " h ", whole % 3600 / 60, " min");
    if (whole >= 60)
        return cat(whole / 60, " min ", whole % 60, " s");
    return cat(whole, " s");
}

Progress::Progress(std::function<std::string(const TrainingReport&)> figures)
    : figures_(std::move(figures)), terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(const TrainingReport& report) {
    const bool first = !shown_, last = report.step == report.steps;
    const auto pause = std::chrono::milliseconds(terminal_ ? 200 : 10000);
    if (!first && !last && Clock::now() - last_ < pause)
        return;
    last_ = Clock::now();
    shown_ = true;
    const double percent = 100.0 * static_cast<double>(report.step) /
                           static_cast<double>(std::max<int64_t>(report.steps, 1));
    const std::string line =
        cat("step ", report.step, "/", report.steps, " (", toFixed(percent, 1), " %), ",
            toFixed(report.samplesPerSecond, 0), " samples/s, ", figures_(report), ", left ",
            report.step == 0 ? "?" : durationText(report.secondsLeft));
    std::cerr << (terminal_ ? "\r\033[K" : "") << line << (terminal_ ? "" : "\n") << std::flush;
}

void Progress::finish() {
    if (terminal_ && shown_)
        std::cerr << "\n";
}

}  // namespace molspectra
