// The steps since the last validation: what their losses came to, and how long they took.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace molspectra {

/// Seconds since it was made or started, and those of earlier parts of an interrupted run.
class Stopwatch {
public:
    /// @param before  seconds of the earlier parts
    void start(double before = 0.0);
    /// Leaves out what has passed since it was started.
    void goOn() { start(before_); }
    double seconds() const;

private:
    using Clock = std::chrono::steady_clock;

    double before_ = 0.0;
    Clock::time_point began_ = Clock::now();
};

class Interval {
public:
    /// Empties it and starts its clock.
    /// @param numbers  that steps add: the loss and its terms
    void begin(size_t numbers);

    /// Leaves out the time that has passed since it was begun or restored.
    void goOn() { clock_.goOn(); }

    /// @param sums  over so many steps; of the loss, then of its terms
    /// @param gradientNorm  of the last of them
    void add(int64_t steps, const std::vector<double>& sums, double gradientNorm);

    int64_t steps() const { return steps_; }
    double gradientNorm() const { return gradientNorm_; }

    /// Mean over the steps of the loss, n = 0, or of a term; only if there were steps.
    double mean(size_t n) const { return sums_.at(n) / static_cast<double>(steps_); }

    /// The same of the time.
    double secondsPerStep() const;

    /// For checkpoints.
    nlohmann::json state() const;
    void restore(const nlohmann::json& state);

private:
    std::vector<double> sums_;
    double gradientNorm_ = 0.0;
    int64_t steps_ = 0;
    Stopwatch clock_;
};

}  // namespace molspectra
