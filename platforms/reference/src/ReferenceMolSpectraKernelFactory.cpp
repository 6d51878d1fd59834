// The CPU platform derives from the Reference one and keeps its data in the same place.
// SPDX-License-Identifier: MIT
#include "platforms/reference/include/ReferenceMolSpectraKernelFactory.h"

#include "platforms/reference/include/ReferenceMolSpectraKernels.h"

#include <openmm/OpenMMException.h>
#include <openmm/PluginInitializer.h>
#include <openmm/reference/ReferencePlatform.h>

namespace MolSpectraPlugin {

OpenMM::KernelImpl* ReferenceMolSpectraKernelFactory::createKernelImpl(
    std::string name, const OpenMM::Platform& platform, OpenMM::ContextImpl& context) const {
    if (name == CalcMolSpectraForceKernel::Name()) {
        using Data = OpenMM::ReferencePlatform::PlatformData;
        const int threads = static_cast<Data*>(context.getPlatformData())->threads.getNumThreads();
        return new ReferenceCalcMolSpectraForceKernel(name, platform, threads);
    }
    throw OpenMM::OpenMMException("MolSpectraForce: creating kernel " + name + ": expected " +
                                  CalcMolSpectraForceKernel::Name());
}

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        if (dynamic_cast<OpenMM::ReferencePlatform*>(&platform))
            platform.registerKernelFactory(CalcMolSpectraForceKernel::Name(),
                                           new ReferenceMolSpectraKernelFactory());
    }
}
