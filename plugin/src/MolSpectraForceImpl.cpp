// Validation needs only the description; LibTorch comes in with the platform's kernel.
// SPDX-License-Identifier: MIT
#include "plugin/include/internal/MolSpectraForceImpl.h"

#include "core/Text.h"
#include "plugin/include/MolSpectraKernels.h"
#include "plugin/include/internal/ModelBlob.h"

#include <openmm/Context.h>
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>

namespace MolSpectraPlugin {

MolSpectraForceImpl::MolSpectraForceImpl(const MolSpectraForce& owner) : owner(owner) {
    forceGroup = owner.getForceGroup();
}

MolSpectraForceImpl::~MolSpectraForceImpl() = default;

void MolSpectraForceImpl::initialize(OpenMM::ContextImpl& context) {
    const auto description = readDescription(owner.getModelBytes(), owner.getModelName());
    const AtomSelection selection(context.getSystem(), owner, description);
    kernel = context.getPlatform().createKernel(CalcMolSpectraForceKernel::Name(), context);
    kernel.getAs<CalcMolSpectraForceKernel>().initialize(owner, selection);
    atoms = selection;
}

void MolSpectraForceImpl::updateContextState(OpenMM::ContextImpl&, bool&) {}

const AtomSelection& MolSpectraForceImpl::ready(const char* doing) const {
    if (!atoms)
        throw OpenMM::OpenMMException(molspectra::cat(
            "MolSpectraForce: ", doing, ": found a Context whose initialization failed, expected ",
            "one that works; call reinitialize() again, or make a new Context"));
    return *atoms;
}

double MolSpectraForceImpl::calcForcesAndEnergy(OpenMM::ContextImpl& context, bool includeForces,
                                                bool includeEnergy, int groups) {
    if ((groups & (1 << forceGroup)) == 0)
        return 0.0;
    ready("evaluating it");
    return kernel.getAs<CalcMolSpectraForceKernel>().execute(context, includeForces, includeEnergy);
}

std::map<std::string, double> MolSpectraForceImpl::getDefaultParameters() {
    return {};
}

std::vector<std::string> MolSpectraForceImpl::getKernelNames() {
    return {CalcMolSpectraForceKernel::Name()};
}

std::vector<std::pair<int, int>> MolSpectraForceImpl::getBondedParticles() const {
    return ready("asking for its bonds").bonds();
}

std::string MolSpectraForceImpl::getEvaluatorInUse() const {
    ready("asking what evaluates it");
    return kernel.getAs<CalcMolSpectraForceKernel>().getEvaluatorInUse();
}

}  // namespace MolSpectraPlugin
