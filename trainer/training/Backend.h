// What carries tensors between processes: Gloo for processors, NCCL for graphics cards.
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace molspectra {

/// @throws Error if the processes cannot meet, or if this build has no NCCL
c10::intrusive_ptr<c10d::Backend> joinedBackend(c10::Device device,
                                                const c10::intrusive_ptr<c10d::Store>& store,
                                                int64_t rank, int64_t size);

}  // namespace molspectra
