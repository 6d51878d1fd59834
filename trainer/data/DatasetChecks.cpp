// What the labels themselves say of units and signs: physics that every molecule obeys.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/Units.h"
#include "trainer/data/Dataset.h"
#include "trainer/data/Molecule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace molspectra {

namespace {

using Frames = std::vector<const Frame*>;

/// Force RMS of molecules between 50 K and a few thousand kelvin, kcal/mol/angstrom.
constexpr double smallestForceRms = 3, largestForceRms = 200;
/// Distance of nearest atoms in sums of covalent radii, where half of all are nearer.
constexpr double smallestBond = 0.7, largestBond = 1.5;
/// Frames looked at, and about the most pairs of atoms in them.
constexpr size_t mostFrames = 300, mostPairs = 20'000'000;
/// Energies farther than this from the median of their molecule are none of it, in median
/// deviations and kcal/mol.
constexpr double mostDeviations = 50, leastOutlier = 100;
/// Frames of one molecule that a statement on them needs.
constexpr size_t fewestFrames = 10;

double median(std::vector<double> values) {
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

using Vector = std::array<double, 3>;

double dot(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

Vector cross(const Vector& a, const Vector& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// Without whole cell vectors: the shortest of all images if that is less than half as long as the
/// cell is high, as bonds are. Cells without volume are refused where pairs are looked for.
Vector shortest(Vector vector, const Cell& cell) {
    if (dot(cell[0], cross(cell[1], cell[2])) == 0.0)
        return vector;
    Vector wholes{};
    for (size_t k = 0; k < 3; k++) {
        const Vector normal = cross(cell[(k + 1) % 3], cell[(k + 2) % 3]);
        wholes[k] = std::round(dot(vector, normal) / dot(cell[k], normal));
    }
    for (size_t k = 0; k < 3; k++)
        for (size_t d = 0; d < 3; d++)
            vector[d] -= wholes[k] * cell[k][d];
    return vector;
}

Vector step(const Frame& frame, size_t from, size_t to) {
    Vector vector{};
    for (size_t d = 0; d < 3; d++)
        vector[d] = frame.positions[3 * to + d] - frame.positions[3 * from + d];
    return frame.cell ? shortest(vector, *frame.cell) : vector;
}

double length(const Vector& vector) {
    return std::hypot(vector[0], vector[1], vector[2]);
}

/// The atom nearest to each one.
std::vector<size_t> nearestAtoms(const Frame& frame) {
    const size_t atoms = frame.numbers.size();
    std::vector<size_t> nearest(atoms);
    for (size_t i = 0; i < atoms; i++) {
        double least = HUGE_VAL;
        for (size_t j = 0; j < atoms; j++)
            if (const double distance = length(step(frame, i, j)); j != i && distance < least) {
                least = distance;
                nearest[i] = j;
            }
    }
    return nearest;
}

/// Some of the frames, evenly over all.
Frames sampled(const Dataset& data) {
    Frames frames;
    size_t atoms = 1;
    for (const Frame& frame : data.frames)
        atoms = std::max(atoms, frame.numbers.size());
    const size_t most = std::clamp(mostPairs / (atoms * atoms), 2 * fewestFrames, mostFrames);
    const size_t stride = std::max<size_t>(1, data.frames.size() / most);
    for (size_t t = 0; t < data.frames.size(); t += stride)
        if (const Frame& frame = data.frames[t]; frame.numbers.size() > 1)
            frames.push_back(&frame);
    return frames;
}

std::optional<std::string> suspiciousForces(const Dataset& data) {
    const double rms = data.forceRms() * energyFactor(data.energyUnit, "kcal/mol");
    if (rms >= smallestForceRms && rms <= largestForceRms)
        return std::nullopt;
    return cat("the root mean square of the forces is ", toFixed(rms, 3), " kcal/mol/angstrom ",
               "if the data are in ", data.energyUnit, ", outside the usual ", smallestForceRms,
               " to ", largestForceRms, "; check the units of the data");
}

std::optional<std::string> suspiciousLengths(const Frames& frames) {
    std::vector<double> bonds;
    for (const Frame* frame : frames) {
        const std::vector<size_t> nearest = nearestAtoms(*frame);
        for (size_t i = 0; i < nearest.size(); i++)
            bonds.push_back(length(step(*frame, i, nearest[i])) /
                            (covalentRadius(frame->numbers[i]) +
                             covalentRadius(frame->numbers[nearest[i]])));
    }
    const double middle = bonds.empty() ? 1.0 : median(bonds);
    if (middle >= smallestBond && middle <= largestBond)
        return std::nullopt;
    return cat("nearest atoms are ", toFixed(middle, 2), " times the sum of their covalent radii ",
               "apart, expected about 1; check --length-unit");
}

/// How far bonds pull together when they are long: the sums of what both deviate by, over the
/// frames of a molecule.
struct Pull {
    double product = 0, lengths = 0, forces = 0;

    void add(const Frames& frames) {
        const std::vector<size_t> nearest = nearestAtoms(*frames.front());
        for (size_t i = 0; i < nearest.size(); i++)
            addBond(frames, i, nearest[i]);
    }

    double correlation() const { return product / std::sqrt(lengths * forces); }

private:
    void addBond(const Frames& frames, size_t i, size_t j) {
        std::vector<double> distances, apart;
        double meanDistance = 0, meanApart = 0;
        for (const Frame* frame : frames) {
            const Vector bond = step(*frame, i, j);
            distances.push_back(length(bond));
            double along = 0;
            for (size_t d = 0; d < 3; d++)
                along += (frame->forces[3 * j + d] - frame->forces[3 * i + d]) * bond[d];
            apart.push_back(along / distances.back());
            meanDistance += distances.back() / double(frames.size());
            meanApart += apart.back() / double(frames.size());
        }
        for (size_t t = 0; t < frames.size(); t++) {
            product += (distances[t] - meanDistance) * (apart[t] - meanApart);
            lengths += (distances[t] - meanDistance) * (distances[t] - meanDistance);
            forces += (apart[t] - meanApart) * (apart[t] - meanApart);
        }
    }
};

std::optional<std::string> suspiciousSigns(const Frames& frames) {
    std::map<std::vector<int>, Frames> molecules;
    for (const Frame* frame : frames)
        molecules[frame->numbers].push_back(frame);
    Pull pull;
    for (const auto& [numbers, same] : molecules)
        if (same.size() >= fewestFrames)
            pull.add(same);
    constexpr double wrongSign = 0.3;
    if (!(pull.correlation() > wrongSign))  // also where there are no such frames
        return std::nullopt;
    return "the longer a bond, the more the forces push its atoms apart, as gradients would; "
           "expected forces: turn their signs around";
}

std::optional<std::string> suspiciousEnergies(const Dataset& data) {
    std::map<std::vector<int>, std::vector<size_t>> molecules;
    for (size_t t = 0; t < data.frames.size(); t++)
        molecules[formulaOf(data.frames[t].numbers)].push_back(t);
    const double unit = energyFactor("kcal/mol", data.energyUnit);
    for (const auto& [formula, places] : molecules) {
        std::vector<double> energies, deviations;
        for (const size_t t : places)
            energies.push_back(data.frames[t].energy);
        const double middle = median(energies);
        for (const double energy : energies)
            deviations.push_back(std::abs(energy - middle));
        const double most = std::max(mostDeviations * median(deviations), leastOutlier * unit);
        const auto odd = std::find_if(deviations.begin(), deviations.end(),
                                      [&](double deviation) { return deviation > most; });
        if (places.size() >= fewestFrames && odd != deviations.end())
            return cat("frame ", places[size_t(odd - deviations.begin())], " (from 0) has an ",
                       "energy ", toFixed(*odd, 3), " ", data.energyUnit, " from the median of ",
                       "its molecule; if that calculation failed, leave the frame out");
    }
    return std::nullopt;
}

std::optional<std::string> suspiciousStates(const Dataset& data) {
    std::map<std::vector<int>, std::set<std::string>> molecules;
    for (const Frame& frame : data.frames) {
        std::set<std::string>& states = molecules[formulaOf(frame.numbers)];
        states.insert(frame.state);
        if (states.size() > 1)
            return cat("frames of one molecule have different states (",
                       join({states.begin(), states.end()}, "; "), "), which a network cannot ",
                       "tell apart; keep one charge and spin");
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> suspicions(const Dataset& data) {
    const Frames frames = sampled(data);
    std::vector<std::string> found;
    for (const auto& sentence : {suspiciousForces(data), suspiciousLengths(frames),
                                 suspiciousSigns(frames), suspiciousEnergies(data),
                                 suspiciousStates(data)})
        if (sentence)
            found.push_back(*sentence);
    return found;
}

}  // namespace molspectra
