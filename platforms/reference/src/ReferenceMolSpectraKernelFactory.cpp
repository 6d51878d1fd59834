// The CPU platform derives from the Reference one and keeps its data in the same place.
// SPDX-License-Identifier: MIT
#include "platforms/reference/include/ReferenceMolSpectraKernels.h"
#include "plugin/include/internal/KernelFactory.h"

#include <openmm/PluginInitializer.h>
#include <openmm/reference/ReferencePlatform.h>

namespace MolSpectraPlugin {

namespace {

OpenMM::KernelImpl* makeKernel(const std::string& name, const OpenMM::Platform& platform,
                               OpenMM::ContextImpl& context) {
    using Data = OpenMM::ReferencePlatform::PlatformData;
    const int threads = static_cast<Data*>(context.getPlatformData())->threads.getNumThreads();
    return new ReferenceCalcMolSpectraForceKernel(name, platform, threads);
}

}  // namespace

}  // namespace MolSpectraPlugin

extern "C" MOLSPECTRA_EXPORT void registerPlatforms() {}

extern "C" MOLSPECTRA_EXPORT void registerKernelFactories() {
    using namespace MolSpectraPlugin;
    registerKernel<OpenMM::ReferencePlatform>(makeKernel);
}
