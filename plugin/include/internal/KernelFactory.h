// How a platform library makes its kernel, and registers with the platforms that are there.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraKernels.h"

#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>

#include <string>

namespace MolSpectraPlugin {

/// @return the kernel of that name for a Context; owned by the caller
using KernelMaker = OpenMM::KernelImpl* (*)(const std::string& name,
                                            const OpenMM::Platform& platform,
                                            OpenMM::ContextImpl& context);

class MolSpectraKernelFactory : public OpenMM::KernelFactory {
public:
    explicit MolSpectraKernelFactory(KernelMaker make) : make(make) {}

    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override {
        if (name != CalcMolSpectraForceKernel::Name())
            throw OpenMM::OpenMMException("MolSpectraForce: creating kernel " + name +
                                          ": expected " + CalcMolSpectraForceKernel::Name());
        return make(name, platform, context);
    }

private:
    KernelMaker make;
};

/// For every registered platform that is a PlatformType. Does nothing where there is none.
template <class PlatformType>
void registerKernel(KernelMaker make) {
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        if (dynamic_cast<PlatformType*>(&platform))
            platform.registerKernelFactory(CalcMolSpectraForceKernel::Name(),
                                           new MolSpectraKernelFactory(make));
    }
}

}  // namespace MolSpectraPlugin
