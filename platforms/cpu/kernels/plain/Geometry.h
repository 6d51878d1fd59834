// From positions to what the layers see of them: distances, directions, cutoff, radial functions.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Pairs.h"
#include "platforms/cpu/kernels/plain/Matrix.h"
#include "platforms/cpu/kernels/plain/Radial.h"

#include <cmath>
#include <span>

namespace molspectra::native::plain {

/// Atom `receiver` hears from atom `sender`.
struct Edge {
    size_t receiver, sender;
    size_t row;  ///< of the geometry
    int sign;    ///< of the row's direction as the receiver sees it; 0 for an atom with itself
};

/// All pairs closer than the cutoff. A pair's row serves both of its edges; one last row, of
/// r = 0, serves every atom as its own neighbor. R is the number of rows.
template <class T>
struct Geometry {
    std::vector<Edge> edges;
    std::vector<T> r;     ///< angstrom [R]
    Matrix<T> direction;  ///< unit vectors from i to j [R,3], zero in the last row
    std::vector<T> phi;   ///< [R]
    Matrix<T> radial;     ///< [R,K]

    size_t rows() const { return r.size(); }
};

/// Gradient by the members of a Geometry that layers read.
template <class T>
struct GeometryGradient {
    explicit GeometryGradient(const Geometry<T>& geometry)
        : direction(geometry.rows(), 3), phi(geometry.rows()),
          radial(geometry.rows(), geometry.radial.columns()) {}

    Matrix<T> direction;  ///< [R,3]
    std::vector<T> phi;   ///< [R]
    Matrix<T> radial;     ///< [R,K]
};

/// d = x_j + shift - x_i, angstrom.
template <class T>
std::array<T, 3> displacement(std::span<const T> positions, const HalfPair& pair) {
    std::array<T, 3> d;
    for (size_t axis = 0; axis < 3; axis++)
        d[axis] = positions[3 * size_t(pair.j) + axis] - positions[3 * size_t(pair.i) + axis] +
                  T(pair.shift[axis]);
    return d;
}

template <class T>
T length(const std::array<T, 3>& d) {
    using std::sqrt;
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

/// Distances and directions of the pairs closer than the cutoff; one row a pair, and the last.
template <class T>
void findRows(Geometry<T>& geometry, std::span<const T> positions, std::span<const HalfPair> pairs,
              double cutoff) {
    std::vector<T> directions;
    for (const HalfPair& pair : pairs) {
        const std::array<T, 3> d = displacement(positions, pair);
        const T r = length(d);
        if (!(r < T(cutoff)))
            continue;
        const size_t i = size_t(pair.i), j = size_t(pair.j), row = geometry.rows();
        geometry.edges.push_back({i, j, row, 1});
        geometry.edges.push_back({j, i, row, -1});
        geometry.r.push_back(r);
        for (const T& component : d)
            directions.push_back(component / r);
    }
    geometry.r.push_back(T(0));
    directions.resize(3 * geometry.rows());
    geometry.direction = Matrix<T>(3, std::move(directions));
}

/// Positions [N,3] -> everything that layers see of them, by (1) to (4).
template <class T>
Geometry<T> findGeometry(const RadialWeights<T>& weights, std::span<const T> positions,
                         std::span<const HalfPair> pairs) {
    Geometry<T> geometry;
    findRows(geometry, positions, pairs, weights.range.upper);
    for (size_t i = 0; i < positions.size() / 3; i++)
        geometry.edges.push_back({i, i, geometry.rows() - 1, 0});
    geometry.radial = Matrix<T>(geometry.rows(), weights.count());
    for (size_t row = 0; row < geometry.rows(); row++) {
        const T& r = geometry.r[row];
        geometry.phi.push_back(cutoff(r, weights.range).value);
        for (size_t k = 0; k < weights.count(); k++)
            geometry.radial(row, k) = weights(k, r).value;
    }
    return geometry;
}

/// Gradient by the displacement of one row: what comes through the distance points along it, what
/// comes through the direction stands across.
template <class T>
std::array<T, 3> displacementGradient(const RadialWeights<T>& weights, const Geometry<T>& geometry,
                                      const GeometryGradient<T>& gradient, size_t row) {
    const T& r = geometry.r[row];
    T along = gradient.phi[row] * cutoff(r, weights.range).slope;
    for (size_t k = 0; k < weights.count(); k++)
        along += gradient.radial(row, k) * weights(k, r).slope;
    T overlap = T(0);
    for (size_t axis = 0; axis < 3; axis++)
        overlap += gradient.direction(row, axis) * geometry.direction(row, axis);
    std::array<T, 3> result;
    for (size_t axis = 0; axis < 3; axis++) {
        const T& unit = geometry.direction(row, axis);
        result[axis] = along * unit + (gradient.direction(row, axis) - overlap * unit) / r;
    }
    return result;
}

/// Gradient by positions [N,3] of findGeometry(), added to `positions`. The row of r = 0 depends
/// on no position.
template <class T>
void geometryAdjoint(const RadialWeights<T>& weights, const Geometry<T>& geometry,
                     const GeometryGradient<T>& gradient, std::span<T> positions) {
    for (const Edge& edge : geometry.edges) {
        if (edge.sign != 1)
            continue;
        const auto d = displacementGradient(weights, geometry, gradient, edge.row);
        for (size_t axis = 0; axis < 3; axis++) {
            positions[3 * edge.sender + axis] += d[axis];
            positions[3 * edge.receiver + axis] -= d[axis];
        }
    }
}

}  // namespace molspectra::native::plain
