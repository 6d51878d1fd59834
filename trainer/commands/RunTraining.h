// What training subcommands share around the loop: folders, signals, progress, timing.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/commands/CommandLine.h"
#include "trainer/training/Trainer.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>
#include <vector>

namespace molspectra {

/// Command line of the run to go on with: that run's options, overridden by those given now.
/// @throws Error if the run has no checkpoint
std::vector<std::string> resumedArguments(const std::vector<std::string>& arguments);

/// Before any work: what an earlier run left is never overwritten.
/// @throws Error if the folder holds a run, or nothing can be written there
void refuseUsedFolder(const RunFiles& files);

/// Made when all else is ready, so that a start that fails leaves nothing behind.
/// @throws Error with the system's reason
void makeRunFolder(const RunFiles& files);

/// Goes on with a run.
/// @param steps  of the whole run
/// @throws Error as Trainer::resume, or UsageError if the run is finished and options were given
///         that could have no effect on it
void resume(Trainer& trainer, const CommandLine& line, int64_t steps);

/// Runs until the end or until it is interrupted; shows progress.
/// @param command  "finetune", for the sentence that tells how to go on
/// @param figures  what the progress line tells of a report
/// @return the exit code
int trainUntilDone(Trainer& trainer, const nlohmann::json& header, const RunFiles& files,
                   const std::string& command,
                   const std::function<std::string(const TrainingReport&)>& figures,
                   bool firstProcess = true);

/// Times steps and prints them as JSON.
/// @param samples  molecules of a step
void printBenchmark(Trainer& trainer, int64_t count, int64_t samples, const std::string& device);

}  // namespace molspectra
