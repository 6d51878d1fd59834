// MolSpectraForce on OpenMM's CUDA platform, evaluated by TorchScript on the device.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/CommonMolSpectraKernels.h"

#include <openmm/cuda/CudaContext.h>

namespace MolSpectraPlugin {

class CudaCalcMolSpectraForceKernel : public CommonCalcMolSpectraForceKernel {
public:
    /// @throws OpenMMException if LibTorch cannot use the context's device, saying what it lacks
    CudaCalcMolSpectraForceKernel(const std::string& name, const OpenMM::Platform& platform,
                                  OpenMM::CudaContext& context);

    void initialize(const MolSpectraForce& force, const AtomSelection& atoms) override;

protected:
    std::string torchDevice() const override;
    std::unique_ptr<ModelExchange> makeExchange(std::unique_ptr<TorchModel> model) override;

private:
    OpenMM::CudaContext& context;
};

}  // namespace MolSpectraPlugin
