// The device waits for nobody but itself in a plain step, except that the host must know the number
// of pairs before it launches the model.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/CommonMolSpectraKernels.h"

#include "core/Text.h"
#include "core/Units.h"
#include "platforms/common/src/HostExchange.h"
#include "plugin/include/internal/ModelBlob.h"
#include "plugin/include/internal/Translate.h"

#include <openmm/common/ContextSelector.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

namespace MolSpectraPlugin {

using molspectra::cat;
using OpenMM::OpenMMException;

namespace {

constexpr double angstromsPerNanometer = 10.0;

/// Tells OpenMM which atoms stay together when it moves them by whole boxes. It asks no Force for
/// its bonds here, and looks into those of a CustomCVForce in this way only.
class BodyInfo : public OpenMM::ComputeForceInfo {
public:
    explicit BodyInfo(std::vector<std::pair<int, int>> bonds) : bonds(std::move(bonds)) {}

    int getNumParticleGroups() override { return static_cast<int>(bonds.size()); }
    void getParticlesInGroup(int index, std::vector<int>& particles) override {
        const auto& [first, second] = bonds[static_cast<size_t>(index)];
        particles = {first, second};
    }
    bool areGroupsIdentical(int, int) override { return true; }

private:
    std::vector<std::pair<int, int>> bonds;
};

std::vector<double> valuesOf(const OpenMM::ComputeArray& array, bool doublePrecision) {
    std::vector<double> values;
    if (doublePrecision) {
        array.download(values);
        return values;
    }
    std::vector<float> narrow;
    array.download(narrow);
    return {narrow.begin(), narrow.end()};
}

}  // namespace

CommonCalcMolSpectraForceKernel::~CommonCalcMolSpectraForceKernel() {
    const OpenMM::ContextSelector selected(compute);
    exchange.reset();
    inputs.reset();
}

void CommonCalcMolSpectraForceKernel::initialize(const MolSpectraForce& force,
                                                 const AtomSelection& selection) {
    if (force.getEvaluator() == "native")
        throw OpenMMException(cat("MolSpectraForce: evaluating model ", force.getModelName(),
                                  " natively: found the platform ", getPlatform().getName(),
                                  ", expected CPU or Reference; try the evaluator auto or "
                                  "torchscript"));
    auto model = loadModel(force);
    const molspectra::ModelDescription& description = model->description();
    atoms = selection;
    energyScale = molspectra::kilojoulesPerMole(description.energyUnit);
    offset = energyScale * description.offset.of(selection.atomicNumbers());
    settings = {description.config.cutoff, force.usesPeriodicBoundaryConditions(),
                model->doublePrecision()};
    if (settings.doublePrecision && !compute.getSupportsDoublePrecision())
        throw OpenMMException(cat("MolSpectraForce: evaluating model ", force.getModelName(),
                                  ": found a device without double precision, expected one that "
                                  "has it for this network, whose weights need it or which whitens "
                                  "vectors; try the platform CPU"));
    const OpenMM::ContextSelector selected(compute);
    compute.addForce(new BodyInfo(selection.bonds()));
    inputs = std::make_unique<ModelInputs>(compute, selection, settings);
    exchange = makeExchange(std::move(model));
}

std::unique_ptr<TorchModel> CommonCalcMolSpectraForceKernel::loadModel(
    const MolSpectraForce& force) const {
    const int processors = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    return std::make_unique<TorchModel>(
        force.getModelBytes(), force.getModelName(),
        TorchPlacement{torchDevice(), compute.getUseDoublePrecision(),
                       force.getThreads() > 0 ? force.getThreads() : processors});
}

std::unique_ptr<ModelExchange> CommonCalcMolSpectraForceKernel::makeExchange(
    std::unique_ptr<TorchModel> model) {
    return std::make_unique<HostExchange>(std::move(model));
}

double CommonCalcMolSpectraForceKernel::execute(OpenMM::ContextImpl& context, bool includeForces,
                                                bool includeEnergy) {
    if (!includeForces && !includeEnergy)
        return 0.0;
    const OpenMM::ContextSelector selected(compute);
    if (!inputs->write())
        refusePositions(context);
    exchange->evaluate(inputs->arrays(), includeForces);
    double energy = 0.0;
    if (includeEnergy || exchange->finishes())
        energy = checkedEnergy(includeForces);
    if (includeForces)
        inputs->addForces(energyScale * angstromsPerNanometer);
    return includeEnergy ? energyScale * energy + offset : 0.0;
}

/// The device only knows that something is wrong; the host finds out with which particle.
void CommonCalcMolSpectraForceKernel::refusePositions(OpenMM::ContextImpl& context) {
    checkResult(0.0, valuesOf(inputs->arrays().forces, settings.doublePrecision));
    std::vector<OpenMM::Vec3> all;
    context.getPositions(all);
    std::vector<double> positions;
    for (const int particle : atoms->particles())
        for (int d = 0; d < 3; ++d)
            positions.push_back(all[static_cast<size_t>(particle)][d] * angstromsPerNanometer);
    atoms->checkPositions(positions);
    std::optional<molspectra::Cell> cell;
    if (settings.periodic) {
        OpenMM::Vec3 box[3];
        compute.getPeriodicBoxVectors(box[0], box[1], box[2]);
        cell.emplace();
        for (size_t row = 0; row < 3; ++row)
            for (int d = 0; d < 3; ++d)
                (*cell)[row][static_cast<size_t>(d)] = box[row][d] * angstromsPerNanometer;
    }
    translateErrors("MolSpectraForce: ", [&] {
        atoms->checkDistances(positions, molspectra::findPairs(positions, settings.cutoff, cell));
    });
    throw OpenMMException("MolSpectraForce: listing pairs on the device: found positions that "
                          "cannot be evaluated, expected finite ones within 0.1 mm of the first");
}

/// Forces that are not finite are found here; in a plain step on a device that nobody waits for, at
/// the next evaluation.
double CommonCalcMolSpectraForceKernel::checkedEnergy(bool includeForces) {
    ModelArrays& arrays = inputs->arrays();
    const double energy = valuesOf(arrays.energy, settings.doublePrecision)[0];
    if (!includeForces && !std::isfinite(energy))  // the forces tell which atom it is
        exchange->evaluate(arrays, true);
    std::vector<double> forces;
    if (includeForces || !std::isfinite(energy))
        forces = valuesOf(arrays.forces, settings.doublePrecision);
    checkResult(energy, forces);
    return energy;
}

/// A result is refused once: the Context may be given other positions.
void CommonCalcMolSpectraForceKernel::checkResult(double energy,
                                                  const std::vector<double>& forces) {
    try {
        atoms->checkResult(energy, forces);
    } catch (const OpenMMException&) {
        inputs->forgetForces();
        throw;
    }
}

std::string CommonCalcMolSpectraForceKernel::getEvaluatorInUse() const {
    return cat("torchscript: ", settings.doublePrecision ? "double" : "single", " precision, ",
               exchange->describe());
}

}  // namespace MolSpectraPlugin
