// The learning rate of each step: linear warm-up, then plateau, cosine or constant.
// SPDX-License-Identifier: MIT
#include "trainer/training/Schedule.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace molspectra {

double Schedule::learningRate(int64_t step) const {
    const double peak = options_.learningRate, minimum = std::min(options_.minimum, peak);
    if (step < options_.warmup)
        return peak * static_cast<double>(step + 1) / static_cast<double>(options_.warmup);
    if (options_.kind == "cosine") {
        const auto span = static_cast<double>(std::max<int64_t>(steps_ - options_.warmup, 1));
        const double done = std::min(static_cast<double>(step - options_.warmup) / span, 1.0);
        return minimum + 0.5 * (peak - minimum) * (1.0 + std::cos(std::numbers::pi * done));
    }
    // A run may go on with another schedule than the one whose factor its checkpoint has.
    return options_.kind == "plateau" ? std::max(peak * factor_, minimum) : peak;
}

void Schedule::validated(double loss) {
    if (best_ < 0.0 || loss < best_) {
        best_ = loss;
        waited_ = 0;
    } else if (++waited_ > options_.plateauPatience && options_.kind == "plateau") {
        factor_ *= options_.plateauFactor;
        waited_ = 0;
    }
}

nlohmann::json Schedule::state() const {
    return {{"factor", factor_}, {"best", best_}, {"waited", waited_}};
}

void Schedule::restore(const nlohmann::json& state) {
    factor_ = state.at("factor");
    best_ = state.at("best");
    waited_ = state.at("waited");
}

}  // namespace molspectra
