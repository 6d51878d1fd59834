// Small systems, configurations and weights for the tests of the native network.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "core/Neighbors.h"
#include "core/Random.h"
#include "platforms/cpu/kernels/Pairs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace molspectra::native::test {

/// Atoms in open space or in a cell; lengths in angstrom.
struct System {
    std::string name;
    std::vector<int> numbers;
    std::vector<double> positions;
    std::optional<Cell> cell;
};

inline System ethanol() {
    return {"ethanol",
            {6, 6, 8, 1, 1, 1, 1, 1, 1},
            {0.01,  -0.56, 0.02,  -1.28, 0.26,  -0.01, 1.13, 0.31,  -0.03,
             -0.01, -1.21, 0.91,  0.04,  -1.22, -0.85, -1.30, 0.90, 0.88,
             -1.32, 0.91,  -0.90, -2.17, -0.39, 0.03,  1.99, -0.14, 0.05},
            {}};
}

/// Ethanol, and one atom that nobody sees.
inline System withLoneAtom() {
    System system = ethanol();
    system.name = "loneAtom";
    system.numbers.push_back(8);
    system.positions.insert(system.positions.end(), {20.0, -3.0, 11.0});
    return system;
}

/// Along an axis, where vectors have exact zeros: whitening magnifies what rounding leaves across a
/// line by a factor near 180, and once more in every layer, so that tilted ones have no digits to
/// compare.
inline System twoAtoms() {
    return {"twoAtoms", {1, 8}, {0.1, 0.2, 0.3, 1.07, 0.2, 0.3}, {}};
}

inline System oneAtom() {
    return {"oneAtom", {6}, {0.1, 0.2, 0.3}, {}};
}

/// A triclinic cell narrower than the cutoff: atoms see their own images and many of the others'.
inline System smallCell() {
    return {"smallCell",
            {8, 1, 1, 6},
            {0.3, 0.2, 0.1, 1.2, 0.3, 0.2, 0.1, 1.1, 0.4, 2.4, 2.2, 1.9},
            Cell{{{4.1, 0.0, 0.0}, {0.9, 3.8, 0.0}, {-0.7, 1.1, 4.3}}}};
}

/// More atoms than keep their order, more pairs than are worked on at once: 27 in a cube.
inline System crowd(double spacing = 1.5) {
    constexpr int edge = 3;
    System system{"crowd", {}, {}, {}};
    for (int n = 0; n < edge * edge * edge; ++n) {
        constexpr std::array<int, 4> elements{6, 1, 8, 7};
        system.numbers.push_back(elements[size_t(n) % elements.size()]);
        for (const int place : {n % edge, n / edge % edge, n / (edge * edge)})
            system.positions.push_back(spacing * place + 0.2 * std::sin(double(n * n + place)));
    }
    return system;
}

inline std::vector<System> systems() {
    return {ethanol(), withLoneAtom(), twoAtoms(), oneAtom(), smallCell(), crowd()};
}

/// One of the two directions of every pair: i < j, or of an atom and its image, a shift whose
/// first component that is not zero is positive.
inline std::vector<HalfPair> halfPairs(const NeighborPairs& pairs) {
    std::vector<HalfPair> halves;
    for (size_t p = 0; p < pairs.size(); p++) {
        const std::array<double, 3> shift{pairs.shift[3 * p], pairs.shift[3 * p + 1],
                                          pairs.shift[3 * p + 2]};
        const int64_t i = pairs.receiver[p], j = pairs.sender[p];
        if (i < j || (i == j && shift > std::array<double, 3>{}))
            halves.push_back({int(i), int(j), shift});
    }
    return halves;
}

/// Candidates of a system: those within the cutoff and some beyond it.
inline std::vector<HalfPair> candidates(const System& system, double cutoff, double skin = 0.7) {
    return halfPairs(findPairs(system.positions, cutoff + skin, system.cell));
}

/// A configuration with a name for the test's title.
struct Variant {
    std::string name;
    ModelConfig config;

    bool whitened() const { return config.layerNorms || config.vectorNorm != "none"; }
};

/// The published settings at a small size, and every option that the native network knows.
inline std::vector<Variant> variants() {
    ModelConfig small;
    small.channels = 32;
    small.heads = 4;
    small.layers = 3;
    small.radialFunctions = 8;
    std::vector<Variant> list{{"md17", small}};
    const auto add = [&](const std::string& name, const std::function<void(ModelConfig&)>& change) {
        list.push_back({name, small});
        change(list.back().config);
    };
    add("qm9", [](ModelConfig& c) { c.layerNorms = true, c.vectorNorm = "whitened"; });
    add("layerNormsAlone", [](ModelConfig& c) { c.layerNorms = true; });
    add("whitenedEndAlone", [](ModelConfig& c) { c.vectorNorm = "whitened"; });
    add("anisotropic", [](ModelConfig& c) {
        c.layerNorms = true, c.vectorNorm = "whitened-anisotropic";
    });
    add("gauss", [](ModelConfig& c) { c.radialType = "gauss"; });
    add("trainableRadial", [](ModelConfig& c) { c.trainableRadial = true; });
    add("lowerCutoff", [](ModelConfig& c) { c.cutoffLower = 1.0; });
    add("gaussLowerCutoff", [](ModelConfig& c) { c.radialType = "gauss", c.cutoffLower = 1.0; });
    add("historicCutoff", [](ModelConfig& c) { c.vectorCutoff = false; });
    add("noNeighborEmbedding", [](ModelConfig& c) { c.neighborEmbedding = false; });
    add("oneLayerNoiseHead", [](ModelConfig& c) { c.layers = 1, c.noiseHead = true; });
    return list;
}

inline void PrintTo(const Variant& variant, std::ostream* stream) {
    *stream << variant.name;
}

/// Standard normal numbers.
inline std::vector<double> normals(size_t count, Random& random) {
    std::vector<double> values(count);
    for (double& value : values)
        value = random.normal();
    return values;
}

/// Largest difference over the root mean square of what is expected; 0 if both are all zero.
/// Infinity if a number is not finite or the sizes differ.
inline double relativeDifference(const std::vector<double>& found,
                                 const std::vector<double>& expected) {
    double largest = 0, square = 0;
    if (found.size() != expected.size())
        return std::numeric_limits<double>::infinity();
    for (size_t n = 0; n < found.size(); n++) {
        if (!std::isfinite(found[n]))
            return std::numeric_limits<double>::infinity();
        largest = std::max(largest, std::abs(found[n] - expected[n]));
        square += expected[n] * expected[n];
    }
    return largest == 0 ? 0 : largest / std::sqrt(square / double(found.size()));
}

/// Derivative at 0 of a list-valued function of one number, by central differences of fourth order.
template <class Function>
std::vector<double> centralDifference(const Function& function, double step) {
    std::vector<double> derivative;
    for (const auto& [multiple, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
        const std::vector<double> values = function(multiple * step);
        derivative.resize(values.size());
        for (size_t n = 0; n < values.size(); n++)
            derivative[n] += weight * values[n] / (12 * step);
    }
    return derivative;
}

/// a + factor b.
inline std::vector<double> plus(std::vector<double> a, double factor,
                                const std::vector<double>& b) {
    for (size_t n = 0; n < a.size(); n++)
        a[n] += factor * b[n];
    return a;
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (size_t n = 0; n < a.size(); n++)
        sum += a[n] * b[n];
    return sum;
}

}  // namespace molspectra::native::test
