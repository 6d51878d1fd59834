// Of a Context on several devices, the first computes the whole force.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CudaMolSpectraKernels.h"

#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/PluginInitializer.h>
#include <openmm/cuda/CudaPlatform.h>

namespace MolSpectraPlugin {

namespace {

class CudaMolSpectraKernelFactory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override {
        if (name != CalcMolSpectraForceKernel::Name())
            throw OpenMM::OpenMMException("MolSpectraForce: creating kernel " + name +
                                          ": expected " + CalcMolSpectraForceKernel::Name());
        using Data = OpenMM::CudaPlatform::PlatformData;
        auto& contexts = static_cast<Data*>(context.getPlatformData())->contexts;
        return new CudaCalcMolSpectraForceKernel(name, platform, *contexts[0]);
    }
};

}  // namespace

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        if (dynamic_cast<OpenMM::CudaPlatform*>(&platform))
            platform.registerKernelFactory(CalcMolSpectraForceKernel::Name(),
                                           new CudaMolSpectraKernelFactory());
    }
}
