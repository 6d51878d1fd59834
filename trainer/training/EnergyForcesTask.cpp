// The fine-tuning task: a network on labelled energies and forces.
// SPDX-License-Identifier: MIT
#include "trainer/training/EnergyForcesTask.h"

#include "core/Error.h"
#include "core/Units.h"
#include "model/FusedFeatures.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/objectives/Denoising.h"
#include "trainer/training/Evaluation.h"
#include "trainer/training/Trainer.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace molspectra {
namespace {

constexpr uint64_t orderPurpose = 1, noisePurpose = 2;

/// Steps must not depend on the unit of the data: limits of gradients, the smallest moment of the
/// optimizer and the denoising term have none that would follow it.
constexpr const char* lossUnit = "kcal/mol";

}  // namespace

EnergyForcesTask::EnergyForcesTask(torch::jit::Module network, ModelDescription description,
                                   std::vector<Sample> train, std::vector<Sample> validation,
                                   const FinetuneOptions& options)
    : network_(std::move(network)), description_(std::move(description)),
      train_(std::move(train)), validation_(std::move(validation)), options_(options),
      toLossUnit_(energyFactor(description_.energyUnit, lossUnit)),
      type_((*network_.parameters().begin()).scalar_type()),
      device_((*network_.parameters().begin()).device()) {
    if (train_.empty() || validation_.empty())
        fail("training: found ", train_.size(), " training and ", validation_.size(),
             " validation frames, expected at least one of each");
    if (options_.denoisingWeight > 0.0 && !description_.config.noiseHead)
        fail("training with denoising: the model has no noise head; start from nothing with ",
             "--noise-head, or leave --denoising-weight at 0");
}

std::vector<at::Tensor> EnergyForcesTask::parameters() const {
    return weightsOf(network_);
}

std::vector<double> EnergyForcesTask::rates() const {
    std::vector<double> all;
    for (const auto& item : network_.named_parameters())
        all.push_back(item.name.starts_with("energy.") ? 1.0 : options_.encoderRate);
    return all;
}

std::vector<at::Tensor> EnergyForcesTask::buffers() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& buffer : network_.buffers())
        all.push_back(buffer);
    return all;
}

int64_t EnergyForcesTask::samplesPerStep() const {
    return std::min(options_.batch, static_cast<int64_t>(train_.size()));
}

int64_t EnergyForcesTask::stepsPerEpoch() const {
    return (static_cast<int64_t>(train_.size()) + options_.batch - 1) / options_.batch;
}

std::span<const int64_t> EnergyForcesTask::batchNumbers(int64_t step) {
    const int64_t epoch = step / stepsPerEpoch();
    const auto count = static_cast<int64_t>(train_.size());
    if (epoch != shuffledEpoch_) {
        order_ = randomFor(options_.seed, orderPurpose, static_cast<uint64_t>(epoch))
                     .permutation(count);
        shuffledEpoch_ = epoch;
    }
    const int64_t start = (step % stepsPerEpoch()) * options_.batch;
    return std::span(order_).subspan(static_cast<size_t>(start),
                                     static_cast<size_t>(std::min(options_.batch, count - start)));
}

Losses EnergyForcesTask::losses(int64_t step) {
    const Batch batch = makeBatch(train_, batchNumbers(step), type_, device_);
    const EnergyForces predicted = trainingEnergyForces(network_, description_.config, batch.graph);
    const EnergyForcesLoss loss = energyForcesLoss(
        {toLossUnit_ * predicted.energy, toLossUnit_ * predicted.forces},
        toLossUnit_ * batch.energy, toLossUnit_ * batch.forces, options_.objective);
    at::Tensor total = loss.total;
    if (options_.denoisingWeight > 0.0) {
        Random random = randomFor(options_.seed, noisePurpose, static_cast<uint64_t>(step));
        total = total + options_.denoisingWeight *
                            denoisingLoss(network_, batch.graph, options_.denoisingSigma, random);
    }
    return {total, {loss.energy, loss.forces}};
}

Validation EnergyForcesTask::validate() {
    const Errors errors = errorsOf(predict(network_, validation_));
    const EnergyForcesOptions& weights = options_.objective;
    const double loss = weights.energyWeight * errors.energy.rmse * errors.energy.rmse +
                        weights.forcesWeight * errors.forces.rmse * errors.forces.rmse;
    return {toLossUnit_ * toLossUnit_ * loss,
            {{"energy_mae", options_.reportFactor * errors.energy.mae},
             {"forces_mae", options_.reportFactor * errors.forces.mae}}};
}

nlohmann::json EnergyForcesTask::fingerprint() const {
    double labels = 0.0;
    for (const Sample& sample : train_)
        labels += sample.energy * sample.energy + sample.forces.front();
    return {{"config", toJson(description_.config)},
            {"train", train_.size()},
            {"validation", validation_.size()},
            {"labels", labels},
            {"weights", {options_.objective.energyWeight, options_.objective.forcesWeight}}};
}

nlohmann::json EnergyForcesTask::description() const {
    return {{"model", toText(description_)},
            {"energyScale", network_.attr("energy_scale").toTensor().item<double>()}};
}

void EnergyForcesTask::write(const std::string& folder, const nlohmann::json& training) {
    description_.provenance["training"] = training;
    saveModel(RunFiles{folder}.model(), network_, description_);
}

}  // namespace molspectra
