// Options of `molspectra finetune`, and the structs they fill.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/commands/CommandLine.h"
#include "trainer/data/Split.h"
#include "trainer/training/TrainingOptions.h"

namespace molspectra {

/// The command line with all groups and examples.
CommandLine finetuneCommandLine();

/// Text of a preset. @throws UsageError naming the known ones
std::string finetunePreset(const boost::program_options::variables_map& values);

/// @throws UsageError
FinetuneOptions finetuneOptions(const CommandLine& line);
SplitCounts splitCounts(const CommandLine& line);

}  // namespace molspectra
