// What a SpecFormer is made of: the grids of its spectra, how they are cut, and the transformer.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace molspectra {

/// One kind of spectrum: its grid and its patches.
struct SpectrumConfig {
    std::string kind;         ///< "uv", "ir" or "raman"
    double start = 0.0;       ///< first point of the grid, eV for uv, else 1/cm
    double step = 1.0;        ///< between points, the same unit
    int64_t points = 0;
    int64_t patch = 1;        ///< points of a patch, P
    int64_t stride = 1;       ///< points from one patch to the next
    double scale = 1.0;       ///< intensity that becomes log10(1 + 1); 1 as published

    int64_t patches() const { return (points - patch) / stride + 1; }
    bool operator==(const SpectrumConfig&) const = default;
};

/// A SpecFormer. Defaults are our own form; published() is the one of MolSpectra's checkpoints.
struct SpectraConfig {
    std::vector<SpectrumConfig> spectra;  ///< in the order of the tokens: uv, ir, raman
    int64_t channels = 128;     ///< width of a token
    int64_t layers = 3;
    int64_t heads = 16;
    int64_t hidden = 256;       ///< width of the feed-forward part
    int64_t outputs = 128;      ///< F of the network it is aligned with
    bool maskToken = true;      ///< a learned token for masked patches; false is zeros
    bool hideOverlap = true;    ///< masked points are hidden from overlapping patches as well
    bool kindToken = true;      ///< a learned vector for each kind of spectrum
    bool optional = true;       ///< molecules may lack spectra
    bool batchNorm = false;     ///< norms over batch and tokens; false is over channels

    /// UV 1-15 eV in 701 points, IR and Raman 500-4000 1/cm in 3501, as QM9S has them.
    static SpectraConfig qm9s();
    /// The same as MolSpectra published it, so that its checkpoints fit.
    static SpectraConfig published();

    int64_t tokens() const;

    /// @throws Error naming the option, its value and what is allowed
    void validate() const;

    bool operator==(const SpectraConfig&) const = default;
};

nlohmann::json toJson(const SpectraConfig& config);

/// @param where  file named in errors
/// @throws Error for a missing or unknown key or a wrong type
SpectraConfig spectraConfigFromJson(const nlohmann::json& json, const std::string& where);

}  // namespace molspectra
