// AdamW over a network's parameters, gradient clipping and the average of weights.
// SPDX-License-Identifier: MIT
#include "trainer/training/Optimizer.h"

#include "core/Error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace molspectra {

Optimizer::Optimizer(std::vector<at::Tensor> parameters, const std::vector<double>& rates,
                     const TrainingOptions& options)
    : parameters_(std::move(parameters)), weightDecay_(options.weightDecay),
      averageDecay_(options.averageDecay), gradientClip_(options.gradientClip) {
    for (const at::Tensor& parameter : parameters_) {
        firstMoments_.push_back(at::zeros_like(parameter).detach());
        secondMoments_.push_back(at::zeros_like(parameter).detach());
        steps_.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
        average_.push_back(averageDecay_ > 0.0 ? parameter.detach().clone() : parameter.detach());
    }
    for (size_t n = 0; n < parameters_.size(); n++) {
        Group& group = groups_[rates.at(n)];
        group.places.push_back(n);
        group.parameters.push_back(parameters_[n]);
        group.firstMoments.push_back(firstMoments_[n]);
        group.secondMoments.push_back(secondMoments_[n]);
        group.steps.push_back(steps_[n]);
    }
}

void Optimizer::clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm) const {
    // Only on the processor does it cost nothing to ask whether there is something to clip.
    if (norm.is_cpu() && norm.item<double>() <= gradientClip_)
        return;
    const at::Tensor exact = norm.to(at::kDouble);
    const at::Tensor factor = (at::full_like(exact, gradientClip_) / exact).clamp_max(1.0);
    at::_foreach_mul_(gradients, factor.to(norm.scalar_type()));
}

at::Tensor Optimizer::step(const std::vector<at::Tensor>& gradients, double learningRate) {
    const at::NoGradGuard noGradients;
    const at::Tensor norm = at::stack(at::_foreach_norm(gradients)).norm();
    if (gradientClip_ > 0.0)
        clip(gradients, norm);
    at::_foreach_add_(steps_, 1);
    for (auto& [rate, group] : groups_) {
        std::vector<at::Tensor> slopes;
        for (const size_t place : group.places)
            slopes.push_back(gradients[place]);
        at::_fused_adamw_(group.parameters, slopes, group.firstMoments, group.secondMoments, {},
                          group.steps, rate * learningRate, 0.9, 0.999, weightDecay_, 1e-8, false,
                          false);
    }
    count_++;
    if (averageDecay_ > 0.0) {
        // A young average follows the weights more closely.
        const double decay = std::min(averageDecay_, (1.0 + static_cast<double>(count_)) /
                                                         (10.0 + static_cast<double>(count_)));
        at::_foreach_lerp_(average_, parameters_, 1.0 - decay);
    }
    return norm;
}

std::vector<at::Tensor> Optimizer::state() const {
    std::vector<at::Tensor> all;
    for (const auto* list : {&parameters_, &firstMoments_, &secondMoments_, &average_})
        all.insert(all.end(), list->begin(), list->end());
    all.push_back(at::full({}, count_, at::kLong));
    return all;
}

void Optimizer::restore(const std::vector<at::Tensor>& state) {
    const at::NoGradGuard noGradients;
    const std::vector<at::Tensor> own = this->state();
    if (own.size() != state.size())
        fail("restoring the optimizer: found ", state.size(), " tensors, expected ", own.size());
    for (size_t n = 0; n + 1 < own.size(); n++) {
        if (own[n].sizes() != state[n].sizes())
            fail("restoring the optimizer: tensor ", n, " has another shape than this network's");
        at::Tensor(own[n]).copy_(state[n]);
    }
    count_ = state.back().item<int64_t>();
    for (at::Tensor& step : steps_)
        step.fill_(count_);
}

}  // namespace molspectra
