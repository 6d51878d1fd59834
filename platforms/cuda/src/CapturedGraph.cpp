// Replays use the same memory again, so nobody else may get it while the graph lives.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CapturedGraph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <mutex>
#include <stdexcept>

namespace MolSpectraPlugin {

namespace Allocator = c10::cuda::CUDACachingAllocator;

namespace {

/// CUDA's number of the capture that a stream takes part in; 0 for none. Does not throw: the
/// allocator asks it for every thread.
unsigned long long captureOf(cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    unsigned long long number = 0;
    if (cudaStreamGetCaptureInfo(stream, &status, &number) != cudaSuccess)
        cudaGetLastError();
    return status == cudaStreamCaptureStatusActive ? number : 0;
}

/// Ends a capture that has failed.
void abandonCapture(cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream, &graph) == cudaSuccess)
        cudaGraphDestroy(graph);
    cudaGetLastError();
}

void checkNotEmpty(cudaGraph_t graph) {
    size_t nodes = 0;
    checkRuntime(cudaGraphGetNodes(graph, nullptr, &nodes));
    if (nodes == 0)
        throw std::runtime_error("found nothing captured, expected the model's kernels");
}

}  // namespace

void checkRuntime(cudaError_t result) {
    if (result == cudaSuccess)
        return;
    cudaGetLastError();  // LibTorch would take it for an error of its next call
    throw std::runtime_error(cudaGetErrorString(result));
}

PrivateMemory::PrivateMemory(c10::DeviceIndex device)
    : device(device), id(at::cuda::graph_pool_handle()) {}

PrivateMemory::~PrivateMemory() {
    try {
        close();
        if (used)
            Allocator::releasePool(device, id);
    }
    catch (const std::exception&) {
        opened = false;  // a destructor can tell nobody; the memory stays reserved
    }
}

void PrivateMemory::open(const std::function<bool(cudaStream_t)>& serves) {
    Allocator::beginAllocateToPool(device, id, serves);
    opened = used = true;
}

void PrivateMemory::close() {
    if (!opened)
        return;
    opened = false;
    Allocator::endAllocateToPool(device, id);
}

CapturedGraph::CapturedGraph(const c10::cuda::CUDAStream& stream,
                             const std::function<void()>& work)
    : stream(stream), memory(stream.device_index()) {
    const Description graph = captureAlone(work);
    checkNotEmpty(graph.get());
    // The flag is for the allocator that LibTorch uses if asked for cudaMallocAsync.
    checkRuntime(cudaGraphInstantiateWithFlags(&executable, graph.get(),
                                               cudaGraphInstantiateFlagAutoFreeOnLaunch));
}

/// One at a time in the process: the allocator gives nothing back while anyone captures.
CapturedGraph::Description CapturedGraph::captureAlone(const std::function<void()>& work) {
    static std::mutex others;
    const std::lock_guard<std::mutex> alone(others);
    Allocator::emptyCache();  // what plain calls have used serves the graph as well
    return capture(work);
}

/// The allocator is told before the capture begins, as it must not record events during one.
CapturedGraph::Description CapturedGraph::capture(const std::function<void()>& work) {
    const auto number = std::make_shared<std::atomic<unsigned long long>>(0);
    memory.open([number](cudaStream_t other) {
        return number->load() != 0 && captureOf(other) == number->load();
    });
    cudaGraph_t graph = nullptr;
    try {
        checkRuntime(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        number->store(captureOf(stream));
        if (number->load() == 0)
            throw std::runtime_error("found no number for the capture, expected one");
        work();
        checkRuntime(cudaStreamEndCapture(stream, &graph));
    }
    catch (...) {
        abandonCapture(stream);
        memory.close();
        throw;
    }
    Description owned(graph, cudaGraphDestroy);
    memory.close();
    return owned;
}

CapturedGraph::~CapturedGraph() {
    cudaStreamSynchronize(stream);
    cudaGraphExecDestroy(executable);
    cudaGetLastError();
}

void CapturedGraph::replay() {
    checkRuntime(cudaGraphLaunch(executable, stream));
}

}  // namespace MolSpectraPlugin
