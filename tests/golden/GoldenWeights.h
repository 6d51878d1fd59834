// Weights by rule: the C++ counterpart of weights.py, so that golden files hold none.
// SPDX-License-Identifier: MIT
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace molspectra {

/// Fills every parameter with the values that weights.py gives a tensor of its name, and sets
/// energy_scale to `energyScale`.
void setGoldenWeights(torch::jit::Module& network, double energyScale);

}  // namespace molspectra
