// Lengths are angstrom between gatherPositions() and addForces(), nanometers outside.
// SPDX-License-Identifier: MIT
#include "platforms/reference/include/ReferenceMolSpectraKernels.h"

#include "core/Units.h"
#include "plugin/include/internal/Translate.h"

#include <openmm/reference/ReferencePlatform.h>

#include <cmath>

namespace MolSpectraPlugin {

namespace {

constexpr double angstromsPerNanometer = 10.0;

OpenMM::ReferencePlatform::PlatformData& platformData(OpenMM::ContextImpl& context) {
    return *static_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
}

}  // namespace

void ReferenceCalcMolSpectraForceKernel::initialize(const MolSpectraForce& force,
                                                    const AtomSelection& selection) {
    model = std::make_unique<TorchModel>(force.getModelBytes(), force.getModelName(), threads);
    atoms = selection;
    const auto& description = model->description();
    periodic = force.usesPeriodicBoundaryConditions();
    cutoff = description.config.cutoff;
    energyScale = molspectra::kilojoulesPerMole(description.energyUnit);
    offset = energyScale * description.offset.of(selection.atomicNumbers());
}

double ReferenceCalcMolSpectraForceKernel::execute(OpenMM::ContextImpl& context,
                                                   bool includeForces, bool includeEnergy) {
    if (!includeForces && !includeEnergy)
        return 0.0;
    const std::vector<double> positions = gatherPositions(context);
    atoms->checkPositions(positions);
    const auto pairs = translateErrors("MolSpectraForce: ", [&] {
        return molspectra::findPairs(positions, cutoff, cell(context));
    });
    atoms->checkDistances(positions, pairs);
    auto result = model->evaluate(atoms->atomicNumbers(), positions, pairs, includeForces);
    if (!includeForces && !std::isfinite(result.energy))  // the forces tell which atom it is
        result = model->evaluate(atoms->atomicNumbers(), positions, pairs, true);
    atoms->checkResult(result.energy, result.forces);
    if (includeForces)
        addForces(context, result.forces);
    return includeEnergy ? energyScale * result.energy + offset : 0.0;
}

std::vector<double> ReferenceCalcMolSpectraForceKernel::gatherPositions(
    OpenMM::ContextImpl& context) const {
    const std::vector<OpenMM::Vec3>& all = *platformData(context).positions;
    std::vector<double> positions;
    positions.reserve(3 * atoms->size());
    for (const int particle : atoms->particles())
        for (int d = 0; d < 3; ++d)
            positions.push_back(all[static_cast<size_t>(particle)][d] * angstromsPerNanometer);
    return positions;
}

std::optional<molspectra::Cell> ReferenceCalcMolSpectraForceKernel::cell(
    OpenMM::ContextImpl& context) const {
    if (!periodic)
        return std::nullopt;
    const OpenMM::Vec3* vectors = platformData(context).periodicBoxVectors;
    molspectra::Cell rows;
    for (int row = 0; row < 3; ++row)
        for (int d = 0; d < 3; ++d)
            rows[row][d] = vectors[row][d] * angstromsPerNanometer;
    return rows;
}

void ReferenceCalcMolSpectraForceKernel::addForces(OpenMM::ContextImpl& context,
                                                   const std::vector<double>& forces) const {
    std::vector<OpenMM::Vec3>& all = *platformData(context).forces;
    const double scale = energyScale * angstromsPerNanometer;
    for (size_t i = 0; i < atoms->size(); ++i) {
        OpenMM::Vec3& force = all[static_cast<size_t>(atoms->particles()[i])];
        for (int d = 0; d < 3; ++d)
            force[d] += scale * forces[3 * i + static_cast<size_t>(d)];
    }
}

}  // namespace MolSpectraPlugin
