// AdamW over a network's parameters, gradient clipping and the average of weights.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/TrainingOptions.h"

#include <ATen/core/Tensor.h>

#include <map>
#include <vector>

namespace molspectra {

/// Decoupled weight decay Adam (Loshchilov and Hutter 2019) by LibTorch's fused kernel, betas 0.9
/// and 0.999, epsilon 1e-8. Its whole state is a list of tensors.
class Optimizer {
public:
    /// @param rates  the part of the learning rate that each parameter gets
    Optimizer(std::vector<at::Tensor> parameters, const std::vector<double>& rates,
              const TrainingOptions& options);

    /// One step along `gradients`, which are clipped in place first if that was asked for.
    /// @return the norm of the gradient before clipping [], on the parameters' device
    at::Tensor step(const std::vector<at::Tensor>& gradients, double learningRate);

    /// The averaged weights, or the weights themselves without averaging; one a parameter.
    const std::vector<at::Tensor>& average() const { return average_; }
    const std::vector<at::Tensor>& parameters() const { return parameters_; }

    /// Everything a checkpoint must hold: weights, moments, average, step count. Shared tensors.
    std::vector<at::Tensor> state() const;
    /// @param state  on any device
    void restore(const std::vector<at::Tensor>& state);

private:
    /// Parameters with the same part of the learning rate; shared tensors.
    struct Group {
        std::vector<size_t> places;
        std::vector<at::Tensor> parameters, firstMoments, secondMoments, steps;
    };

    void clip(const std::vector<at::Tensor>& gradients, const at::Tensor& norm) const;

    std::vector<at::Tensor> parameters_, firstMoments_, secondMoments_, steps_, average_;
    std::map<double, Group> groups_;  ///< by that part
    double weightDecay_, averageDecay_, gradientClip_;
    int64_t count_ = 0;
};

}  // namespace molspectra
