// Checkpoints of TorchMD-Net, Coord, Frad and MolSpectra as models of our own.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/ModelFile.h"
#include "model/SpectraFile.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace molspectra {

/// What a checkpoint does not say, or says wrongly.
struct ImportOptions {
    std::string energyUnit;          ///< of the data it was trained on
    std::vector<int> species;        ///< trained elements; empty: those with an atomic energy
    nlohmann::json hyperParameters;  ///< in place of the checkpoint's own; null: those
    bool spectra = false;            ///< carry the SpecFormer over as well
};

struct ImportedModel {
    LoadedModel model;                        ///< float64 if the checkpoint is, else float32
    std::optional<LoadedSpecFormer> spectra;  ///< float32, in the published form
    std::vector<std::string> warnings;        ///< historic functions, what was left out
};

/// Reads a Lightning checkpoint (or a bare state dictionary). The model computes the same energies
/// and forces: no weight is left out without an error or a warning that names it.
/// @throws Error naming the file and each tensor or hyper-parameter that does not fit
ImportedModel importCheckpoint(const std::string& path, const ImportOptions& options);

/// Writes the model file, then the SpecFormer, which is told whose features it is aligned with.
/// @param spectra  file of the SpecFormer, if one was carried over
/// @throws Error naming the file and the reason
void saveImported(const ImportedModel& imported, const std::string& model,
                  const std::string& spectra = "");

}  // namespace molspectra
