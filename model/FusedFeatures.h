// The network's features for training by first derivatives, with fused sums over neighbours.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "model/Graph.h"

namespace molspectra {

/// Final features of atoms: x [N,F], v [N,3,F].
struct Features {
    at::Tensor x, v;
};

/// The method `features` of the network, differentiable by the weights. Where the network is in
/// float32 on the processor, has `distanceInfluence` both, and gradients by positions are not
/// wanted, the sums over neighbours are fused; else the network's own script is run.
Features trainingFeatures(torch::jit::Module& network, const ModelConfig& config,
                          const Graph& graph);

}  // namespace molspectra
