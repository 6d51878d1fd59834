// Norms over the channels of an atom: LayerNorm, and whitening (14) with its adjoint in closed
// form. Members share the atoms.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Messages.h"

namespace molspectra::native {
namespace {

inline constexpr double layerNormEpsilon = 1e-5;

/// normal = (x - mean) / deviation of one atom; returns 1 / deviation.
template <class T, int W>
inline T normalizeAtom(const State<T>& s, T* x, T* normal, int atom) {
    auto sum = zero<T, W>();
    for (int b = 0; b < s.blocks; ++b)
        sum += load<T, W>(at<T, W>(x, s.atoms, b, atom));
    const T mean = sumLanes<T, W>(sum) / T(s.channels);
    auto squares = zero<T, W>();
    for (int b = 0; b < s.blocks; ++b) {
        const auto centred = load<T, W>(at<T, W>(x, s.atoms, b, atom)) - mean;
        squares += centred * centred;
    }
    const T variance = sumLanes<T, W>(squares) / T(s.channels);
    const T inverse = T(1) / T(__builtin_sqrt(variance + T(layerNormEpsilon)));
    for (int b = 0; b < s.blocks; ++b)
        store<T, W>(at<T, W>(normal, s.atoms, b, atom),
                    (load<T, W>(at<T, W>(x, s.atoms, b, atom)) - mean) * inverse);
    return inverse;
}

/// g, the adjoint of `normal`, becomes that of x.
template <class T, int W>
inline void normalizeAtomAdjoint(const State<T>& s, T* normal, T inverse, T* g, int atom) {
    auto sum = zero<T, W>(), along = zero<T, W>();
    for (int b = 0; b < s.blocks; ++b) {
        const auto adjoint = load<T, W>(at<T, W>(g, s.atoms, b, atom));
        sum += adjoint;
        along += adjoint * load<T, W>(at<T, W>(normal, s.atoms, b, atom));
    }
    const T mean = sumLanes<T, W>(sum) / T(s.channels);
    const T slope = sumLanes<T, W>(along) / T(s.channels);
    for (int b = 0; b < s.blocks; ++b) {
        T* adjoint = at<T, W>(g, s.atoms, b, atom);
        const auto direction = load<T, W>(at<T, W>(normal, s.atoms, b, atom));
        store<T, W>(adjoint, inverse * (load<T, W>(adjoint) - mean - slope * direction));
    }
}

/// A symmetric matrix by its eigenvectors (columns) and eigenvalues.
struct Eigen3 {
    double vector[3][3];
    double value[3];
};

/// Makes a[p][q] vanish by one rotation.
inline void rotate(double (&a)[3][3], Eigen3& e, int p, int q) {
    if (a[p][q] == 0.0)
        return;
    const double ratio = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    const double tangent =
        (ratio >= 0.0 ? 1.0 : -1.0) / (__builtin_fabs(ratio) + __builtin_sqrt(ratio * ratio + 1.0));
    const double cosine = 1.0 / __builtin_sqrt(tangent * tangent + 1.0);
    const double sine = tangent * cosine;
    for (int k = 0; k < 3; ++k) {
        const double left = a[k][p], right = a[k][q];
        a[k][p] = cosine * left - sine * right;
        a[k][q] = sine * left + cosine * right;
    }
    for (int k = 0; k < 3; ++k) {
        const double up = a[p][k], down = a[q][k];
        a[p][k] = cosine * up - sine * down;
        a[q][k] = sine * up + cosine * down;
        const double left = e.vector[k][p], right = e.vector[k][q];
        e.vector[k][p] = cosine * left - sine * right;
        e.vector[k][q] = sine * left + cosine * right;
    }
}

/// Jacobi's method: eight sweeps leave nothing off the diagonal that double can see.
inline Eigen3 decompose(double (&a)[3][3]) {
    Eigen3 e{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}};
    for (int sweep = 0; sweep < 8; ++sweep) {
        rotate(a, e, 0, 1);
        rotate(a, e, 0, 2);
        rotate(a, e, 1, 2);
    }
    for (int k = 0; k < 3; ++k)
        e.value[k] = a[k][k];
    return e;
}

/// Means over channels of the three components of an atom's vectors, and their covariance. In
/// double: a planar molecule's vectors span a plane, and the small third eigenvalue must be exact.
template <class T, int W>
inline void covariance(const State<T>& s, T* v, int atom, double (&mean)[3], double (&c)[3][3]) {
    using D = Vec<double, W>;
    D sum[3] = {}, product[3][3] = {};
    for (int b = 0; b < s.blocks; ++b) {
        const T* from = at<T, W>(v, 3 * s.atoms, b, 3 * atom);
        for (int d = 0; d < 3; ++d)
            sum[d] += __builtin_convertvector(load<T, W>(from + d * 2 * W), D);
    }
    for (int d = 0; d < 3; ++d)
        mean[d] = sumLanes<double, W>(sum[d]) / s.channels;
    for (int b = 0; b < s.blocks; ++b) {
        const T* from = at<T, W>(v, 3 * s.atoms, b, 3 * atom);
        D centred[3];
        for (int d = 0; d < 3; ++d)
            centred[d] = __builtin_convertvector(load<T, W>(from + d * 2 * W), D) - mean[d];
        for (int d = 0; d < 3; ++d)
            for (int e = 0; e <= d; ++e)
                product[d][e] += centred[d] * centred[e];
    }
    for (int d = 0; d < 3; ++d)
        for (int e = 0; e <= d; ++e)
            c[d][e] = c[e][d] = sumLanes<double, W>(product[d][e]) / s.channels;
}

/// sum_k vector_k factor_k vector_k^T
inline void compose(const Eigen3& e, const double (&factor)[3], double (&matrix)[3][3]) {
    for (int d = 0; d < 3; ++d)
        for (int f = 0; f < 3; ++f) {
            matrix[d][f] = 0.0;
            for (int k = 0; k < 3; ++k)
                matrix[d][f] += e.vector[d][k] * factor[k] * e.vector[f][k];
        }
}

/// What whitening an atom keeps: means, eigenvectors, eigenvalues [15].
struct Whitening {
    double mean[3];
    Eigen3 eigen;
};

/// out = weight (C + R)^(-1/2) (v - mean).
template <class T, int W>
inline void whitenAtom(const State<T>& s, const WhiteningWeights<T>& weights, T* v, T* out,
                       double* kept, int atom) {
    Whitening w;
    double c[3][3], root[3][3];
    covariance<T, W>(s, v, atom, w.mean, c);
    for (int d = 0; d < 3; ++d)
        c[d][d] += weights.regularization[d];
    w.eigen = decompose(c);
    __builtin_memcpy(kept, &w, sizeof(w));
    const double factor[3] = {1.0 / __builtin_sqrt(w.eigen.value[0]),
                              1.0 / __builtin_sqrt(w.eigen.value[1]),
                              1.0 / __builtin_sqrt(w.eigen.value[2])};
    compose(w.eigen, factor, root);
    for (int b = 0; b < s.blocks; ++b) {
        const T* from = at<T, W>(v, 3 * s.atoms, b, 3 * atom);
        T* to = at<T, W>(out, 3 * s.atoms, b, 3 * atom);
        const auto scale = load<T, W>(weights.weight + b * W);
        for (int d = 0; d < 3; ++d) {
            auto sum = zero<T, W>();
            for (int e = 0; e < 3; ++e)
                sum += T(root[d][e]) * (load<T, W>(from + e * 2 * W) - T(w.mean[e]));
            store<T, W>(to + d * 2 * W, sum * scale);
        }
    }
}

/// dE/dC from dE/d(C^(-1/2)): divided differences of x^(-1/2) in the basis of eigenvectors, finite
/// where eigenvalues meet.
inline void inverseRootAdjoint(const Eigen3& e, const double (&g)[3][3], double (&out)[3][3]) {
    double turned[3][3];
    for (int p = 0; p < 3; ++p)
        for (int q = 0; q < 3; ++q) {
            turned[p][q] = 0.0;
            for (int d = 0; d < 3; ++d)
                for (int f = 0; f < 3; ++f)
                    turned[p][q] += e.vector[d][p] * g[d][f] * e.vector[f][q];
            const double a = __builtin_sqrt(e.value[p]), b = __builtin_sqrt(e.value[q]);
            turned[p][q] *= -1.0 / (a * b * (a + b));
        }
    for (int d = 0; d < 3; ++d)
        for (int f = 0; f < 3; ++f) {
            out[d][f] = 0.0;
            for (int p = 0; p < 3; ++p)
                for (int q = 0; q < 3; ++q)
                    out[d][f] += e.vector[d][p] * turned[p][q] * e.vector[f][q];
        }
}

/// dE/d(C^(-1/2)) = sum over channels of the weighted adjoint times the centred vectors.
template <class T, int W>
inline void rootAdjoint(const State<T>& s, const T* weight, T* v, T* g, const Whitening& w,
                        int atom, double (&out)[3][3]) {
    using D = Vec<double, W>;
    D sum[3][3] = {};
    for (int b = 0; b < s.blocks; ++b) {
        const T* from = at<T, W>(v, 3 * s.atoms, b, 3 * atom);
        const T* adjoint = at<T, W>(g, 3 * s.atoms, b, 3 * atom);
        const auto scale = load<T, W>(weight + b * W);
        for (int d = 0; d < 3; ++d)
            for (int e = 0; e < 3; ++e)
                sum[d][e] +=
                    __builtin_convertvector(scale * load<T, W>(adjoint + d * 2 * W), D) *
                    (__builtin_convertvector(load<T, W>(from + e * 2 * W), D) - w.mean[e]);
    }
    for (int d = 0; d < 3; ++d)
        for (int e = 0; e < 3; ++e)
            out[d][e] = sumLanes<double, W>(sum[d][e]);
}

/// g, the adjoint of the whitened vectors, becomes that of v. The mean over channels is taken off
/// at the end: it is what centring passes back.
template <class T, int W>
inline void whitenAtomAdjoint(const State<T>& s, const T* weight, T* v, T* g, const double* kept,
                              int atom) {
    Whitening w;
    __builtin_memcpy(&w, kept, sizeof(w));
    double gRoot[3][3], gCovariance[3][3], root[3][3];
    rootAdjoint<T, W>(s, weight, v, g, w, atom, gRoot);
    inverseRootAdjoint(w.eigen, gRoot, gCovariance);
    const double factor[3] = {1.0 / __builtin_sqrt(w.eigen.value[0]),
                              1.0 / __builtin_sqrt(w.eigen.value[1]),
                              1.0 / __builtin_sqrt(w.eigen.value[2])};
    compose(w.eigen, factor, root);
    Vec<T, W> sum[3] = {};
    for (int b = 0; b < s.blocks; ++b) {
        const T* from = at<T, W>(v, 3 * s.atoms, b, 3 * atom);
        T* adjoint = at<T, W>(g, 3 * s.atoms, b, 3 * atom);
        const auto scale = load<T, W>(weight + b * W);
        Vec<T, W> passed[3] = {};
        for (int d = 0; d < 3; ++d)
            for (int e = 0; e < 3; ++e)
                passed[d] += T(root[d][e]) * (scale * load<T, W>(adjoint + e * 2 * W)) +
                             T((gCovariance[d][e] + gCovariance[e][d]) / s.channels) *
                                 (load<T, W>(from + e * 2 * W) - T(w.mean[e]));
        for (int d = 0; d < 3; ++d) {
            sum[d] += passed[d];
            store<T, W>(adjoint + d * 2 * W, passed[d]);
        }
    }
    for (int d = 0; d < 3; ++d) {
        const T mean = sumLanes<T, W>(sum[d]) / T(s.channels);
        for (int b = 0; b < s.blocks; ++b)
            add<T, W>(at<T, W>(g, 3 * s.atoms, b, 3 * atom) + d * 2 * W, spread<T, W>(-mean));
    }
}

}  // namespace
}  // namespace molspectra::native
