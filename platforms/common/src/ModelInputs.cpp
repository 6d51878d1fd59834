// The list of pairs is made anew at every evaluation: for the sizes a network is used with that
// costs less than keeping one up to date.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/ModelInputs.h"

#include "openmm_molspectra_common/Embedded.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

namespace MolSpectraPlugin {

using OpenMM::ComputeKernel;
using OpenMM::mm_double4;
using OpenMM::mm_float4;
using OpenMM::mm_int4;
using OpenMM::Vec3;

namespace {

constexpr double angstromsPerNanometer = 10.0;

/// Up to here there are places for every pair that a molecule can have, and the number of places
/// never changes.
constexpr int64_t mostPlacesForAll = 2048;
/// Beyond, so much more than was needed when places ran out.
constexpr double reserve = 1.25;
constexpr int granule = 64;

void setVector(ComputeKernel& kernel, int index, const Vec3& value, bool wide) {
    if (wide)
        kernel->setArg(index, mm_double4(value[0], value[1], value[2], 0.0));
    else
        kernel->setArg(index, mm_float4(static_cast<float>(value[0]), static_cast<float>(value[1]),
                                        static_cast<float>(value[2]), 0.0f));
}

void setReal(ComputeKernel& kernel, int index, double value, bool wide) {
    if (wide)
        kernel->setArg(index, value);
    else
        kernel->setArg(index, static_cast<float>(value));
}

/// How many boxes on either side of the nearest image (by cell coordinates) can hold an atom
/// within the cutoff. Box vectors are in OpenMM's reduced form.
mm_int4 imagesWithin(double cutoff, const std::array<Vec3, 3>& box) {
    const auto reach = [&](double width, double skew) {
        return static_cast<int>(std::floor(cutoff / width + 0.5 + skew));
    };
    // A step along c moves an atom by at most half of b, and of a; a step along b by half of a.
    const int c = reach(box[2][2], 0.0);
    const int b = reach(box[1][1], 0.5 * c);
    const int a = reach(box[0][0], 0.5 * b + 0.5 * c);
    return {a, b, c, 0};
}

bool same(const mm_int4& a, const mm_int4& b) {
    return a.x == b.x && a.y == b.y && a.z == b.z;
}

}  // namespace

/// OpenMM calls it when atoms have changed their slots.
class ModelInputs::Listener : public OpenMM::ComputeContext::ReorderListener {
public:
    explicit Listener(bool& reordered) : reordered(reordered) {}
    void execute() override { reordered = true; }

private:
    bool& reordered;
};

ModelInputs::ModelInputs(OpenMM::ComputeContext& context, const AtomSelection& atoms,
                         const PairSettings& settings)
    : context(context), settings(settings), particles(atoms.particles()) {
    makeArrays(atoms);
    makeKernels();
    counted = context.createEvent();
    context.addReorderListener(new Listener(reordered));
}

void ModelInputs::makeArrays(const AtomSelection& atoms) {
    const size_t count = atoms.size();
    const int real = settings.doublePrecision ? sizeof(double) : sizeof(float);
    arrays_.atoms = static_cast<int>(count);
    arrays_.doublePrecision = settings.doublePrecision;
    std::vector<int64_t> numbers(atoms.atomicNumbers().begin(), atoms.atomicNumbers().end());
    numbers.push_back(numbers.front());
    std::vector<int64_t> molecule(count + 1, 0);
    molecule.back() = 1;
    arrays_.numbers.initialize<int64_t>(context, count + 1, "molspectraNumbers");
    arrays_.numbers.upload(numbers);
    arrays_.molecule.initialize<int64_t>(context, count + 1, "molspectraMolecule");
    arrays_.molecule.upload(molecule);
    arrays_.positions.initialize(context, 3 * (count + 1), real, "molspectraPositions");
    context.clearBuffer(arrays_.positions);
    arrays_.forces.initialize(context, 3 * count, real, "molspectraForces");
    forgetForces();
    arrays_.energy.initialize(context, 1, real, "molspectraEnergy");
    arrays_.pairs.initialize<int64_t>(context, 2, "molspectraPairs");
    arrays_.shifts.initialize(context, 3, real, "molspectraShifts");
    deviceSlots.initialize<int>(context, count, "molspectraSlots");
    deviceImages.initialize<mm_int4>(context, count, "molspectraImages");
    counts.initialize<int>(context, count, "molspectraCounts");
    total.initialize<int>(context, 1, "molspectraTotal");
    setCapacity(placesFor(0));
}

/// Arguments without a value get one before each launch.
void ModelInputs::makeKernels() {
    std::map<std::string, std::string> defines = {
        {"MODEL_REAL", settings.doublePrecision ? "double" : "float"},
        {"MODEL_REAL4", settings.doublePrecision ? "double4" : "float4"},
        {"PADDED_NUM_ATOMS", context.intToString(context.getPaddedNumAtoms())}};
    if (settings.periodic)
        defines.emplace("PERIODIC", "1");
    const auto program = context.compileProgram(molspectra::embedded::ModelArrays, defines);
    const auto addEmpty = [](ComputeKernel& kernel, int arguments) {
        for (int i = 0; i < arguments; ++i)
            kernel->addArg();
    };
    gatherKernel = program->createKernel("gatherPositions");
    gatherKernel->addArg(arrays_.atoms);
    gatherKernel->addArg(context.getPosq());
    if (context.getUseMixedPrecision())
        gatherKernel->addArg(context.getPosqCorrection());
    gatherKernel->addArg(deviceSlots);
    gatherKernel->addArg(deviceImages);
    addEmpty(gatherKernel, 3);
    gatherKernel->addArg(arrays_.positions);
    for (const bool write : {false, true}) {
        ComputeKernel& kernel = write ? writeKernel : countKernel;
        kernel = program->createKernel(write ? "writePairs" : "countPairs");
        kernel->addArg(arrays_.atoms);
        addEmpty(kernel, 7);
        kernel->addArg(arrays_.positions);
        kernel->addArg(arrays_.pairs);
        kernel->addArg(arrays_.shifts);
        kernel->addArg(counts);
    }
    countKernel->addArg(arrays_.forces);
    addEmpty(writeKernel, 1);
    writeKernel->addArg(total);
    forceKernel = program->createKernel("addForces");
    forceKernel->addArg(arrays_.atoms);
    forceKernel->addArg(deviceSlots);
    forceKernel->addArg(arrays_.forces);
    addEmpty(forceKernel, 1);
    forceKernel->addArg(context.getLongForceBuffer());
}

bool ModelInputs::write() {
    followOrder();
    gather();
    int found = listPairs();
    if (found > arrays_.capacity) {
        setCapacity(placesFor(found));
        found = listPairs();
    }
    return found >= 0;
}

void ModelInputs::addForces(double scale) {
    setReal(forceKernel, 3, scale, settings.doublePrecision);
    forceKernel->execute(arrays_.atoms);
}

void ModelInputs::forgetForces() {
    context.clearBuffer(arrays_.forces);
}

/// Offsets change when atoms are reordered, but also with setPositions() and when a checkpoint is
/// loaded, of which a listener hears nothing.
void ModelInputs::followOrder() {
    if (reordered) {
        std::vector<int> slotOf(static_cast<size_t>(context.getNumAtoms()));
        for (int slot = 0; slot < context.getNumAtoms(); ++slot)
            slotOf[static_cast<size_t>(context.getAtomIndex()[static_cast<size_t>(slot)])] = slot;
        slots.clear();
        for (const int particle : particles)
            slots.push_back(slotOf[static_cast<size_t>(particle)]);
        deviceSlots.upload(slots);
        reordered = false;
    }
    std::vector<mm_int4> now(slots.size(), mm_int4(0, 0, 0, 0));
    if (!settings.periodic)
        std::ranges::transform(slots, now.begin(), [&](int slot) {
            return context.getPosCellOffsets()[static_cast<size_t>(slot)];
        });
    if (!std::ranges::equal(now, images, same)) {
        deviceImages.upload(now);
        images = now;
    }
}

void ModelInputs::gather() {
    Box box;
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    const bool wide = context.getUseDoublePrecision() || context.getUseMixedPrecision();
    const int first = context.getUseMixedPrecision() ? 5 : 4;
    for (int k = 0; k < 3; ++k)
        setVector(gatherKernel, first + k, box[static_cast<size_t>(k)], wide);
    gatherKernel->execute(arrays_.atoms);
}

void ModelInputs::setPairArguments(ComputeKernel& kernel, int first, const Box& box) const {
    const bool wide = settings.doublePrecision;
    const double lengths[] = {settings.cutoff, AtomSelection::coincidence, AtomSelection::farthest};
    for (int k = 0; k < 3; ++k) {
        setReal(kernel, first + k, lengths[k], wide);
        setVector(kernel, first + 3 + k, box[static_cast<size_t>(k)], wide);
    }
    kernel->setArg(first + 6, settings.periodic ? imagesWithin(settings.cutoff, box)
                                                : mm_int4(0, 0, 0, 0));
}

int ModelInputs::listPairs() {
    Box box;
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    for (Vec3& vector : box)
        vector *= angstromsPerNanometer;
    setPairArguments(countKernel, 1, box);
    setPairArguments(writeKernel, 1, box);
    writeKernel->setArg(12, arrays_.capacity);
    countKernel->execute(arrays_.atoms);
    writeKernel->execute(std::max(arrays_.atoms, std::min(arrays_.capacity, arrays_.atoms * 8)));
    const auto* found = static_cast<int*>(context.getPinnedBuffer());
    total.download(context.getPinnedBuffer(), false);
    counted->enqueue();
    counted->wait();
    return *found;
}

void ModelInputs::setCapacity(int capacity) {
    arrays_.capacity = 0;  // until the memory is there
    arrays_.pairs.resize(2 * static_cast<size_t>(capacity));
    arrays_.shifts.resize(3 * static_cast<size_t>(capacity));
    arrays_.capacity = capacity;
}

int ModelInputs::placesFor(int pairs) const {
    const int64_t atoms = arrays_.atoms;
    if (!settings.periodic && atoms * (atoms - 1) <= mostPlacesForAll)
        return static_cast<int>(std::max<int64_t>(1, atoms * (atoms - 1)));
    const int enough = static_cast<int>(reserve * pairs) + 1;
    return (enough + granule - 1) / granule * granule;
}

}  // namespace MolSpectraPlugin
