// Options of `molspectra pretrain`, and the structs they fill.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/SpectraConfig.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/data/MoleculeStream.h"
#include "trainer/training/PretrainTask.h"

namespace molspectra {

CommandLine pretrainCommandLine();

/// Text of a preset. @throws UsageError naming the known ones
std::string pretrainPreset(const boost::program_options::variables_map& values);

/// @throws UsageError
PretrainOptions pretrainOptions(const CommandLine& line);
LineWidths lineWidths(const CommandLine& line);

/// A new SpecFormer for a network of F channels, its scales still 1. @throws UsageError, Error
SpectraConfig spectraConfig(const CommandLine& line, int64_t channels);

/// Options that describe a SpecFormer: of no use with --spectra-model.
std::vector<std::string> specFormerOptions();

}  // namespace molspectra
