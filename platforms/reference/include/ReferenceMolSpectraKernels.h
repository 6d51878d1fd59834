// MolSpectraForce on the Reference and CPU platforms, whatever evaluates the network.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraKernels.h"
#include "plugin/include/internal/Evaluator.h"

#include <memory>
#include <optional>
#include <vector>

namespace MolSpectraPlugin {

class ReferenceCalcMolSpectraForceKernel : public CalcMolSpectraForceKernel {
public:
    /// @param threads  of the platform: its property Threads, or one
    ReferenceCalcMolSpectraForceKernel(const std::string& name, const OpenMM::Platform& platform,
                                       int threads)
        : CalcMolSpectraForceKernel(name, platform), threads(threads) {}

    void initialize(const MolSpectraForce& force, const AtomSelection& atoms) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    std::string getEvaluatorInUse() const override;

private:
    void gatherPositions(OpenMM::ContextImpl& context);
    std::optional<molspectra::Cell> cell(OpenMM::ContextImpl& context) const;
    double evaluate(const std::optional<molspectra::Cell>& cell, std::span<double> wanted);
    void addForces(OpenMM::ContextImpl& context) const;

    int threads;
    std::unique_ptr<Evaluator> evaluator;
    std::optional<AtomSelection> atoms;
    bool periodic = false;
    double offset = 0.0;            ///< kJ/mol
    double energyScale = 1.0;       ///< kJ/mol for one of the model's energy unit
    std::vector<double> positions;  ///< [N,3], angstrom
    std::vector<double> forces;     ///< [N,3], model's energy unit/angstrom
};

}  // namespace MolSpectraPlugin
