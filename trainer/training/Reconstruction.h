// Hidden patches of a molecule's spectra, filled in.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/Matching.h"

#include <vector>

namespace molspectra {

struct FilledPatch {
    int64_t first = 0;          ///< of its points on the grid
    std::vector<float> values;  ///< normalised [P]
};

struct FilledSpectrum {
    SpectrumConfig config;
    std::vector<float> values;         ///< normalised, nothing hidden [points]
    std::vector<FilledPatch> patches;  ///< those that were hidden, ascending
};

/// Hides patches as training does and has the SpecFormer fill them in, kind by kind.
/// @param maskRatio  hidden part of the patches of each spectrum
/// @throws Error if the molecule has no spectrum of a kind that the SpecFormer knows
std::vector<FilledSpectrum> fillMasked(AlignedNetworks& networks, const Draw& molecule,
                                       double maskRatio, uint64_t seed);

}  // namespace molspectra
