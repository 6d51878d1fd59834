// LibTorch loads the model into whatever context is current, which must be its own.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CudaMolSpectraKernels.h"

#include "core/Text.h"
#include "platforms/cuda/src/CudaDriver.h"
#include "platforms/cuda/src/CudaExchange.h"
#include "platforms/cuda/src/TorchDevice.h"

#include <openmm/OpenMMException.h>

namespace MolSpectraPlugin {

CudaCalcMolSpectraForceKernel::CudaCalcMolSpectraForceKernel(const std::string& name,
                                                             const OpenMM::Platform& platform,
                                                             OpenMM::CudaContext& context)
    : CommonCalcMolSpectraForceKernel(name, platform, context), context(context) {
    const std::string obstacle = torchObstacle(findTorchCuda(), context.getDeviceIndex());
    if (!obstacle.empty())
        throw OpenMM::OpenMMException(obstacle);
}

void CudaCalcMolSpectraForceKernel::initialize(const MolSpectraForce& force,
                                               const AtomSelection& atoms) {
    PrimaryContext(context.getDevice()).run([&] {
        CommonCalcMolSpectraForceKernel::initialize(force, atoms);
    });
}

std::string CudaCalcMolSpectraForceKernel::torchDevice() const {
    return molspectra::cat("cuda:", context.getDeviceIndex());
}

std::unique_ptr<ModelExchange> CudaCalcMolSpectraForceKernel::makeExchange(
    std::unique_ptr<TorchModel> model) {
    return std::make_unique<CudaExchange>(context, std::move(model));
}

}  // namespace MolSpectraPlugin
