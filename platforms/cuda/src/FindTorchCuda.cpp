// Asks the CUDA runtime in the words of LibTorch, which must be loaded with its CUDA part.
// SPDX-License-Identifier: MIT
#include "core/Text.h"
#include "platforms/cuda/src/TorchDevice.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <cuda_runtime_api.h>

namespace MolSpectraPlugin {

TorchCuda findTorchCuda() {
    TorchCuda found;
    int version = 0;
    cudaRuntimeGetVersion(&version);
    found.runtime = molspectra::cat(version / 1000, ".", version % 1000 / 10);
    found.built = at::detail::getCUDAHooks().hasCUDART();
    const cudaError_t result = cudaGetDeviceCount(&found.devices);
    cudaGetLastError();  // LibTorch would take it for an error of its next call
    found.driverTooOld = result == cudaErrorInsufficientDriver;
    if (result != cudaSuccess && result != cudaErrorNoDevice)
        found.error = cudaGetErrorString(result);
    return found;
}

}  // namespace MolSpectraPlugin
