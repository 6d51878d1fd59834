// LibTorch knows no OpenCL: the model is evaluated on the CPU, all else on the device.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/CommonMolSpectraKernels.h"

#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/PluginInitializer.h>
#include <openmm/opencl/OpenCLContext.h>
#include <openmm/opencl/OpenCLPlatform.h>

namespace MolSpectraPlugin {

namespace {

class OpenCLMolSpectraKernelFactory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override {
        if (name != CalcMolSpectraForceKernel::Name())
            throw OpenMM::OpenMMException("MolSpectraForce: creating kernel " + name +
                                          ": expected " + CalcMolSpectraForceKernel::Name());
        using Data = OpenMM::OpenCLPlatform::PlatformData;
        auto& contexts = static_cast<Data*>(context.getPlatformData())->contexts;
        return new CommonCalcMolSpectraForceKernel(name, platform, *contexts[0]);
    }
};

}  // namespace

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        if (dynamic_cast<OpenMM::OpenCLPlatform*>(&platform))
            platform.registerKernelFactory(CalcMolSpectraForceKernel::Name(),
                                           new OpenCLMolSpectraKernelFactory());
    }
}
