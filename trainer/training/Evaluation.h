// Predictions for labelled samples, and their errors.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/training/Batch.h"

#include <map>
#include <vector>

namespace molspectra {

/// Predictions beside labels, in the model's unit; energies without the offset.
struct Predictions {
    std::vector<double> energy, energyLabels;  ///< [T]
    std::vector<double> forces, forceLabels;   ///< all atoms of all frames [M,3]
    std::vector<int64_t> numbers;              ///< atomic numbers [M]
};

struct ErrorPair {
    double mae = 0.0;
    double rmse = 0.0;
};

struct Errors {
    ErrorPair energy;                   ///< per frame
    ErrorPair forces;                   ///< per force component
    std::map<int, ErrorPair> elements;  ///< of the force components of each element
};

/// Evaluates all samples on the network's device, in batches of at most 32 and of bounded memory.
Predictions predict(torch::jit::Module& network, const std::vector<Sample>& samples);

Errors errorsOf(const Predictions& predictions);

}  // namespace molspectra
