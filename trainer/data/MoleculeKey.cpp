// Recognises a molecule by its bonds: labels of atoms, refined by those of their neighbours.
// SPDX-License-Identifier: MIT
#include "trainer/data/Molecule.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"

#include <algorithm>
#include <limits>

namespace molspectra {

namespace {

using Labels = std::vector<uint64_t>;
using Bonds = std::vector<std::vector<size_t>>;

/// Atoms nearer than this times the sum of their covalent radii are bonded.
constexpr double bondStretch = 1.25;

Bonds findBonds(std::span<const int> numbers, std::span<const double> positions) {
    Bonds bonds(numbers.size());
    std::vector<double> radii;
    for (const int number : numbers)
        radii.push_back(bondStretch * covalentRadius(number));
    for (size_t i = 0; i < numbers.size(); i++)
        for (size_t j = 0; j < i; j++) {
            const double x = positions[3 * i] - positions[3 * j];
            const double y = positions[3 * i + 1] - positions[3 * j + 1];
            const double z = positions[3 * i + 2] - positions[3 * j + 2];
            const double reach = radii[i] + radii[j];
            if (x * x + y * y + z * z < reach * reach) {
                bonds[i].push_back(j);
                bonds[j].push_back(i);
            }
        }
    return bonds;
}

/// Mixes another number into a label (the finishing steps of splitmix64).
uint64_t mixed(uint64_t label, uint64_t other) {
    uint64_t z = label * 0x9e3779b97f4a7c15u + other + 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t mixedSorted(uint64_t label, Labels& others) {
    std::sort(others.begin(), others.end());
    for (const uint64_t other : others)
        label = mixed(label, other);
    return label;
}

size_t countDistinct(Labels labels) {
    std::sort(labels.begin(), labels.end());
    return size_t(std::unique(labels.begin(), labels.end()) - labels.begin());
}

/// Weisfeiler and Lehman: an atom's label takes in those of its neighbours until no more atoms can
/// be told apart.
Labels refined(Labels labels, const Bonds& bonds) {
    for (size_t classes = 0, before = countDistinct(labels); classes != before;) {
        classes = before;
        Labels next(labels.size()), others;
        for (size_t i = 0; i < labels.size(); i++) {
            others.clear();
            for (const size_t j : bonds[i])
                others.push_back(labels[j]);
            next[i] = mixedSorted(labels[i], others);
        }
        labels = std::move(next);
        before = countDistinct(labels);
    }
    return labels;
}

/// Bonds on the shortest way from one atom to each; the largest number where there is none.
std::vector<size_t> distancesFrom(size_t start, const Bonds& bonds) {
    std::vector<size_t> distances(bonds.size(), std::numeric_limits<size_t>::max());
    std::vector<size_t> reached{start};
    distances[start] = 0;
    for (size_t k = 0; k < reached.size(); k++)
        for (const size_t j : bonds[reached[k]])
            if (distances[j] == std::numeric_limits<size_t>::max()) {
                distances[j] = distances[reached[k]] + 1;
                reached.push_back(j);
            }
    return distances;
}

/// Refined labels alone cannot tell two rings of three from one of six; how far each atom is from
/// all others can.
Labels withDistances(const Labels& labels, const Bonds& bonds) {
    Labels result(labels.size()), others(labels.size());
    for (size_t i = 0; i < labels.size(); i++) {
        const std::vector<size_t> distances = distancesFrom(i, bonds);
        for (size_t j = 0; j < labels.size(); j++)
            others[j] = mixed(labels[j], distances[j]);
        result[i] = mixedSorted(labels[i], others);
    }
    return result;
}

}  // namespace

std::string moleculeKey(std::span<const int> numbers, std::span<const double> positions) {
    if (positions.size() != 3 * numbers.size())
        fail("recognising a molecule: ", positions.size(), " coordinates were found for ",
             numbers.size(), " atoms");
    const Bonds bonds = findBonds(numbers, positions);
    Labels labels = withDistances(refined({numbers.begin(), numbers.end()}, bonds), bonds);
    std::sort(labels.begin(), labels.end());
    std::string text = cat(numbers.size());
    for (const uint64_t label : labels)
        text += cat(" ", label);
    return sha256(text);
}

}  // namespace molspectra
