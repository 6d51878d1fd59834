// The functions that several stages use: SiLU and the norm of scalar features.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Matrix.h"

#include <cmath>

namespace molspectra::native::plain {

/// The scalar and vector features of all atoms.
template <class T>
struct State {
    Matrix<T> x;  ///< [N,F]
    Matrix<T> v;  ///< [3N,F], row 3 atom + axis
};

/// SiLU: x / (1 + exp(-x)).
template <class T>
T silu(const T& x) {
    using std::exp;
    return x / (T(1) + exp(-x));
}

template <class T>
T siluSlope(const T& x) {
    using std::exp;
    const T sigmoid = T(1) / (T(1) + exp(-x));
    return sigmoid * (T(1) + x * (T(1) - sigmoid));
}

template <class T>
Matrix<T> silu(Matrix<T> x) {
    for (T& value : x.values())
        value = silu(value);
    return x;
}

/// Gradient by x of silu(x).
template <class T>
Matrix<T> siluAdjoint(const Matrix<T>& x, Matrix<T> gradient) {
    for (size_t n = 0; n < x.values().size(); n++)
        gradient.values()[n] *= siluSlope(x.values()[n]);
    return gradient;
}

/// Weights of a norm over channels.
template <class T>
struct NormWeights {
    std::vector<T> weight;  ///< [F]
    std::vector<T> bias;    ///< [F]
};

/// What is added to the variance, for all norms of scalar features.
constexpr double layerNormEpsilon = 1e-5;

/// Mean over channels and the reciprocal standard deviation of one row.
template <class T>
struct Moments {
    T mean, reciprocal;
};

template <class T>
Moments<T> moments(const Matrix<T>& x, size_t row) {
    using std::sqrt;
    const T F = T(double(x.columns()));
    T mean = T(0), variance = T(0);
    for (size_t c = 0; c < x.columns(); c++)
        mean += x(row, c) / F;
    for (size_t c = 0; c < x.columns(); c++)
        variance += (x(row, c) - mean) * (x(row, c) - mean) / F;
    return {mean, T(1) / sqrt(variance + T(layerNormEpsilon))};
}

/// LayerNorm over channels: x [N,F] -> [N,F].
template <class T>
Matrix<T> layerNorm(const Matrix<T>& x, const NormWeights<T>& norm) {
    Matrix<T> y(x.rows(), x.columns());
    for (size_t i = 0; i < x.rows(); i++) {
        const auto [mean, reciprocal] = moments(x, i);
        for (size_t c = 0; c < x.columns(); c++)
            y(i, c) = (x(i, c) - mean) * reciprocal * norm.weight[c] + norm.bias[c];
    }
    return y;
}

/// Gradient by x of layerNorm(). With n = (x - mean) / deviation and g the gradient by n, it is
/// (g - mean of g - n mean of (g n)) / deviation.
template <class T>
Matrix<T> layerNormAdjoint(const Matrix<T>& x, const Matrix<T>& gradient,
                           const NormWeights<T>& norm) {
    const T F = T(double(x.columns()));
    Matrix<T> result(x.rows(), x.columns());
    for (size_t i = 0; i < x.rows(); i++) {
        const auto [mean, reciprocal] = moments(x, i);
        T gradientMean = T(0), productMean = T(0);
        for (size_t c = 0; c < x.columns(); c++) {
            const T g = gradient(i, c) * norm.weight[c];
            gradientMean += g / F;
            productMean += g * (x(i, c) - mean) * reciprocal / F;
        }
        for (size_t c = 0; c < x.columns(); c++) {
            const T g = gradient(i, c) * norm.weight[c];
            const T n = (x(i, c) - mean) * reciprocal;
            result(i, c) = (g - gradientMean - n * productMean) * reciprocal;
        }
    }
    return result;
}

}  // namespace molspectra::native::plain
