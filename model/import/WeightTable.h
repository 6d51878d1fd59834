// Which tensor of a foreign checkpoint becomes which rows of which tensor of ours.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"

#include <cstdint>
#include <string>
#include <vector>

namespace molspectra {

/// One tensor of a checkpoint. `ours` is empty for one that reaches no energy: it has to be there
/// and of this shape, and is left out.
struct WeightSource {
    std::string theirs;          ///< as canonicalName gives it
    std::vector<int64_t> shape;  ///< that it must have; [] and [1] are the same
    std::string ours;
    int64_t firstRow = 0;        ///< of ours, where its rows go
    int64_t rows = -1;           ///< how many of its first rows are taken; all if negative
    bool byHead = false;         ///< its rows are ordered [H][3][F/H], ours [3][H][F/H]
};

/// The name without the prefix of Lightning's module, and as TorchMD-Net had it before version 2:
/// "update_net.0" for "update_net.layers.0", one prior and one noise head without a number.
std::string canonicalName(const std::string& name);

/// Everything a network of this configuration is made of, the energy scale included.
/// @param affineNorms  whether the norms of features after layers have weights (Frad's have none)
std::vector<WeightSource> weightTable(const ModelConfig& config, bool affineNorms);

}  // namespace molspectra
