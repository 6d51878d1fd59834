// What atoms send each other in one layer: attention and messages, (6) to (10), with their adjoint.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Functions.h"
#include "platforms/cpu/kernels/plain/Geometry.h"

namespace molspectra::native::plain {

template <class T>
struct AttentionWeights {
    NormWeights<T> norm;
    Dense<T> project;  ///< rows of q, k, v0, v1, v2 [5F,F]
    Dense<T> filter;   ///< rows of Dk, D0, D1, D2 [4F,K]
    size_t heads;      ///< H
    bool smooth;       ///< the factor phi on vector messages: vectorCutoff
};

/// What (6) and (7) give: rows of atoms and rows of pairs. Also holds gradients by these.
template <class T>
struct Projections {
    Matrix<T> q, k, v0, v1, v2;    ///< [N,F]
    Matrix<T> Dk, D0, D1, D2;      ///< [R,F]
};

/// What arrives at every atom. Also holds gradients by these.
template <class T>
struct Messages {
    Matrix<T> m;  ///< [N,F]
    Matrix<T> w;  ///< [3N,F]
};

/// (6) and (7): x [N,F] and radial functions [R,K] -> projections.
template <class T>
Projections<T> project(const AttentionWeights<T>& weights, const Matrix<T>& x,
                       const Geometry<T>& geometry) {
    const Matrix<T> h = layerNorm(x, weights.norm);
    auto [q, k, v0, v1, v2] = split<5>(linear(h, weights.project));
    auto [Dk, D0, D1, D2] = split<4>(silu(linear(geometry.radial, weights.filter)));
    return {q, k, v0, v1, v2, Dk, D0, D1, D2};
}

/// Gradient by x [N,F] of project(); that by the radial functions is added to `gradient`.
template <class T>
Matrix<T> projectAdjoint(const AttentionWeights<T>& weights, const Matrix<T>& x,
                         const Geometry<T>& geometry, const Projections<T>& g,
                         GeometryGradient<T>& gradient) {
    const Matrix<T> filter = linear(geometry.radial, weights.filter);
    const Matrix<T> byFilter = siluAdjoint(filter, join(g.Dk, g.D0, g.D1, g.D2));
    gradient.radial += linearAdjoint(byFilter, weights.filter);
    const Matrix<T> byH = linearAdjoint(join(g.q, g.k, g.v0, g.v1, g.v2), weights.project);
    return layerNormAdjoint(x, byH, weights.norm);
}

/// The sum in (8): channels of one head of q_i k_j Dk_ij.
template <class T>
T score(const Projections<T>& p, const Edge& edge, size_t head, size_t heads) {
    const size_t width = p.q.columns() / heads;
    T sum = T(0);
    for (size_t c = head * width; c < (head + 1) * width; c++)
        sum += p.q(edge.receiver, c) * p.k(edge.sender, c) * p.Dk(edge.row, c);
    return sum;
}

/// d_hat of an edge along one axis, as the receiver sees it.
template <class T>
T directionOf(const Geometry<T>& geometry, const Edge& edge, size_t axis) {
    return T(edge.sign) * geometry.direction(edge.row, axis);
}

/// (8) and (9) of one edge, added to m.
template <class T>
void sendScalars(const AttentionWeights<T>& weights, const Projections<T>& p,
                 const Geometry<T>& geometry, const Edge& edge, Matrix<T>& m) {
    const size_t width = m.columns() / weights.heads;
    for (size_t head = 0; head < weights.heads; head++) {
        const T a = silu(score(p, edge, head, weights.heads)) * geometry.phi[edge.row];
        for (size_t c = head * width; c < (head + 1) * width; c++)
            m(edge.receiver, c) += a * p.v0(edge.sender, c) * p.D0(edge.row, c);
    }
}

/// (10) of one edge, added to w.
template <class T>
void sendVectors(const AttentionWeights<T>& weights, const Projections<T>& p, const Matrix<T>& v,
                 const Geometry<T>& geometry, const Edge& edge, Matrix<T>& w) {
    const auto [i, j, row, sign] = edge;
    const T factor = weights.smooth ? geometry.phi[row] : T(1);
    for (size_t axis = 0; axis < 3; axis++)
        for (size_t c = 0; c < w.columns(); c++)
            w(3 * i + axis, c) += factor * (v(3 * j + axis, c) * p.v1(j, c) * p.D1(row, c) +
                                            directionOf(geometry, edge, axis) * p.v2(j, c) *
                                                p.D2(row, c));
}

/// (8) to (10): projections and v [3N,F] -> messages.
template <class T>
Messages<T> sendMessages(const AttentionWeights<T>& weights, const Projections<T>& p,
                         const Matrix<T>& v, const Geometry<T>& geometry) {
    Messages<T> messages{Matrix<T>(p.q.rows(), p.q.columns()), Matrix<T>(v.rows(), v.columns())};
    for (const Edge& edge : geometry.edges) {
        sendScalars(weights, p, geometry, edge, messages.m);
        sendVectors(weights, p, v, geometry, edge, messages.w);
    }
    return messages;
}

/// Gradient of sendScalars(), added to that of the projections, `g`, and of the geometry.
template <class T>
void sendScalarsAdjoint(const AttentionWeights<T>& weights, const Projections<T>& p,
                        const Geometry<T>& geometry, const Edge& edge, const Matrix<T>& byM,
                        Projections<T>& g, GeometryGradient<T>& gradient) {
    const auto [i, j, row, sign] = edge;
    const size_t width = byM.columns() / weights.heads;
    const T& phi = geometry.phi[row];
    for (size_t head = 0; head < weights.heads; head++) {
        const T s = score(p, edge, head, weights.heads), a = silu(s) * phi;
        T byA = T(0);
        for (size_t c = head * width; c < (head + 1) * width; c++) {
            byA += byM(i, c) * p.v0(j, c) * p.D0(row, c);
            g.v0(j, c) += byM(i, c) * a * p.D0(row, c);
            g.D0(row, c) += byM(i, c) * a * p.v0(j, c);
        }
        gradient.phi[row] += byA * silu(s);
        const T byScore = byA * phi * siluSlope(s);
        for (size_t c = head * width; c < (head + 1) * width; c++) {
            g.q(i, c) += byScore * p.k(j, c) * p.Dk(row, c);
            g.k(j, c) += byScore * p.q(i, c) * p.Dk(row, c);
            g.Dk(row, c) += byScore * p.q(i, c) * p.k(j, c);
        }
    }
}

/// Gradient of sendVectors(), added to that of the projections, `g`, of v, and of the geometry.
template <class T>
void sendVectorsAdjoint(const AttentionWeights<T>& weights, const Projections<T>& p,
                        const Matrix<T>& v, const Geometry<T>& geometry, const Edge& edge,
                        const Matrix<T>& byW, Projections<T>& g, Matrix<T>& byV,
                        GeometryGradient<T>& gradient) {
    const auto [i, j, row, sign] = edge;
    const T factor = weights.smooth ? geometry.phi[row] : T(1);
    T byFactor = T(0);
    for (size_t axis = 0; axis < 3; axis++)
        for (size_t c = 0; c < byW.columns(); c++) {
            const T& vector = v(3 * j + axis, c);
            const T direction = directionOf(geometry, edge, axis);
            const T transported = p.v1(j, c) * p.D1(row, c), made = p.v2(j, c) * p.D2(row, c);
            byFactor += byW(3 * i + axis, c) * (vector * transported + direction * made);
            const T by = factor * byW(3 * i + axis, c);
            byV(3 * j + axis, c) += by * transported;
            gradient.direction(row, axis) += T(sign) * by * made;
            g.v1(j, c) += by * vector * p.D1(row, c);
            g.D1(row, c) += by * vector * p.v1(j, c);
            g.v2(j, c) += by * direction * p.D2(row, c);
            g.D2(row, c) += by * direction * p.v2(j, c);
        }
    if (weights.smooth)
        gradient.phi[row] += byFactor;
}

/// Gradient by the projections of sendMessages(); those by v [3N,F] and by the geometry are added
/// to `byV` and `gradient`.
template <class T>
Projections<T> sendMessagesAdjoint(const AttentionWeights<T>& weights, const Projections<T>& p,
                                   const Matrix<T>& v, const Geometry<T>& geometry,
                                   const Messages<T>& byMessages, Matrix<T>& byV,
                                   GeometryGradient<T>& gradient) {
    const Matrix<T> atoms(p.q.rows(), p.q.columns()), pairs(p.Dk.rows(), p.Dk.columns());
    Projections<T> g{atoms, atoms, atoms, atoms, atoms, pairs, pairs, pairs, pairs};
    for (const Edge& edge : geometry.edges) {
        sendScalarsAdjoint(weights, p, geometry, edge, byMessages.m, g, gradient);
        sendVectorsAdjoint(weights, p, v, geometry, edge, byMessages.w, g, byV, gradient);
    }
    return g;
}

}  // namespace molspectra::native::plain
