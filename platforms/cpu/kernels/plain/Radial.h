// Functions of the distance with their slopes: the cutoff and the radial functions, (1) to (4).
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <numbers>
#include <variant>
#include <vector>

namespace molspectra::native::plain {

/// A function of the distance and its derivative, 1/angstrom.
template <class T>
struct WithSlope {
    T value, slope;
};

/// Where the cutoff and the radial functions begin and end, angstrom.
struct Range {
    double lower, upper;
};

/// 1/2 (cos(phase) + 1), where the phase grows by `rate` an angstrom.
template <class T>
WithSlope<T> cosineBell(const T& phase, double rate) {
    using std::cos, std::sin;
    return {T(0.5) * (cos(phase) + T(1)), T(-0.5 * rate) * sin(phase)};
}

/// Cutoff (1): falls from 1 at r = 0 to 0 at `upper`.
template <class T>
WithSlope<T> upperCutoff(const T& r, double upper) {
    if (!(r < T(upper)))
        return {T(0), T(0)};
    const double rate = std::numbers::pi / upper;
    return cosineBell(T(rate) * r, rate);
}

/// Cutoff (2): rises from 0 at c0 to 1 and falls to 0 at c.
template <class T>
WithSlope<T> bandCutoff(const T& r, const Range& range) {
    if (!(r < T(range.upper) && r > T(range.lower)))
        return {T(0), T(0)};
    const double rate = 2 * std::numbers::pi / (range.upper - range.lower);
    return cosineBell(T(rate) * (r - T(range.lower)) + T(std::numbers::pi), rate);
}

/// The network's cutoff, phi: (2) where there is a lower cutoff, else (1).
template <class T>
WithSlope<T> cutoff(const T& r, const Range& range) {
    return range.lower > 0 ? bandCutoff(r, range) : upperCutoff(r, range.upper);
}

/// Exponential-normal radial functions (3).
template <class T>
struct Expnorm {
    std::vector<T> means, betas;  ///< [K]

    size_t count() const { return means.size(); }

    WithSlope<T> operator()(size_t k, const T& r, const Range& range) const {
        using std::exp;
        const T alpha = T(5 / (range.upper - range.lower));
        const T decay = exp(alpha * (T(range.lower) - r)), distance = decay - means[k];
        const T bell = exp(-betas[k] * distance * distance);
        const T bellSlope = T(2) * betas[k] * distance * alpha * decay * bell;
        const WithSlope<T> smooth = upperCutoff(r, range.upper);
        return {smooth.value * bell, smooth.slope * bell + smooth.value * bellSlope};
    }
};

/// Gaussian radial functions (4).
template <class T>
struct Gauss {
    std::vector<T> offsets;  ///< [K]
    T coefficient;           ///< -1 / (2 spacing^2)

    size_t count() const { return offsets.size(); }

    WithSlope<T> operator()(size_t k, const T& r, const Range&) const {
        using std::exp;
        const T distance = r - offsets[k], value = exp(coefficient * distance * distance);
        return {value, T(2) * coefficient * distance * value};
    }
};

/// Everything that depends on the distance alone.
template <class T>
struct RadialWeights {
    Range range;
    std::variant<Expnorm<T>, Gauss<T>> functions;

    /// K
    size_t count() const {
        return std::visit([](const auto& f) { return f.count(); }, functions);
    }
    /// e_k(r) and its slope.
    WithSlope<T> operator()(size_t k, const T& r) const {
        return std::visit([&](const auto& f) { return f(k, r, range); }, functions);
    }
};

}  // namespace molspectra::native::plain
