// Of a Context on several devices, the first computes the whole force.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CudaMolSpectraKernels.h"
#include "plugin/include/internal/KernelFactory.h"

#include <openmm/PluginInitializer.h>
#include <openmm/cuda/CudaPlatform.h>

namespace MolSpectraPlugin {

namespace {

OpenMM::KernelImpl* makeKernel(const std::string& name, const OpenMM::Platform& platform,
                               OpenMM::ContextImpl& context) {
    using Data = OpenMM::CudaPlatform::PlatformData;
    auto& contexts = static_cast<Data*>(context.getPlatformData())->contexts;
    return new CudaCalcMolSpectraForceKernel(name, platform, *contexts[0]);
}

}  // namespace

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    registerKernel<OpenMM::CudaPlatform>(makeKernel);
}
