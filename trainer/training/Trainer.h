// The training loop: batches, objective, optimizer, validation, checkpoints, log.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/Processes.h"
#include "trainer/training/Task.h"
#include "trainer/training/TrainingOptions.h"

#include <nlohmann/json.hpp>

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
    bool best = false;
    Figures figures;                ///< of the last validation
    Figures bestFigures;            ///< of the weights that the model file gets
};

/// Files of a run, all inside one folder.
struct RunFiles {
    std::string folder;
    std::string model() const { return folder + "/model.pt"; }
    std::string spectra() const { return folder + "/spectra.pt"; }
    std::string checkpoint() const { return folder + "/checkpoint.pt"; }
    std::string metrics() const { return folder + "/metrics.jsonl"; }
    std::string split() const { return folder + "/split.npz"; }
    std::string config() const { return folder + "/config.ini"; }
};

/// Trains a task's weights, on the device where they are. Deterministic on the CPU: with the same
/// threads, a run that was stopped and resumed ends with the same bits as one that was not. On a
/// graphics card nothing is read back between two reports.
class Trainer {
public:
    /// @param processes  that train together; the first one writes the files
    Trainer(std::shared_ptr<Task> task, const TrainingOptions& options, RunFiles files,
            std::shared_ptr<Processes> processes = oneProcess());
    ~Trainer();

    /// Goes on from the checkpoint in the run's folder, which may be of another device.
    /// @throws Error if there is none or it is of another run
    void resume();

    /// Trains until options.steps, or until `stopped` says so (asked before every step). Both ways
    /// it leaves a checkpoint, and the weights to keep in the model files; on the way it does so
    /// every options.checkpointInterval steps.
    /// @param header  first line of metrics.jsonl
    /// @return whether all steps were done
    bool run(const nlohmann::json& header, const std::function<void(const TrainingReport&)>& report,
             const std::function<bool()>& stopped);

    /// Steps that were done, in this run and before.
    int64_t step() const;

    /// Times `count` steps after a few unmeasured ones; writes nothing. Milliseconds a step.
    std::vector<double> benchmark(int64_t count);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace molspectra
