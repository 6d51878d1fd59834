// The kernel that each platform implements to compute a MolSpectraForce.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraForce.h"
#include "plugin/include/internal/AtomSelection.h"

#include <openmm/KernelImpl.h>
#include <openmm/Platform.h>
#include <openmm/internal/ContextImpl.h>

#include <string>

namespace MolSpectraPlugin {

class MOLSPECTRA_EXPORT CalcMolSpectraForceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() { return "CalcMolSpectraForce"; }

    CalcMolSpectraForceKernel(const std::string& name, const OpenMM::Platform& platform)
        : OpenMM::KernelImpl(name, platform) {}

    /// Loads the model. Called once.
    /// @param atoms  the Force's atoms, already validated
    /// @throws OpenMMException if the model cannot be used
    virtual void initialize(const MolSpectraForce& force, const AtomSelection& atoms) = 0;

    /// Adds the forces to those of the Context.
    /// @return the energy with its offset, kJ/mol; 0 unless includeEnergy
    /// @throws OpenMMException for coinciding atoms or a result that is not finite; the Context
    ///         stays usable
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces,
                           bool includeEnergy) = 0;

    /// See MolSpectraForce::getEvaluatorInUse().
    virtual std::string getEvaluatorInUse() const = 0;
};

}  // namespace MolSpectraPlugin
