// What a network is made of: the options of the equivariant transformer and its heads.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace molspectra {

/// Hyper-parameters, with the MD17 setting as default. Letters as in model/README.md.
struct ModelConfig {
    int channels = 128;               ///< F, a multiple of heads
    int layers = 6;                   ///< L, at least 1
    int heads = 8;                    ///< H
    int radialFunctions = 32;         ///< K, at least 2
    std::string radialType = "expnorm";  ///< "expnorm" or "gauss"
    bool trainableRadial = false;     ///< centres and widths are parameters
    double cutoffLower = 0.0;         ///< start of the radial functions, angstrom
    double cutoff = 5.0;              ///< angstrom
    int elements = 100;               ///< rows of the embedding: atomic numbers below this
    bool neighborEmbedding = true;
    std::string distanceInfluence = "both";  ///< "keys", "values", "both" or "none"
    bool vectorCutoff = true;         ///< cutoff on the messages; false only for old checkpoints
    bool layerNorms = false;          ///< norms after every layer (the QM9 setting)
    std::string vectorNorm = "none";  ///< "none", "whitened" or "whitened-anisotropic"
    bool noiseHead = false;           ///< a second head that predicts one vector an atom

    /// Whether vectors are whitened anywhere, for which single precision is too coarse.
    bool whitens() const { return layerNorms || vectorNorm != "none"; }

    /// F 128, L 6, H 8, K 32: the published MD17 setting.
    static ModelConfig md17();
    /// F 256, L 8, H 8, K 64, norms after every layer: the published QM9 setting.
    static ModelConfig qm9();

    /// @throws Error naming the option, its value and what is allowed
    void validate() const;

    bool operator==(const ModelConfig&) const = default;
};

/// One key an option, named as the members.
nlohmann::json toJson(const ModelConfig& config);

/// @param where  file named in errors
/// @throws Error for a missing or unknown key (with the nearest known one) or a wrong type
ModelConfig configFromJson(const nlohmann::json& json, const std::string& where);

}  // namespace molspectra
