// The network for training, with fused sums over neighbours.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "model/Graph.h"

namespace molspectra {

/// Final features of atoms: x [N,F], v [N,3,F].
struct Features {
    at::Tensor x, v;
};

/// The method `features` of the network, differentiable twice. Where the network is in float32 on
/// the processor and has `distanceInfluence` both, the sums over neighbours are fused; else the
/// network's own script is run.
Features trainingFeatures(torch::jit::Module& network, const ModelConfig& config,
                          const Graph& graph);

/// Energies and forces as evaluate() with `trainable` gives them, through trainingFeatures.
EnergyForces trainingEnergyForces(torch::jit::Module& network, const ModelConfig& config,
                                  const Graph& graph);

}  // namespace molspectra
