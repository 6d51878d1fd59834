// Options of `molspectra finetune`, and the structs they fill.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/data/Split.h"
#include "trainer/training/TrainingOptions.h"

namespace molspectra {

/// The command line with all groups and examples.
CommandLine finetuneCommandLine();

/// Text of a preset. @throws UsageError naming the known ones
std::string finetunePreset(const boost::program_options::variables_map& values);

TrainingOptions trainingOptions(const CommandLine& line);
ModelConfig networkConfig(const CommandLine& line);
SplitCounts splitCounts(const CommandLine& line);

/// Options that describe a network: of no use with --model.
std::vector<std::string> networkOptions();

}  // namespace molspectra
