// The network, defined once: TorchScript modules assembled from the sources in model/script.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"

#include <torch/csrc/jit/api/module.h>

#include <cstdint>

namespace molspectra {

/// Assembles a network of the given type with freshly drawn weights: Xavier-uniform matrices, zero
/// biases, normal embeddings, norms at one. The same seed gives the same weights on every machine.
///
/// Methods (shapes in model/README.md; atoms of several molecules may stand together):
///   forward(numbers [N], positions [N,3], pairs [2,P], shifts [P,3], molecule [N], molecules)
///       -> energies [molecules] in the model's unit, without the offset
///   features(numbers, positions, pairs, shifts) -> x [N,F], v [N,3,F]
///   encode(numbers, positions, pairs, shifts) -> x, v after the embedding and each layer
///   noise(numbers, positions, pairs, shifts) -> [N,3], if config.noiseHead
///
/// @throws Error if the configuration is invalid
torch::jit::Module makeNetwork(const ModelConfig& config, uint64_t seed,
                               c10::ScalarType type = c10::ScalarType::Float);

/// The network on a device, its weights trainable; the network itself if it is there already.
torch::jit::Module onDevice(const torch::jit::Module& network, c10::Device device);

/// A copy in host memory whose weights gather no gradients: what others load should only follow
/// positions, and on any machine.
torch::jit::Module frozenCopy(const torch::jit::Module& network);

/// The trainable weights, shared.
std::vector<at::Tensor> weightsOf(const torch::jit::Module& network);

/// Number of trainable weights.
int64_t weightCount(const torch::jit::Module& network);

/// Sets the factor of the energy head's output; model's energy unit.
void setEnergyScale(torch::jit::Module& network, double scale);

/// Copies all parameters and buffers from `source`, by name.
/// @param where  model file named in errors
/// @throws Error naming the first tensor that is missing, unknown, or of another shape
void copyWeights(torch::jit::Module& target, const torch::jit::Module& source,
                 const std::string& where);

/// Copies the tensors that both have, by name and shape: all but a head that one of them lacks.
/// @param except  beginning of the names that are left as they are
void copySharedWeights(torch::jit::Module& target, const torch::jit::Module& source,
                       const std::string& except = "(none)");

}  // namespace molspectra
