// MolSpectraForce on the Reference and CPU platforms: TorchScript in double, the specification.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraKernels.h"
#include "plugin/include/internal/TorchModel.h"

#include <memory>
#include <optional>
#include <vector>

namespace MolSpectraPlugin {

class ReferenceCalcMolSpectraForceKernel : public CalcMolSpectraForceKernel {
public:
    /// @param threads  most that one evaluation may use: the platform's property Threads
    ReferenceCalcMolSpectraForceKernel(const std::string& name, const OpenMM::Platform& platform,
                                       int threads)
        : CalcMolSpectraForceKernel(name, platform), threads(threads) {}

    void initialize(const MolSpectraForce& force, const AtomSelection& atoms) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;

private:
    std::vector<double> gatherPositions(OpenMM::ContextImpl& context) const;
    std::optional<molspectra::Cell> cell(OpenMM::ContextImpl& context) const;
    void addForces(OpenMM::ContextImpl& context, const std::vector<double>& forces) const;

    int threads;
    std::unique_ptr<TorchModel> model;
    std::optional<AtomSelection> atoms;
    bool periodic = false;
    double cutoff = 0.0;       ///< angstrom
    double offset = 0.0;       ///< kJ/mol
    double energyScale = 1.0;  ///< kJ/mol for one of the model's energy unit
};

}  // namespace MolSpectraPlugin
