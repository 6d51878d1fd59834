// Everything is given to one stream, in order; nothing here waits but difference() and finish().
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/TorchSteps.h"

#include "core/Text.h"
#include "platforms/cuda/src/CapturedGraph.h"

#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>

#include <limits>

namespace MolSpectraPlugin {

namespace {

at::Tensor copyAndSpoil(at::Tensor tensor) {
    at::Tensor copy = tensor.clone();
    tensor.fill_(std::numeric_limits<double>::quiet_NaN());
    return copy;
}

/// [] largest difference, infinite where only `found` is not finite.
at::Tensor largestDifference(const at::Tensor& found, const at::Tensor& expected) {
    const double infinity = std::numeric_limits<double>::infinity();
    const at::Tensor differences = found.sub(expected).abs().nan_to_num(infinity, infinity);
    return differences.max().div(expected.abs().max().clamp_min(1.0));
}

}  // namespace

TorchSteps::TorchSteps(std::unique_ptr<TorchModel> model, c10::DeviceIndex device)
    : model(std::move(model)), own(c10::cuda::getStreamFromPool(false, device)) {
    c10::cuda::device_synchronize();  // weights may still be converted on another stream
}

void TorchSteps::use(ModelArrays& arrays,
                     const std::function<void*(OpenMM::ComputeArray&)>& addressOf) {
    inTorch("MolSpectraForce: making tensors of OpenMM's arrays: ", [&] {
        tensors.emplace(arrays, c10::Device(c10::kCUDA, own.device_index()), addressOf);
    });
}

void TorchSteps::finish() {
    cudaStreamSynchronize(own);
    cudaGetLastError();
}

void TorchSteps::run(bool wantForces) {
    const std::string doing =
        molspectra::cat("MolSpectraForce: evaluating model ", model.torchModel().name(), ": ");
    inTorch(doing, [&] { model.evaluate(*tensors, wantForces); });
}

std::unique_ptr<Graph> TorchSteps::capture(bool wantForces) {
    std::unique_ptr<Graph> graph;
    inTorch("", [&] {
        graph = std::make_unique<CapturedGraph>(
            own, [&] { model.evaluate(*tensors, wantForces); });
    });
    return graph;
}

void TorchSteps::setAside(bool wantForces) {
    inTorch("", [&] {
        energyAside = copyAndSpoil(tensors->energy);
        if (wantForces)
            forcesAside = copyAndSpoil(tensors->forces);
    });
}

double TorchSteps::difference(bool wantForces) {
    double largest = 0.0;
    inTorch("", [&] {
        at::Tensor both = largestDifference(tensors->energy, energyAside);
        if (wantForces)
            both = both.maximum(largestDifference(tensors->forces, forcesAside));
        largest = both.item().toDouble();
        energyAside = forcesAside = at::Tensor();
    });
    return largest;
}

void TorchSteps::inTorch(const std::string& doing, const std::function<void()>& work) {
    withTorch(doing, [&] {
        const c10::cuda::CUDAStreamGuard current(own);
        work();
    });
}

}  // namespace MolSpectraPlugin
