// The learning rate of each step: linear warm-up, then plateau, cosine or constant.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/TrainingOptions.h"

#include <nlohmann/json_fwd.hpp>

namespace molspectra {

class Schedule {
public:
    Schedule(const ScheduleOptions& options, int64_t steps) : options_(options), steps_(steps) {}

    /// Rate of step number `step`, the first being 0.
    double learningRate(int64_t step) const;

    /// Tells the schedule of a validation; "plateau" lowers the rate after `plateauPatience`
    /// validations in a row without a new lowest loss.
    void validated(double loss);

    /// State for checkpoints.
    nlohmann::json state() const;
    void restore(const nlohmann::json& state);

private:
    ScheduleOptions options_;
    int64_t steps_;
    double factor_ = 1.0;
    double best_ = -1.0;
    int64_t waited_ = 0;
};

}  // namespace molspectra
