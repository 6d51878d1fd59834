// Vectors of W numbers and the few functions on them. Everything in this file and in the stages
// that use it has internal linkage: the same source is compiled for several instruction sets, and
// no function may be shared between them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace molspectra::native {
namespace {

template <class T, int W>
struct VectorOf {
    typedef T type __attribute__((vector_size(W * sizeof(T))));
    typedef T inMemory __attribute__((vector_size(W * sizeof(T)), aligned(sizeof(T))));
};

template <class T, int W>
using Vec = typename VectorOf<T, W>::type;

template <class T>
using Integer = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;

// A vector in memory aliases what its elements alias and nothing else: a copy by memcpy would make
// the compiler read every pointer and size again after each store.
template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> load(const T* from) {
    return *reinterpret_cast<const typename VectorOf<T, W>::inMemory*>(from);
}

template <class T, int W>
[[gnu::always_inline]] inline void store(T* to, const Vec<T, W>& value) {
    *reinterpret_cast<typename VectorOf<T, W>::inMemory*>(to) = value;
}

/// to += value
template <class T, int W>
[[gnu::always_inline]] inline void add(T* to, const Vec<T, W>& value) {
    store<T, W>(to, load<T, W>(to) + value);
}

template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> zero() {
    return Vec<T, W>{};
}

template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> spread(T value) {
    return value - Vec<T, W>{};  // unlike a sum, this is the value even where it is -0
}

/// Lane l is the sum of a's lanes l and l ^ S where bit S of l is 0, of b's where it is 1.
template <class T, int W, int S, size_t... I>
[[gnu::always_inline]] inline Vec<T, W> foldLanes(const Vec<T, W>& a, const Vec<T, W>& b,
                                                  std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, (I & S ? I + W : I)...) +
           __builtin_shufflevector(a, b, (I & S ? (I ^ S) + W : (I ^ S))...);
}

/// Sums the lanes of each of S rows [S,W]; with S = W lane l of the result is the sum of row l.
template <class T, int W, int S = W>
[[gnu::always_inline]] inline Vec<T, W> sumRows(const T* rows) {
    if constexpr (S == 1)
        return load<T, W>(rows);
    else
        return foldLanes<T, W, S / 2>(sumRows<T, W, S / 2>(rows),
                                      sumRows<T, W, S / 2>(rows + S / 2 * W),
                                      std::make_index_sequence<W>{});
}

template <class T, int W, size_t... I>
[[gnu::always_inline]] inline Vec<T, W / 2> addHalves(const Vec<T, W>& value,
                                                      std::index_sequence<I...>) {
    return __builtin_shufflevector(value, value, I...) +
           __builtin_shufflevector(value, value, (I + W / 2)...);
}

template <class T, int W>
[[gnu::always_inline]] inline T sumLanes(const Vec<T, W>& value) {
    if constexpr (W == 2)
        return value[0] + value[1];
    else
        return sumLanes<T, W / 2>(addHalves<T, W>(value, std::make_index_sequence<W / 2>{}));
}

template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> smaller(const Vec<T, W>& a, const Vec<T, W>& b) {
    return a < b ? a : b;
}

template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> larger(const Vec<T, W>& a, const Vec<T, W>& b) {
    return a > b ? a : b;
}

/// Constants of exp for each scalar: where it would overflow, the number whose addition rounds to
/// an integer, ln 2 in two parts, and the Taylor terms that rounding leaves visible for
/// |r| < ln 2 / 2.
template <class T>
struct Exponential;

template <>
struct Exponential<float> {
    static constexpr float limit = 87.0f, rounder = 12582912.0f;
    static constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;
    static constexpr int mantissa = 23, terms = 7;
};

template <>
struct Exponential<double> {
    static constexpr double limit = 700.0, rounder = 6755399441055744.0;
    static constexpr double ln2High = 6.93145751953125e-1, ln2Low = 1.42860682030941723212e-6;
    static constexpr int mantissa = 52, terms = 13;
};

/// e^x to the last bit or two; beyond the limits of the type the value at the limit.
template <class T, int W>
[[gnu::always_inline]] inline Vec<T, W> exponential(Vec<T, W> x) {
    using E = Exponential<T>;
    typedef Integer<T> Whole __attribute__((vector_size(W * sizeof(T))));
    x = larger<T, W>(smaller<T, W>(x, spread<T, W>(E::limit)), spread<T, W>(-E::limit));
    const Vec<T, W> rounded = x * T(1.4426950408889634) + E::rounder;
    const Vec<T, W> n = rounded - E::rounder;
    const Vec<T, W> r = (x - n * E::ln2High) - n * E::ln2Low;
    Vec<T, W> sum = spread<T, W>(T(1));
    for (int term = E::terms; term >= 1; --term)
        sum = T(1) + sum * r * (T(1) / T(term));
    const Whole exponent = __builtin_bit_cast(Whole, rounded) << E::mantissa;
    return __builtin_bit_cast(Vec<T, W>, __builtin_bit_cast(Whole, sum) + exponent);
}

/// SiLU and its slope at x: sigma(x) x and sigma(x) (1 + x (1 - sigma(x))).
template <class T, int W>
struct Silu {
    Vec<T, W> value, slope;

    [[gnu::always_inline]] explicit Silu(const Vec<T, W>& x) {
        const Vec<T, W> sigma = T(1) / (T(1) + exponential<T, W>(-x));
        value = sigma * x;
        slope = sigma * (T(1) + x * (T(1) - sigma));
    }
};

}  // namespace
}  // namespace molspectra::native
