// The options that say where a command computes, and the line that tells it.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/commands/CommandLine.h"
#include "trainer/training/Device.h"

namespace molspectra {

/// --device, --tf32, --deterministic and --threads.
boost::program_options::options_description deviceOptions();

/// Makes LibTorch compute as these options say; must come before any other use of it.
/// @param own  number of the graphics card that "cuda" and "auto" mean
/// @throws UsageError, and Error if the device asked for cannot be used
ChosenDevice useDevice(const CommandLine& line, int64_t own = 0);

/// Prints one line to standard error: which device it is, and how or why.
void tellDevice(const CommandLine& line, const ChosenDevice& chosen);

}  // namespace molspectra
