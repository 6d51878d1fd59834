// Lengths are angstrom between gatherPositions() and addForces(), nanometers outside.
// SPDX-License-Identifier: MIT
#include "platforms/reference/include/ReferenceMolSpectraKernels.h"

#include "core/Units.h"
#include "platforms/reference/src/ChooseEvaluator.h"
#include "plugin/include/internal/ModelBlob.h"
#include "plugin/include/internal/Translate.h"

#include <openmm/reference/ReferencePlatform.h>

#include <algorithm>
#include <cmath>
#include <thread>

namespace MolSpectraPlugin {

namespace {

constexpr double angstromsPerNanometer = 10.0;

OpenMM::ReferencePlatform::PlatformData& platformData(OpenMM::ContextImpl& context) {
    return *static_cast<OpenMM::ReferencePlatform::PlatformData*>(context.getPlatformData());
}

/// The Reference platform is OpenMM's specification, so its default is ours. It has no property
/// for threads and says one, which is not meant for a network.
PlatformHabit habitOf(const OpenMM::Platform& platform, int threads) {
    if (platform.getName() != "Reference")
        return {true, threads, threads};
    const auto processors = static_cast<int>(std::thread::hardware_concurrency());
    return {false, std::max(1, processors), threads};
}

}  // namespace

void ReferenceCalcMolSpectraForceKernel::initialize(const MolSpectraForce& force,
                                                    const AtomSelection& selection) {
    const auto description = readDescription(force.getModelBytes(), force.getModelName());
    atoms = selection;
    evaluator = chooseEvaluator(force, selection, habitOf(getPlatform(), threads));
    periodic = force.usesPeriodicBoundaryConditions();
    energyScale = molspectra::kilojoulesPerMole(description.energyUnit);
    offset = energyScale * description.offset.of(selection.atomicNumbers());
    positions.resize(3 * selection.size());
    forces.resize(3 * selection.size());
}

double ReferenceCalcMolSpectraForceKernel::execute(OpenMM::ContextImpl& context,
                                                   bool includeForces, bool includeEnergy) {
    if (!includeForces && !includeEnergy)
        return 0.0;
    gatherPositions(context);
    atoms->checkPositions(positions);
    const auto box = cell(context);
    std::span<double> wanted;
    if (includeForces)
        wanted = forces;
    double energy = evaluate(box, wanted);
    if (!includeForces && !std::isfinite(energy)) {  // the forces tell which atom it is
        wanted = forces;
        energy = evaluate(box, wanted);
    }
    atoms->checkResult(energy, wanted);
    if (includeForces)
        addForces(context);
    return includeEnergy ? energyScale * energy + offset : 0.0;
}

std::string ReferenceCalcMolSpectraForceKernel::getEvaluatorInUse() const {
    return evaluator->describe();
}

double ReferenceCalcMolSpectraForceKernel::evaluate(const std::optional<molspectra::Cell>& cell,
                                                    std::span<double> wanted) {
    return translateErrors("MolSpectraForce: ", [&] {
        return evaluator->evaluate(atoms->atomicNumbers(), positions, cell, wanted);
    });
}

void ReferenceCalcMolSpectraForceKernel::gatherPositions(OpenMM::ContextImpl& context) {
    const std::vector<OpenMM::Vec3>& all = *platformData(context).positions;
    double* next = positions.data();
    for (const int particle : atoms->particles())
        for (int d = 0; d < 3; ++d)
            *next++ = all[static_cast<size_t>(particle)][d] * angstromsPerNanometer;
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

void ReferenceCalcMolSpectraForceKernel::addForces(OpenMM::ContextImpl& context) const {
    std::vector<OpenMM::Vec3>& all = *platformData(context).forces;
    const double scale = energyScale * angstromsPerNanometer;
    for (size_t i = 0; i < atoms->size(); ++i) {
        OpenMM::Vec3& force = all[static_cast<size_t>(atoms->particles()[i])];
        for (int d = 0; d < 3; ++d)
            force[d] += scale * forces[3 * i + static_cast<size_t>(d)];
    }
}

}  // namespace MolSpectraPlugin
