// Checkpoints of TorchMD-Net, Coord, Frad and MolSpectra as models of our own.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/ModelFile.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace molspectra {

/// What a checkpoint does not say, or says wrongly.
struct ImportOptions {
    std::string energyUnit;          ///< of the data it was trained on
    std::vector<int> species;        ///< trained elements; empty: those with an atomic energy
    nlohmann::json hyperParameters;  ///< in place of the checkpoint's own; null: those
};

struct ImportedModel {
    LoadedModel model;                  ///< float64 if the checkpoint is, else float32
    std::vector<std::string> warnings;  ///< a sentence each: historic functions, what was left out
};

/// Reads a Lightning checkpoint (or a bare state dictionary). The model computes the same energies
/// and forces: no weight is left out without an error or a warning that names it.
/// @throws Error naming the file and each tensor or hyper-parameter that does not fit
ImportedModel importCheckpoint(const std::string& path, const ImportOptions& options);

}  // namespace molspectra
