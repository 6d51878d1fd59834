// The energy head: two gated equivariant blocks, (15) to (17), and the sum over atoms.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Functions.h"

#include <cmath>

namespace molspectra::native::plain {

/// A gated block of C channels. The last block gives scalars only, as nothing reads its vectors.
template <class T>
struct BlockWeights {
    Dense<T> length;  ///< W of (15) [C,C], without bias
    Dense<T> hidden;  ///< inner matrix of (16) [C,2C]
    Dense<T> output;  ///< outer matrix of (16): rows of s, then of g [2D,C]; [1,C] in the last
};

template <class T>
struct HeadWeights {
    BlockWeights<T> first;  ///< F to F/2 channels
    Dense<T> direction;     ///< W of (17) in the first block [F/2,F], without bias
    BlockWeights<T> last;   ///< F/2 channels to one number
    T scale;                ///< energy_scale
};

/// (15): vectors u [3N,C] -> their lengths p [N,C].
template <class T>
Matrix<T> lengths(const Matrix<T>& u) {
    using std::sqrt;
    Matrix<T> p(u.rows() / 3, u.columns());
    for (size_t i = 0; i < p.rows(); i++)
        for (size_t c = 0; c < p.columns(); c++) {
            T square = T(0);
            for (size_t row = 3 * i; row < 3 * i + 3; row++)
                square += u(row, c) * u(row, c);
            p(i, c) = square == T(0) ? T(0) : sqrt(square);
        }
    return p;
}

/// Gradient by u of lengths(): zero at zero vectors, by definition.
template <class T>
Matrix<T> lengthsAdjoint(const Matrix<T>& u, const Matrix<T>& gradient) {
    const Matrix<T> p = lengths(u);
    Matrix<T> result(u.rows(), u.columns());
    for (size_t row = 0; row < u.rows(); row++)
        for (size_t c = 0; c < u.columns(); c++)
            if (!(p(row / 3, c) == T(0)))
                result(row, c) = gradient(row / 3, c) * u(row, c) / p(row / 3, c);
    return result;
}

/// What (16) feeds to the inner matrix: [x ; p] [N,2C].
template <class T>
Matrix<T> blockInput(const BlockWeights<T>& weights, const State<T>& state) {
    return join(state.x, lengths(linear(state.v, weights.length)));
}

/// (15) and (16): x [N,C], v [3N,C] -> s and g, side by side [N,2D].
template <class T>
Matrix<T> gates(const BlockWeights<T>& weights, const State<T>& state) {
    return linear(silu(linear(blockInput(weights, state), weights.hidden)), weights.output);
}

/// Gradient by the state of gates().
template <class T>
State<T> gatesAdjoint(const BlockWeights<T>& weights, const State<T>& state,
                      const Matrix<T>& byGates) {
    const Matrix<T> hidden = linear(blockInput(weights, state), weights.hidden);
    const Matrix<T> byHidden = siluAdjoint(hidden, linearAdjoint(byGates, weights.output));
    auto [byX, byP] = split<2>(linearAdjoint(byHidden, weights.hidden));
    const Matrix<T> byU = lengthsAdjoint(linear(state.v, weights.length), byP);
    return {byX, linearAdjoint(byU, weights.length)};
}

/// The first block, (15) to (17): F -> F/2 channels.
template <class T>
State<T> gatedBlock(const HeadWeights<T>& weights, const State<T>& state) {
    const auto [s, g] = split<2>(gates(weights.first, state));
    Matrix<T> v = linear(state.v, weights.direction);
    for (size_t row = 0; row < v.rows(); row++)
        for (size_t c = 0; c < v.columns(); c++)
            v(row, c) *= g(row / 3, c);
    return {silu(s), v};
}

/// Gradient by the state of gatedBlock().
template <class T>
State<T> gatedBlockAdjoint(const HeadWeights<T>& weights, const State<T>& state,
                           const State<T>& by) {
    const auto [s, g] = split<2>(gates(weights.first, state));
    const Matrix<T> directions = linear(state.v, weights.direction);
    Matrix<T> byG(g.rows(), g.columns()), byDirections(directions.rows(), directions.columns());
    for (size_t row = 0; row < directions.rows(); row++)
        for (size_t c = 0; c < directions.columns(); c++) {
            byG(row / 3, c) += by.v(row, c) * directions(row, c);
            byDirections(row, c) = by.v(row, c) * g(row / 3, c);
        }
    State<T> result = gatesAdjoint(weights.first, state, join(siluAdjoint(s, by.x), byG));
    result.v += linearAdjoint(byDirections, weights.direction);
    return result;
}

/// E = scale times the sum over atoms of the last block's scalar.
template <class T>
T headEnergy(const HeadWeights<T>& weights, const State<T>& state) {
    T sum = T(0);
    for (const T& energy : gates(weights.last, gatedBlock(weights, state)).values())
        sum += energy;
    return weights.scale * sum;
}

/// Gradient by the state of headEnergy().
template <class T>
State<T> headAdjoint(const HeadWeights<T>& weights, const State<T>& state) {
    const std::vector<T> scales(state.x.rows(), weights.scale);
    const State<T> between = gatedBlock(weights, state);
    const State<T> by = gatesAdjoint(weights.last, between, Matrix<T>(1, scales));
    return gatedBlockAdjoint(weights, state, by);
}

}  // namespace molspectra::native::plain
