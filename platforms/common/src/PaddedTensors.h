// Tensors over the memory of ModelArrays. For sources that include LibTorch.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelArrays.h"

#include <ATen/core/Tensor.h>

#include <functional>

namespace MolSpectraPlugin {

struct PaddedTensors {
    at::Tensor numbers;    ///< [N+1] int64
    at::Tensor molecule;   ///< [N+1] int64
    at::Tensor positions;  ///< [N+1,3]
    at::Tensor pairs;      ///< [2,C] int64
    at::Tensor shifts;     ///< [C,3]
    at::Tensor forces;     ///< [N,3]
    at::Tensor energy;     ///< [1]

    /// @param addressOf  memory of an array, on the device or a copy of it on the host
    PaddedTensors(ModelArrays& arrays, c10::Device device,
                  const std::function<void*(OpenMM::ComputeArray&)>& addressOf);
};

}  // namespace MolSpectraPlugin
