// A model on the device, evaluated by LibTorch on a stream of its own.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/PaddedModel.h"
#include "platforms/common/src/PaddedTensors.h"
#include "platforms/cuda/src/GraphCache.h"

#include <c10/cuda/CUDAStream.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace MolSpectraPlugin {

/// Every function is called with LibTorch's context current. What they throw is one line.
class TorchSteps : public GraphSteps {
public:
    /// @param model  on the device
    TorchSteps(std::unique_ptr<TorchModel> model, c10::DeviceIndex device);

    cudaStream_t stream() const { return own; }

    /// Reads and writes these arrays from now on; they are kept by the caller.
    /// @param addressOf  on the device
    void use(ModelArrays& arrays, const std::function<void*(OpenMM::ComputeArray&)>& addressOf);

    /// The host waits until the stream has nothing more to do.
    void finish();

    void run(bool wantForces) override;
    std::unique_ptr<Graph> capture(bool wantForces) override;
    void setAside(bool wantForces) override;
    double difference(bool wantForces) override;

private:
    void inTorch(const std::string& doing, const std::function<void()>& work);

    PaddedModel model;
    c10::cuda::CUDAStream own;
    std::optional<PaddedTensors> tensors;
    at::Tensor energyAside, forcesAside;
};

}  // namespace MolSpectraPlugin
