// What a training run learns: the loss of each step, and how good the weights are.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace molspectra {

/// Errors on held-back data, by name ("forces_mae"), in the unit the user reads.
using Figures = std::map<std::string, double>;

struct Losses {
    at::Tensor total;               ///< [], to be differentiated
    std::vector<at::Tensor> terms;  ///< [] each, in the order of Task::termNames
};

struct Validation {
    double loss = 0.0;  ///< the smaller the better
    Figures figures;
};

/// The loop (Trainer) owns steps, weights and files; a task owns data and objective. The loss of a
/// step depends on the weights, the task's buffers and the step's number alone.
class Task {
public:
    virtual ~Task() = default;

    /// What is trained; shared tensors.
    virtual std::vector<at::Tensor> parameters() const = 0;
    /// The part of the learning rate that each parameter gets.
    virtual std::vector<double> rates() const {
        return std::vector<double>(parameters().size(), 1.0);
    }
    /// What else a checkpoint must hold, such as running statistics; shared tensors.
    virtual std::vector<at::Tensor> buffers() const { return {}; }

    virtual std::vector<std::string> termNames() const = 0;
    virtual Losses losses(int64_t step) = 0;
    virtual Validation validate() = 0;
    /// Whether the model files get the weights of the best validation, or of the last one.
    virtual bool exportsBest() const { return true; }

    virtual int64_t stepsPerEpoch() const = 0;
    /// Molecules of a step, those of all processes.
    virtual int64_t samplesPerStep() const = 0;

    /// Everything that must be equal for a checkpoint to belong to this run.
    virtual nlohmann::json fingerprint() const = 0;
    /// What is needed to make the task again before its checkpoint is read.
    virtual nlohmann::json description() const = 0;
    /// Writes the model files of the present weights.
    /// @param training  steps, errors and time, for the provenance
    virtual void write(const std::string& folder, const nlohmann::json& training) = 0;
};

}  // namespace molspectra
