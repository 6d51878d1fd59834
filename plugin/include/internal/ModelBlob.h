// The immutable bytes of a model file, shared by all Forces that hold the same model.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "plugin/include/internal/Export.h"

#include <memory>
#include <string>

namespace MolSpectraPlugin {

struct ModelBlob {
    std::string bytes;
    std::string sha256;  ///< of the bytes, hexadecimal
};

/// One blob for equal bytes in the whole process, for as long as someone holds it. Thread-safe.
std::shared_ptr<const ModelBlob> shareModel(std::string bytes);

/// Text of the description inside a model file, read without LibTorch.
/// @param name  what errors call the model
/// @throws OpenMMException if the bytes are no zip archive or hold no description
std::string readDescriptionText(const std::string& bytes, const std::string& name);

/// The same, parsed and checked, also of a network that was pre-trained only.
/// @throws OpenMMException also for a contradicting description or a newer format
molspectra::ModelDescription readAnyDescription(const std::string& bytes, const std::string& name);

/// The description of a network whose energies mean something.
/// @throws OpenMMException as readAnyDescription, or if they were not trained
MOLSPECTRA_EXPORT molspectra::ModelDescription readDescription(const std::string& bytes,
                                                               const std::string& name);

}  // namespace MolSpectraPlugin
