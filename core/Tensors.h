// The weights of a network by name, without LibTorch: what native kernels are made from.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace molspectra {

/// Values in row-major order; float32 weights are held exactly.
struct Tensor {
    std::vector<int64_t> shape;
    std::vector<double> values;
};

/// Every parameter and buffer of a network, named and shaped as model/README.md lists them.
using Tensors = std::map<std::string, Tensor>;

using TensorShapes = std::map<std::string, std::vector<int64_t>>;

/// The tensors that a network of this configuration has, no more and no less.
TensorShapes tensorShapes(const ModelConfig& config);

/// How tensors differ from what a configuration asks for, in words: the first that is missing, of
/// another shape, or unknown. Empty if they are the network's.
std::string differenceFrom(const ModelConfig& config, const Tensors& tensors);

}  // namespace molspectra
