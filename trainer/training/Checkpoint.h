// What a run needs to go on exactly where it stopped, in one file.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace molspectra {

/// Its tensors may lie on any device; in the file, and read from it, they are in host memory.
struct Checkpoint {
    nlohmann::json state;              ///< step, schedule, best validation, fingerprint of the run
    std::vector<at::Tensor> optimizer; ///< Optimizer::state()
    std::vector<at::Tensor> buffers;   ///< Task::buffers()
    std::vector<at::Tensor> best;      ///< weights and buffers of the best validation so far
};

/// Written beside, then renamed: a full disk or a crash leaves the last good one.
/// @throws Error naming the file
void saveCheckpoint(const std::string& path, const Checkpoint& checkpoint);

/// @throws Error if the file is missing, truncated or not a checkpoint
Checkpoint loadCheckpoint(const std::string& path);

/// What two fingerprints do not have in common: "batch is 8 in it, here 16".
std::string differences(const nlohmann::json& there, const nlohmann::json& here);

}  // namespace molspectra
