// What carries tensors between processes: Gloo for processors, NCCL for graphics cards.
// SPDX-License-Identifier: MIT
#include "trainer/training/Backend.h"

#include "core/Error.h"
#include "trainer/training/Cuda.h"

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <dlfcn.h>

#include <chrono>

namespace molspectra {
namespace {

/// A step takes seconds at most, but the first process may write a large checkpoint meanwhile.
constexpr std::chrono::minutes patience(10);

c10::intrusive_ptr<c10d::Backend> gloo(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank,
                                       int64_t size) {
    auto options = c10d::ProcessGroupGloo::Options::create(patience);
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(rank),
                                                       static_cast<int>(size), options);
}

/// NCCL's part of LibTorch needs its CUDA build, which this program loads only when it is wanted.
c10::intrusive_ptr<c10d::Backend> nccl(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank,
                                       int64_t size) {
    using Make = c10d::Backend*(const c10::intrusive_ptr<c10d::Store>&, int, int, int64_t);
    void* const library = dlopen(ncclLibrary().c_str(), RTLD_NOW);
    auto* make = library == nullptr
                     ? nullptr
                     : reinterpret_cast<Make*>(dlsym(library, "molspectraNcclBackend"));
    if (make == nullptr)
        fail("joining graphics cards: ", ncclLibrary(), " does not load (", dlerror(),
             "), expected it beside the program; build with NCCL's headers, or use --device cpu");
    return c10::intrusive_ptr<c10d::Backend>::reclaim(make(
        store, static_cast<int>(rank), static_cast<int>(size),
        std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()));
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> joinedBackend(c10::Device device,
                                                const c10::intrusive_ptr<c10d::Store>& store,
                                                int64_t rank, int64_t size) {
    try {
        return device.is_cuda() ? nccl(store, rank, size) : gloo(store, rank, size);
    } catch (const c10::Error& error) {
        const std::string what = error.what_without_backtrace();
        fail("joining ", size, " processes: process ", rank, " could not reach the others (",
             what.substr(0, what.find('\n')), ")");
    }
}

}  // namespace molspectra
