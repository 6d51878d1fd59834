// The SpecFormer: a transformer over patches of spectra, aligned with the network's features.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/SpectraConfig.h"

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <vector>

namespace molspectra {

/// Spectra of B molecules, normalised; lists run over the kinds of the configuration.
struct SpectraInput {
    std::vector<at::Tensor> curves;  ///< what the transformer may see [B,points]
    std::vector<at::Tensor> masked;  ///< patches that it may not [B,T], bool
    at::Tensor present;              ///< [B,kinds], bool; undefined if all are there

    SpectraInput on(c10::Device device) const;
};

struct SpectraOutput {
    at::Tensor features;              ///< [B,F]
    std::vector<at::Tensor> patches;  ///< reconstructions [B,T,P], a kind each
};

/// Assembles a SpecFormer from model/script. `log_scale` is the logarithm of 1/temperature of the
/// contrastive objective, the only weight that its forward does not use.
/// @throws Error if the configuration is invalid
torch::jit::Module makeSpecFormer(const SpectraConfig& config, uint64_t seed,
                                  c10::ScalarType type = c10::ScalarType::Float);

/// @param training  batch norms, where there are any, take the batch's statistics
SpectraOutput evaluate(torch::jit::Module& specFormer, const SpectraInput& input, bool training);

/// Patches [B,T,P] of curves [B,points].
at::Tensor patchesOf(const at::Tensor& curves, const SpectrumConfig& spectrum);

}  // namespace molspectra
