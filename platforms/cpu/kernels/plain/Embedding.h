// What an atom knows of itself and of its neighbors' elements before the first layer, (5).
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Functions.h"
#include "platforms/cpu/kernels/plain/Geometry.h"

#include <optional>
#include <span>

namespace molspectra::native::plain {

template <class T>
struct NeighborWeights {
    Matrix<T> embedding;  ///< B [elements, F]
    Dense<T> filter;      ///< [F,K]
    Dense<T> combine;     ///< [F,2F]
};

template <class T>
struct EmbeddingWeights {
    Matrix<T> embedding;  ///< A [elements, F]
    std::optional<NeighborWeights<T>> neighbor;
};

/// The rows of a table that belong to the atoms: [elements, F] -> [N,F].
template <class T>
Matrix<T> lookUp(const Matrix<T>& table, std::span<const int> numbers) {
    Matrix<T> x(numbers.size(), table.columns());
    for (size_t i = 0; i < numbers.size(); i++)
        for (size_t c = 0; c < table.columns(); c++)
            x(i, c) = table(size_t(numbers[i]), c);
    return x;
}

/// n_i of (5) [N,F].
template <class T>
Matrix<T> neighborhood(const NeighborWeights<T>& weights, std::span<const int> numbers,
                       const Geometry<T>& geometry) {
    const Matrix<T> filter = linear(geometry.radial, weights.filter);
    Matrix<T> n(numbers.size(), filter.columns());
    for (const Edge& edge : geometry.edges) {
        if (edge.sign == 0)
            continue;
        const size_t element = size_t(numbers[edge.sender]);
        for (size_t c = 0; c < n.columns(); c++)
            n(edge.receiver, c) += weights.embedding(element, c) * filter(edge.row, c) *
                                   geometry.phi[edge.row];
    }
    return n;
}

/// Gradient of neighborhood(), added to that of the geometry.
template <class T>
void neighborhoodAdjoint(const NeighborWeights<T>& weights, std::span<const int> numbers,
                         const Geometry<T>& geometry, const Matrix<T>& nGradient,
                         GeometryGradient<T>& gradient) {
    const Matrix<T> filter = linear(geometry.radial, weights.filter);
    Matrix<T> filterGradient(filter.rows(), filter.columns());
    for (const Edge& edge : geometry.edges) {
        if (edge.sign == 0)
            continue;
        const size_t element = size_t(numbers[edge.sender]);
        for (size_t c = 0; c < filter.columns(); c++) {
            const T product = nGradient(edge.receiver, c) * weights.embedding(element, c);
            filterGradient(edge.row, c) += product * geometry.phi[edge.row];
            gradient.phi[edge.row] += product * filter(edge.row, c);
        }
    }
    gradient.radial += linearAdjoint(filterGradient, weights.filter);
}

/// Embedding (5): x of the elements and, if there are weights for them, of the neighbors'; v = 0.
template <class T>
State<T> embed(const EmbeddingWeights<T>& weights, std::span<const int> numbers,
               const Geometry<T>& geometry) {
    Matrix<T> x = lookUp(weights.embedding, numbers);
    if (weights.neighbor) {
        const Matrix<T> n = neighborhood(*weights.neighbor, numbers, geometry);
        x = linear(join(x, n), weights.neighbor->combine);
    }
    Matrix<T> v(3 * x.rows(), x.columns());
    return {std::move(x), std::move(v)};
}

/// Gradient of embed(), added to that of the geometry.
template <class T>
void embedAdjoint(const EmbeddingWeights<T>& weights, std::span<const int> numbers,
                  const Geometry<T>& geometry, const Matrix<T>& xGradient,
                  GeometryGradient<T>& gradient) {
    if (!weights.neighbor)
        return;
    const auto parts = split<2>(linearAdjoint(xGradient, weights.neighbor->combine));
    neighborhoodAdjoint(*weights.neighbor, numbers, geometry, parts[1], gradient);
}

}  // namespace molspectra::native::plain
