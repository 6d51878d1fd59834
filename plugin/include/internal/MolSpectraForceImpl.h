// What a Context keeps of a MolSpectraForce: the validated atoms and the platform's kernel.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraForce.h"
#include "plugin/include/internal/AtomSelection.h"

#include <openmm/Kernel.h>
#include <openmm/internal/ForceImpl.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace MolSpectraPlugin {

class MolSpectraForceImpl : public OpenMM::ForceImpl {
public:
    explicit MolSpectraForceImpl(const MolSpectraForce& owner);
    ~MolSpectraForceImpl() override;

    /// Checks the Force against System and model, then loads the model.
    /// @throws OpenMMException for each way in which they do not fit
    void initialize(OpenMM::ContextImpl& context) override;
    const MolSpectraForce& getOwner() const override { return owner; }
    void updateContextState(OpenMM::ContextImpl& context, bool& forcesInvalid) override;
    double calcForcesAndEnergy(OpenMM::ContextImpl& context, bool includeForces,
                               bool includeEnergy, int groups) override;
    std::map<std::string, double> getDefaultParameters() override;
    std::vector<std::string> getKernelNames() override;
    std::vector<std::pair<int, int>> getBondedParticles() const override;
    /// See MolSpectraForce.
    std::string getEvaluatorInUse() const;

private:
    /// @throws OpenMMException if the initialization failed
    const AtomSelection& ready(const char* doing) const;

    const MolSpectraForce& owner;
    OpenMM::Kernel kernel;
    std::optional<AtomSelection> atoms;  ///< as soon as it is initialized
};

}  // namespace MolSpectraPlugin
