// Weights of an untrained network without LibTorch: speed does not depend on their values.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Tensors.h"

#include <cstdint>

namespace molspectra {

/// Every tensor of a network of this configuration: Xavier-uniform matrices, zero biases, normal
/// embeddings, norms at one, radial functions as equations (3) and (4) place them. The same seed
/// gives the same weights on every machine.
Tensors randomWeights(const ModelConfig& config, uint64_t seed);

}  // namespace molspectra
