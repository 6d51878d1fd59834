// Reading the data that a command line names, telling and judging their units.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/commands/CommandLine.h"
#include "trainer/data/Dataset.h"

#include <nlohmann/json.hpp>

namespace molspectra {

/// What --embed does, for commands that read molecules.
inline constexpr const char* embedHelp =
    "make geometries (ETKDG, then MMFF) of SDF records that are drawings or lack hydrogens, as of "
    "SMILES; without it they count as failed";

/// Value of an option, or "" if it was not given.
std::string optionalText(const CommandLine& line, const std::string& name);

/// Path of an option that names a file to write, or "", so that a wrong place is told before the
/// work is done. @throws Error if the file cannot be made there
std::string outputFile(const CommandLine& line, const std::string& name);

/// Adds --data, --energy-unit, --length-unit and --force-unit.
void addDataOptions(boost::program_options::options_description& group);

/// Reads the files of --data; prints each one's frames and units to standard error, and warnings
/// of what looks wrong. @throws UsageError without --data
Dataset readData(const CommandLine& line);

/// Files, checksums, formats and units, for the record.
nlohmann::json sourcesJson(const Dataset& data);

}  // namespace molspectra
