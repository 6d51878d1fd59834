// The fine-tuning objective: deviations of energies and forces from their labels.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/Graph.h"

#include <string>

namespace molspectra {

struct EnergyForcesOptions {
    double energyWeight = 0.2;
    double forcesWeight = 0.8;
    double energyGradientScale = 0.05;  ///< scales the gradient of the energy term, not its value
    std::string loss = "squared";  ///< "squared", "l2" (length of each atom's error) or "smooth-l1"
};

struct EnergyForcesLoss {
    at::Tensor total;   ///< [], to be differentiated
    at::Tensor energy;  ///< [], mean over molecules
    at::Tensor forces;  ///< [], mean over components (squared, smooth-l1) or atoms (l2)
};

/// Weighted sum of the two deviations, in kcal/mol and angstrom as it is trained with. Forces must
/// have been made with `trainable`.
EnergyForcesLoss energyForcesLoss(const EnergyForces& predicted, const at::Tensor& energyLabels,
                                  const at::Tensor& forceLabels,
                                  const EnergyForcesOptions& options);

}  // namespace molspectra
