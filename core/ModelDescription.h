// What a model file says of itself, in the extra file molspectra.json inside it.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"

#include <nlohmann/json.hpp>

#include <map>
#include <span>
#include <string>
#include <vector>

namespace molspectra {

/// Name of the extra file of the TorchScript archive that holds the description.
inline constexpr const char* descriptionFile = "molspectra.json";

/// Newest layout of the description that this version writes and reads.
inline constexpr int formatVersion = 1;

/// Energy added in double precision outside the network, in the model's energy unit:
/// perMolecule once for each molecule, perElement[z] for each atom.
struct EnergyOffset {
    double perMolecule = 0.0;
    std::map<int, double> perElement;

    /// Offset of one molecule. An element without an entry counts as zero.
    double of(std::span<const int> atomicNumbers) const;
};

struct ModelDescription {
    ModelConfig config;
    std::string energyUnit = "kcal/mol";  ///< canonical, see core/Units.h
    std::string lengthUnit = "angstrom";  ///< always angstrom at present
    std::string dtype = "float32";        ///< of the weights: "float32" or "float64"
    std::vector<int> species;             ///< atomic numbers seen in training, ascending
    EnergyOffset offset;
    bool energiesTrained = true;          ///< false: pre-trained only, its energies mean nothing
    std::string toolVersion;              ///< "molspectra 0.1.0"
    nlohmann::json provenance = nlohmann::json::object();  ///< data, split, seed, errors, ...
};

/// Text of molspectra.json.
std::string toText(const ModelDescription& description);

/// @param text   content of molspectra.json
/// @param where  model file named in errors
/// @throws Error if it is not JSON, an entry is missing, unknown or contradicts another (both
///         sides are named), or the format is newer than this version reads
ModelDescription parseDescription(const std::string& text, const std::string& where);

/// @throws Error if the network was pre-trained only, so that its energies mean nothing
void requireEnergies(const ModelDescription& description, const std::string& where);

}  // namespace molspectra
