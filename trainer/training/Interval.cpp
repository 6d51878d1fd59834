// The steps since the last validation: what their losses came to, and how long they took.
// SPDX-License-Identifier: MIT
#include "trainer/training/Interval.h"

#include <algorithm>

namespace molspectra {

void Stopwatch::start(double before) {
    before_ = before;
    began_ = Clock::now();
}

double Stopwatch::seconds() const {
    return before_ + std::chrono::duration<double>(Clock::now() - began_).count();
}

void Interval::begin(size_t numbers) {
    sums_.assign(numbers, 0.0);
    steps_ = 0;
    clock_.start();
}

void Interval::add(int64_t steps, const std::vector<double>& sums, double gradientNorm) {
    for (size_t n = 0; n < sums_.size(); n++)
        sums_[n] += sums.at(n);
    steps_ += steps;
    gradientNorm_ = gradientNorm;
}

double Interval::secondsPerStep() const {
    constexpr double shortest = 1e-9;
    return std::max(clock_.seconds(), shortest) / static_cast<double>(steps_);
}

nlohmann::json Interval::state() const {
    return {{"sums", sums_}, {"steps", steps_}, {"seconds", clock_.seconds()}};
}

void Interval::restore(const nlohmann::json& state) {
    sums_ = state.at("sums").get<std::vector<double>>();
    steps_ = state.at("steps");
    clock_.start(state.at("seconds"));
}

}  // namespace molspectra
