// Work of LibTorch captured in a CUDA graph, with the memory that it uses.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cuda/src/GraphCache.h"

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>

#include <functional>
#include <memory>
#include <type_traits>

namespace MolSpectraPlugin {

/// @throws std::runtime_error with the CUDA runtime's words, unless `result` is success
void checkRuntime(cudaError_t result);

/// Memory of LibTorch's allocator that nothing else uses as long as this lives.
class PrivateMemory {
public:
    explicit PrivateMemory(c10::DeviceIndex device);
    ~PrivateMemory();
    PrivateMemory(const PrivateMemory&) = delete;
    PrivateMemory& operator=(const PrivateMemory&) = delete;

    /// From now on memory for the streams that `serves` picks, which any thread may call, comes
    /// from here.
    void open(const std::function<bool(cudaStream_t)>& serves);
    void close();

private:
    c10::DeviceIndex device;
    c10::MempoolId_t id;
    bool opened = false;
    bool used = false;
};

/// When a capture fails, LibTorch's own class (torch 2.11) leaves the allocator and the random
/// numbers of the whole process as in a capture; some models cannot be captured.
///
/// Every function is called with LibTorch's context current, and `stream` as its current stream.
class CapturedGraph : public Graph {
public:
    /// Captures what `work` gives to `stream` and to streams that wait for it, from this thread or
    /// from LibTorch's thread for derivatives. Other threads may use the device meanwhile. Nothing
    /// is executed.
    /// @param stream  not the default one
    /// @throws what `work` throws, or std::runtime_error; stream and allocator are then as before
    CapturedGraph(const c10::cuda::CUDAStream& stream, const std::function<void()>& work);
    /// Waits until the last replay has ended.
    ~CapturedGraph() override;

    void replay() override;

private:
    using Description =
        std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, decltype(&cudaGraphDestroy)>;

    Description captureAlone(const std::function<void()>& work);
    Description capture(const std::function<void()>& work);

    c10::cuda::CUDAStream stream;
    PrivateMemory memory;
    cudaGraphExec_t executable = nullptr;
};

}  // namespace MolSpectraPlugin
