// Whitening of the vector features of each atom, (14), in double precision.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Dual.h"
#include "platforms/cpu/kernels/plain/Matrix.h"

#include <array>
#include <cmath>

namespace molspectra::native::plain {

template <class T>
struct WhitenWeights {
    std::vector<T> weight;                 ///< [F]
    std::array<double, 3> regularization;  ///< diagonal of R
};

/// A 3x3 matrix.
template <class W>
using Square = std::array<std::array<W, 3>, 3>;

template <class W>
Square<W> diagonal(const W& a, const W& b, const W& c) {
    return {{{a, W(0), W(0)}, {W(0), b, W(0)}, {W(0), W(0), c}}};
}

template <class W>
Square<W> operator*(const Square<W>& a, const Square<W>& b) {
    Square<W> product{};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 3; k++)
                product[i][j] += a[i][k] * b[k][j];
    return product;
}

/// a A + b B.
template <class W>
Square<W> combine(const W& a, const Square<W>& A, const W& b, const Square<W>& B) {
    Square<W> sum;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            sum[i][j] = a * A[i][j] + b * B[i][j];
    return sum;
}

/// Transposed matrix of cofactors: the inverse times the determinant.
template <class W>
Square<W> adjugate(const Square<W>& a) {
    Square<W> result;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            const size_t i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
            result[j][i] = a[i1][j1] * a[i2][j2] - a[i1][j2] * a[i2][j1];
        }
    return result;
}

/// C^(-1/2) of a symmetric positive matrix by the Denman-Beavers iteration in product form with
/// scaling by the determinant: the text of (14). It is nothing but arithmetic, so that it holds
/// for duals as it stands, and has no trouble where eigenvalues meet.
template <class W>
Square<W> inverseRoot(const Square<W>& C) {
    using std::pow;
    const Square<W> identity = diagonal(W(1), W(1), W(1));
    Square<W> root = identity, product = C;
    for (int step = 0; step < 12; step++) {
        const Square<W> cofactors = adjugate(product);
        const W determinant = product[0][0] * cofactors[0][0] + product[0][1] * cofactors[1][0] +
                              product[0][2] * cofactors[2][0];
        const W scale = pow(determinant, -1.0 / 6.0), square = scale * scale;
        const W inverse = W(1) / (square * determinant);
        const W half = W(0.5) * scale;
        root = root * combine(half, identity, half * inverse, cofactors);
        product = combine(W(0.25) * square, product, W(0.25) * inverse, cofactors);
        for (size_t axis = 0; axis < 3; axis++)
            product[axis][axis] += W(0.5);
    }
    return root;
}

/// The symmetric solution X of S X + X S = G for symmetric G and symmetric positive S: six
/// equations in six unknowns. Elimination needs no pivots, because the map from X to the left side
/// is itself symmetric and positive; unlike a formula in eigenvalues it is smooth where they meet,
/// and unlike one in invariants of S it loses nothing where they are far apart.
template <class W>
Square<W> solveSylvester(const Square<W>& S, const Square<W>& G) {
    constexpr size_t unknown[3][3] = {{0, 3, 4}, {3, 1, 5}, {4, 5, 2}};
    std::array<std::array<W, 7>, 6> rows{};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = i; j < 3; j++) {
            auto& row = rows[unknown[i][j]];
            row[6] = G[i][j];
            for (size_t k = 0; k < 3; k++) {
                row[unknown[k][j]] += S[i][k];
                row[unknown[i][k]] += S[k][j];
            }
        }
    for (size_t pivot = 0; pivot < 6; pivot++)
        for (size_t n = 0; n < 6; n++) {
            if (n == pivot)
                continue;
            const W factor = rows[n][pivot] / rows[pivot][pivot];
            for (size_t column = pivot; column < 7; column++)
                rows[n][column] -= factor * rows[pivot][column];
        }
    Square<W> X;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            X[i][j] = rows[unknown[i][j]][6] / rows[unknown[i][j]][unknown[i][j]];
    return X;
}

/// Gradient by C of S = C^(-1/2), given the gradient G by S. From S S C = 1 follows
/// dS S + S dS = -S S dC S S; transposed: S X + X S = G, and the gradient is -S S X S S.
template <class W>
Square<W> inverseRootAdjoint(const Square<W>& S, const Square<W>& G) {
    Square<W> symmetric;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            symmetric[i][j] = W(-0.5) * (G[i][j] + G[j][i]);
    return S * S * solveSylvester(S, symmetric) * S * S;
}

/// The vectors of one atom less their mean over channels, [3,F].
template <class T, class W = typename InDouble<T>::Type>
Matrix<W> centred(const Matrix<T>& v, size_t atom) {
    Matrix<W> result(3, v.columns());
    for (size_t axis = 0; axis < 3; axis++) {
        W mean = W(0);
        for (size_t c = 0; c < v.columns(); c++)
            mean += W(v(3 * atom + axis, c)) / W(double(v.columns()));
        for (size_t c = 0; c < v.columns(); c++)
            result(axis, c) = W(v(3 * atom + axis, c)) - mean;
    }
    return result;
}

/// A B^T of [3,F] matrices.
template <class W>
Square<W> outerProduct(const Matrix<W>& A, const Matrix<W>& B) {
    Square<W> product{};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t c = 0; c < A.columns(); c++)
                product[i][j] += A(i, c) * B(j, c);
    return product;
}

/// S A of a [3,F] matrix.
template <class W>
Matrix<W> operator*(const Square<W>& S, const Matrix<W>& A) {
    Matrix<W> product(3, A.columns());
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++)
            for (size_t c = 0; c < A.columns(); c++)
                product(i, c) += S[i][k] * A(k, c);
    return product;
}

/// (v v^T / F + R)^(-1/2) of centred vectors [3,F].
template <class W>
Square<W> whitener(const Matrix<W>& vectors, const std::array<double, 3>& regularization) {
    Square<W> C = outerProduct(vectors, vectors);
    for (auto& row : C)
        for (W& value : row)
            value /= W(double(vectors.columns()));
    for (size_t axis = 0; axis < 3; axis++)
        C[axis][axis] += W(regularization[axis]);
    return inverseRoot(C);
}

/// Whitening (14): v [3N,F] -> [3N,F].
template <class T>
Matrix<T> whiten(const Matrix<T>& v, const WhitenWeights<T>& weights) {
    Matrix<T> result(v.rows(), v.columns());
    for (size_t atom = 0; atom < v.rows() / 3; atom++) {
        const auto vectors = centred(v, atom);
        const auto white = whitener(vectors, weights.regularization) * vectors;
        for (size_t axis = 0; axis < 3; axis++)
            for (size_t c = 0; c < v.columns(); c++)
                result(3 * atom + axis, c) = weights.weight[c] * T(white(axis, c));
    }
    return result;
}

/// Gradient by v of whiten(). Vectors act twice: S v directly, and through C in S.
template <class T>
Matrix<T> whitenAdjoint(const Matrix<T>& v, const Matrix<T>& gradient,
                        const WhitenWeights<T>& weights) {
    using W = typename InDouble<T>::Type;
    Matrix<T> result(v.rows(), v.columns());
    for (size_t atom = 0; atom < v.rows() / 3; atom++) {
        const Matrix<W> vectors = centred(v, atom);
        const Square<W> S = whitener(vectors, weights.regularization);
        Matrix<W> white(3, v.columns());
        for (size_t axis = 0; axis < 3; axis++)
            for (size_t c = 0; c < v.columns(); c++)
                white(axis, c) = W(gradient(3 * atom + axis, c)) * W(weights.weight[c]);
        Square<W> byC = inverseRootAdjoint(S, outerProduct(white, vectors));
        for (auto& row : byC)
            for (W& value : row)
                value *= W(2 / double(v.columns()));
        const Matrix<W> byVectors = S * white + byC * vectors;
        const Matrix<W> byFeatures = centred(byVectors, 0);
        for (size_t axis = 0; axis < 3; axis++)
            for (size_t c = 0; c < v.columns(); c++)
                result(3 * atom + axis, c) = T(byFeatures(axis, c));
    }
    return result;
}

}  // namespace molspectra::native::plain
