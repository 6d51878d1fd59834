// The fine-tuning task: a network on labelled energies and forces.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "core/Random.h"
#include "trainer/training/Batch.h"
#include "trainer/training/Task.h"
#include "trainer/training/TrainingOptions.h"

#include <torch/csrc/jit/api/module.h>

namespace molspectra {

class EnergyForcesTask : public Task {
public:
    /// @param description  of the model to be written; its offset is already taken off the samples
    /// @throws Error without training or validation samples, or for denoising without a noise head
    EnergyForcesTask(torch::jit::Module network, ModelDescription description,
                     std::vector<Sample> train, std::vector<Sample> validation,
                     const FinetuneOptions& options);

    std::vector<at::Tensor> parameters() const override;
    std::vector<double> rates() const override;
    /// An imported model's are not those of a new network of its configuration.
    std::vector<at::Tensor> buffers() const override;
    std::vector<std::string> termNames() const override { return {"energy", "forces"}; }
    Losses losses(int64_t step) override;
    Validation validate() override;
    int64_t stepsPerEpoch() const override;
    int64_t samplesPerStep() const override;
    nlohmann::json fingerprint() const override;
    nlohmann::json description() const override;
    void write(const std::string& folder, const nlohmann::json& training) override;

private:
    std::span<const int64_t> batchNumbers(int64_t step);

    torch::jit::Module network_;
    ModelDescription description_;
    std::vector<Sample> train_, validation_;
    FinetuneOptions options_;
    double toLossUnit_;  ///< of the model's unit of energy
    at::ScalarType type_;
    c10::Device device_;
    int64_t shuffledEpoch_ = -1;
    std::vector<int64_t> order_;
};

}  // namespace molspectra
