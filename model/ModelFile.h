// Model files: a TorchScript archive that describes itself.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"

#include <torch/csrc/jit/api/module.h>

#include <string>

namespace molspectra {

struct LoadedModel {
    torch::jit::Module network;
    ModelDescription description;
};

/// Writes weights, code and description in one file, beside and then renamed.
/// @throws Error naming the file and the reason; an existing file is left as it was
void saveModel(const std::string& path, const torch::jit::Module& network,
               const ModelDescription& description);

/// Converts the weights to "float32" or "float64". @throws Error for another type
void convertTo(LoadedModel& model, const std::string& dtype);

/// A TorchScript file and the description inside it.
struct Script {
    torch::jit::Module module;
    std::string description;
};

/// @param description  name of the extra file that holds it
/// @param other  name of the extra file of the other kind of model, which is told
/// @param kind   what is expected, "a network (model.pt of a run)"
/// @throws Error if the file is missing, not TorchScript, or without the description
Script loadScript(const std::string& path, const std::string& description,
                  const std::string& other, const std::string& kind);

/// Name of the extra file in a SpecFormer's file.
inline constexpr const char* spectraDescriptionFile = "molspectra-spectra.json";

/// A network of a description's configuration and type.
torch::jit::Module makeNetwork(const ModelDescription& description, uint64_t seed);

/// Reads a model file and rebuilds its network from the configuration, so that it can be trained.
/// @throws Error if it is missing, not TorchScript, without description, of a newer format, or if
///         weights and configuration contradict each other
LoadedModel loadModel(const std::string& path);

}  // namespace molspectra
