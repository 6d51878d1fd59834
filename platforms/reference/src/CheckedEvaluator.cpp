// A model file's code may be another than that of the network its description names: then native
// kernels, which read only weights and description, compute something else.
// SPDX-License-Identifier: MIT
#include "platforms/reference/src/CheckedEvaluator.h"

#include "core/Random.h"
#include "core/Text.h"

#include <openmm/OpenMMException.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace MolSpectraPlugin {

using molspectra::cat;

namespace {

constexpr double angstromsPerNanometer = 10.0;

/// Vectors that vanish by symmetry, as in methane or carbon dioxide, have no direction: rounding
/// gives them one, and forces follow it. It is the code that is judged, not the system, so that a
/// neighboring geometry without symmetry will do.
std::vector<double> displaced(std::span<const double> positions) {
    constexpr double step = 0.02;  // angstrom
    molspectra::Random random(1);
    std::vector<double> moved(positions.begin(), positions.end());
    for (double& x : moved)
        x += step * (random.uniform() - 0.5);
    return moved;
}

double rootMeanSquare(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value * value;
    return std::sqrt(sum / static_cast<double>(values.size()));
}

}  // namespace

double CheckedEvaluator::evaluate(std::span<const int> atomicNumbers,
                                  std::span<const double> positions,
                                  const std::optional<molspectra::Cell>& cell,
                                  std::span<double> forces) {
    if (specification) {
        const bool whole = atomicNumbers.size() <= mostAtoms;
        const size_t atoms = whole ? atomicNumbers.size() : mostAtoms;
        const std::optional<molspectra::Cell> open;
        const std::vector<double> moved = displaced(positions.first(3 * atoms));
        check({atomicNumbers.first(atoms), moved, whole ? cell : open});
    }
    return checked->evaluate(atomicNumbers, positions, cell, forces);
}

void CheckedEvaluator::check(const Sample& sample) {
    const Result expected = resultOf(*specification, sample);
    if (!std::isfinite(expected.energy) || !std::isfinite(rootMeanSquare(expected.forces)))
        return;  // nothing to learn from this geometry, and the kernel refuses it
    const Result found = resultOf(*checked, sample);
    compareEnergies(found.energy, expected.energy, sample.atomicNumbers.size());
    compareForces(found.forces, expected.forces);
    specification.reset();
}

CheckedEvaluator::Result CheckedEvaluator::resultOf(Evaluator& evaluator,
                                                    const Sample& sample) const {
    Result result{0.0, std::vector<double>(sample.positions.size())};
    result.energy = energyScale * evaluator.evaluate(sample.atomicNumbers, sample.positions,
                                                     sample.cell, result.forces);
    for (double& force : result.forces)
        force *= energyScale * angstromsPerNanometer;
    return result;
}

void CheckedEvaluator::compareEnergies(double found, double expected, size_t atoms) const {
    const double allowed = tolerance.energy * std::abs(expected) +
                           tolerance.energyPerAtom * static_cast<double>(atoms);
    const double difference = std::abs(found - expected);
    if (!(difference <= allowed))
        refuse("the energy differs", difference, allowed, "kJ/mol");
}

void CheckedEvaluator::compareForces(const std::vector<double>& found,
                                     const std::vector<double>& expected) const {
    std::vector<double> differences(found.size());
    std::ranges::transform(found, expected, differences.begin(), std::minus());
    const double allowed = tolerance.force * rootMeanSquare(expected) + tolerance.forceFloor;
    const double difference = rootMeanSquare(differences);
    if (!(difference <= allowed))
        refuse("the forces differ", difference, allowed, "kJ/mol/nm");
}

void CheckedEvaluator::refuse(const std::string& what, double difference, double allowed,
                              const char* unit) const {
    throw OpenMM::OpenMMException(
        cat("MolSpectraForce: comparing the native evaluation of model ", model,
            " with TorchScript: ", what, " by ", difference, " ", unit, ", expected at most ",
            allowed, " ", unit,
            "; the model's code is not that of the network it describes: try the evaluator "
            "torchscript"));
}

}  // namespace MolSpectraPlugin
