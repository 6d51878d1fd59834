// A number together with its derivative along one direction: arithmetic that differentiates.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <compare>

namespace molspectra::native::plain {

/// The value of a function and its derivative along one direction. Any template of this folder
/// that is evaluated on duals gives, besides its result, the derivative of the result: on the
/// adjoint, which is a gradient, that is the Hessian times the direction. Comparisons look at the
/// value alone, so that duals take the branches that the plain numbers take.
template <class T>
struct Dual {
    T value{};
    T slope{};

    Dual() = default;
    /// A constant: implicit, as T(2) * x is written for every scalar type.
    Dual(T constant) : value(constant) {}
    Dual(T x, T derivative) : value(x), slope(derivative) {}
    /// From another precision.
    template <class U>
    explicit Dual(const Dual<U>& other) : value(T(other.value)), slope(T(other.slope)) {}

    Dual operator-() const { return {-value, -slope}; }
    Dual& operator+=(const Dual& b) { return *this = *this + b; }
    Dual& operator-=(const Dual& b) { return *this = *this - b; }
    Dual& operator*=(const Dual& b) { return *this = *this * b; }
    Dual& operator/=(const Dual& b) { return *this = *this / b; }

    friend Dual operator+(const Dual& a, const Dual& b) {
        return {a.value + b.value, a.slope + b.slope};
    }
    friend Dual operator-(const Dual& a, const Dual& b) {
        return {a.value - b.value, a.slope - b.slope};
    }
    friend Dual operator*(const Dual& a, const Dual& b) {
        return {a.value * b.value, a.slope * b.value + a.value * b.slope};
    }
    friend Dual operator/(const Dual& a, const Dual& b) {
        const T quotient = a.value / b.value;
        return {quotient, (a.slope - quotient * b.slope) / b.value};
    }

    friend bool operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
    friend auto operator<=>(const Dual& a, const Dual& b) { return a.value <=> b.value; }

    friend Dual exp(const Dual& a) {
        using std::exp;
        const T power = exp(a.value);
        return {power, power * a.slope};
    }
    friend Dual sqrt(const Dual& a) {
        using std::sqrt;
        const T root = sqrt(a.value);
        return {root, a.slope / (root + root)};
    }
    friend Dual cos(const Dual& a) {
        using std::cos, std::sin;
        return {cos(a.value), -sin(a.value) * a.slope};
    }
    friend Dual sin(const Dual& a) {
        using std::cos, std::sin;
        return {sin(a.value), cos(a.value) * a.slope};
    }
    /// The exponent is a constant.
    friend Dual pow(const Dual& a, double exponent) {
        using std::pow;
        return {pow(a.value, exponent), T(exponent) * pow(a.value, exponent - 1) * a.slope};
    }
};

/// The scalar type in which whitening is done: double precision, whatever the network has.
template <class T>
struct InDouble {
    using Type = double;
};
template <class T>
struct InDouble<Dual<T>> {
    using Type = Dual<typename InDouble<T>::Type>;
};

}  // namespace molspectra::native::plain
