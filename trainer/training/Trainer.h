// The training loop: batches, objective, optimizer, validation, checkpoints, log.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "trainer/training/Batch.h"
#include "trainer/training/TrainingOptions.h"

#include <nlohmann/json.hpp>
#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace molspectra {

/// What the loop tells whoever runs it: at every validation, and twice a second between them.
struct TrainingReport {
    int64_t step = 0, steps = 0, epoch = 0;
    double seconds = 0.0;           ///< since this run began, earlier parts included
    double samplesPerSecond = 0.0;
    double secondsLeft = 0.0;
    double trainLoss = 0.0;
    bool validated = false;         ///< there was a validation at this step
    double energyMae = 0.0, forcesMae = 0.0;  ///< of the last validation, user's unit
    bool best = false;
    double bestForcesMae = 0.0;     ///< of the weights that model.pt gets, user's unit
};

/// Files of a run, all inside one folder.
struct RunFiles {
    std::string folder;
    std::string model() const { return folder + "/model.pt"; }
    std::string checkpoint() const { return folder + "/checkpoint.pt"; }
    std::string metrics() const { return folder + "/metrics.jsonl"; }
    std::string split() const { return folder + "/split.npz"; }
    std::string config() const { return folder + "/config.ini"; }
};

/// Trains a network on energies and forces, on the device where its weights are. Deterministic on
/// the CPU: with the same threads, a run that was stopped and resumed ends with the same bits as
/// one that was not. On a graphics card nothing is read back between two reports.
class Trainer {
public:
    /// @param description  of the model to be written; its offset is already taken off the samples
    Trainer(torch::jit::Module network, ModelDescription description, std::vector<Sample> train,
            std::vector<Sample> validation, const TrainingOptions& options, RunFiles files);
    ~Trainer();

    /// Goes on from the checkpoint in the run's folder, which may be of another device.
    /// @throws Error if there is none or it is of another run
    void resume();

    /// Trains until options.steps, or until `stopped` says so (asked after every step). Both ways
    /// it leaves a checkpoint, and the best weights in model.pt; on the way it does so every
    /// options.checkpointInterval steps.
    /// @param header  first line of metrics.jsonl
    /// @return whether all steps were done
    bool run(const nlohmann::json& header, const std::function<void(const TrainingReport&)>& report,
             const std::function<bool()>& stopped);

    /// Times `count` steps after a few unmeasured ones; writes nothing. Milliseconds a step.
    std::vector<double> benchmark(int64_t count);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace molspectra
