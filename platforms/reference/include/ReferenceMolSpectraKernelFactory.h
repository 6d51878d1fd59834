// Makes the Reference kernel, and registers itself where it can serve.
// SPDX-License-Identifier: MIT
#pragma once

#include <openmm/KernelFactory.h>

namespace MolSpectraPlugin {

class ReferenceMolSpectraKernelFactory : public OpenMM::KernelFactory {
public:
    OpenMM::KernelImpl* createKernelImpl(std::string name, const OpenMM::Platform& platform,
                                         OpenMM::ContextImpl& context) const override;
};

}  // namespace MolSpectraPlugin
