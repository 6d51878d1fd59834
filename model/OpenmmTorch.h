// A model wrapped as openmm-torch's TorchForce wants it.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/ModelFile.h"

#include <vector>

namespace molspectra {

/// Bytes of a TorchScript file whose forward takes positions [N,3] in nm (open boundaries) and
/// gives the total energy in kJ/mol, for one molecule whose elements are fixed.
/// @throws Error if the model was not trained on one of the elements
std::string openmmTorchFile(const LoadedModel& model, const std::vector<int>& elements);

}  // namespace molspectra
