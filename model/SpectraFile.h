// The file spectra.pt: a SpecFormer that describes itself, and says which network it belongs to.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/SpectraConfig.h"

#include <nlohmann/json.hpp>
#include <torch/csrc/jit/api/module.h>

#include <string>

namespace molspectra {

struct SpectraDescription {
    SpectraConfig config;
    double uvWidth = 0.0;           ///< of broadened lines, eV
    double vibrationalWidth = 0.0;  ///< of broadened lines, 1/cm
    std::string networkSha256;      ///< of the model file whose features it is aligned with
    std::string toolVersion;
    nlohmann::json provenance = nlohmann::json::object();
};

struct LoadedSpecFormer {
    torch::jit::Module specFormer;
    SpectraDescription description;
};

std::string toText(const SpectraDescription& description);

/// @param where  file named in errors
SpectraDescription parseSpectraDescription(const std::string& text, const std::string& where);

/// Written beside and then renamed. @throws Error naming the file and the reason
void saveSpecFormer(const std::string& path, const torch::jit::Module& specFormer,
                    const SpectraDescription& description);

/// @throws Error if it is no such file, or naming the first tensor that is missing, unknown or of
///         another shape
LoadedSpecFormer loadSpecFormer(const std::string& path);

}  // namespace molspectra
