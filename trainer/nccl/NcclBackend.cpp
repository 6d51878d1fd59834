// LibTorch's NCCL between graphics cards, in a library that is loaded only where it is wanted.
// SPDX-License-Identifier: MIT
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>

/// A new backend, one reference to which belongs to the caller.
/// @param patience  milliseconds that a process waits for the others
extern "C" __attribute__((visibility("default"))) c10d::Backend* molspectraNcclBackend(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size, int64_t patience) {
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = std::chrono::milliseconds(patience);
    c10::intrusive_ptr<c10d::Backend> backend =
        c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
    return backend.release();
}
