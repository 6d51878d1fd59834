// Pairs are searched at every evaluation: the search is cheap beside LibTorch's work.
// SPDX-License-Identifier: MIT
#include "platforms/reference/src/TorchEvaluator.h"

#include <algorithm>

namespace MolSpectraPlugin {

double TorchEvaluator::evaluate(std::span<const int> atomicNumbers,
                                std::span<const double> positions,
                                const std::optional<molspectra::Cell>& cell,
                                std::span<double> forces) {
    const double cutoff = model->description().config.cutoff;
    const auto pairs = molspectra::findPairs(positions, cutoff, cell);
    atoms.checkDistances(positions, pairs);
    const auto result = model->evaluate(atomicNumbers, positions, pairs, !forces.empty());
    std::ranges::copy(result.forces, forces.begin());
    return result.energy;
}

std::string TorchEvaluator::describe() const {
    return "torchscript: " + why;
}

}  // namespace MolSpectraPlugin
