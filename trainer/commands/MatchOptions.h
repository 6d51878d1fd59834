// Options of `molspectra match`, and what its two forms and `reconstruct` share.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/commands/CommandLine.h"
#include "trainer/training/Matching.h"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace molspectra {

CommandLine matchCommandLine();

/// Whether --held-back was given. @throws UsageError for options that do not belong together
bool asksForHeldBack(const CommandLine& line);

/// How often spectra find their own molecule among those of shards.
/// @return the exit code
int matchHeldBack(const CommandLine& line, AlignedNetworks& networks);

/// How the command line wants intensities and axes of spectra to be used.
struct CurveUse {
    bool absolute = false;  ///< intensities as they are; else their mean becomes that of training
    std::array<std::optional<AxisRange>, 3> ranges;  ///< by SpectrumKind; none is all
};

/// @param kinds  that are compared
/// @throws UsageError for a range that is none, or of another kind
CurveUse curveUse(const CommandLine& line, const std::vector<std::string>& kinds);

/// Why a network can say nothing of a molecule (an element that it never saw), or "".
std::string whyUnknown(const Molecule& molecule, const AlignedNetworks& networks);

/// {"start", "step", "points"}
nlohmann::json gridJson(const SpectrumConfig& config);

/// Intensities with six decimals, more than single precision means.
nlohmann::json valuesJson(std::span<const float> values);

/// The molecules of shards at these places, ascending; places run through all files.
std::vector<Draw> moleculesAt(const std::vector<std::string>& shards,
                              std::span<const int64_t> places);

}  // namespace molspectra
