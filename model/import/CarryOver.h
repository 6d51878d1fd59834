// Sets the tensors of a module of ours to those of a foreign checkpoint, by a table of both.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Tensors.h"
#include "model/import/WeightTable.h"

#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <string>
#include <vector>

namespace molspectra {

/// The values of a tensor of the checkpoint, by its canonicalName.
using ReadTensor = std::function<Tensor(const std::string& theirs)>;

/// A tensor of ours that the table leaves as it was.
struct UntouchedTensor {
    std::string name;
    at::Tensor tensor;  ///< shared with the module
};

/// @param table  its tensors exist and have its shapes
/// @param heads  H of the sources that are ordered by head
std::vector<UntouchedTensor> carryOver(torch::jit::Module& module,
                                       const std::vector<WeightSource>& table, int64_t heads,
                                       const ReadTensor& read);

}  // namespace molspectra
