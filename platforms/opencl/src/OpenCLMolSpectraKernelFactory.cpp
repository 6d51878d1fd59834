// LibTorch knows no OpenCL: the model is evaluated on the CPU, all else on the device.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/CommonMolSpectraKernels.h"
#include "plugin/include/internal/KernelFactory.h"

#include <openmm/PluginInitializer.h>
#include <openmm/opencl/OpenCLContext.h>
#include <openmm/opencl/OpenCLPlatform.h>

namespace MolSpectraPlugin {

namespace {

OpenMM::KernelImpl* makeKernel(const std::string& name, const OpenMM::Platform& platform,
                               OpenMM::ContextImpl& context) {
    using Data = OpenMM::OpenCLPlatform::PlatformData;
    auto& contexts = static_cast<Data*>(context.getPlatformData())->contexts;
    return new CommonCalcMolSpectraForceKernel(name, platform, *contexts[0]);
}

}  // namespace

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    registerKernel<OpenMM::OpenCLPlatform>(makeKernel);
}
