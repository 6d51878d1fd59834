// The denoising objective: the noise head predicts the noise that was put on the positions.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/Graph.h"
#include "core/Random.h"

namespace molspectra {

/// Mean squared error of the predicted noise, in units of `sigma`, on a noisy copy of the graph;
/// the graph itself stays clean. The mean displacement of each molecule is taken out of the noise,
/// since no network that is invariant under translation can know it.
///
/// @param sigma  standard deviation of the noise, angstrom
/// The pairs are those of the clean positions.
at::Tensor denoisingLoss(torch::jit::Module& network, const Graph& graph, double sigma,
                         Random& random);

}  // namespace molspectra
