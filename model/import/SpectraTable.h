// The SpecFormer of MolSpectra's checkpoints: its configuration, and what its tensors become.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/SpectraConfig.h"
#include "model/import/ForeignCheckpoint.h"
#include "model/import/WeightTable.h"

namespace molspectra {

/// What the names of a SpecFormer's tensors begin with, as canonicalName gives them.
extern const char* const specFormerPrefix;

/// The published form, its patches from the hyper-parameters and its widths from the tensors'
/// shapes. No tensor says the number of heads: see specFormerHeads.
/// @param outputs  F of the network
/// @throws Error naming the hyper-parameter, its value and what a SpecFormer of ours can be
SpectraConfig specFormerConfig(const nlohmann::json& parameters,
                               const ForeignCheckpoint& checkpoint, int64_t outputs);

/// Everything a SpecFormer of this configuration is made of, but the number of its heads.
std::vector<WeightSource> specFormerTable(const SpectraConfig& config);

/// The number of heads for which the layers' factor of the scores is (C/H)^-1/2.
/// @param checkpoint  has the tensors of specFormerTable
/// @throws Error naming the factor that fits no number of heads
int64_t specFormerHeads(const SpectraConfig& config, const ForeignCheckpoint& checkpoint);

}  // namespace molspectra
