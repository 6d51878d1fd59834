// One body for numbers and for dual numbers: a derivative along a direction is the same computation
// with a tangent beside every value.
// SPDX-License-Identifier: MIT
#include "model/MessageKernels.h"

#include <cmath>

// One program for all processors: the loader takes the newest of these that it knows.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define MOLSPECTRA_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MOLSPECTRA_CLONES
#endif
#define MOLSPECTRA_INLINE inline __attribute__((always_inline))

namespace molspectra {
namespace {

/// A value and its tangent.
struct Dual {
    float value, tangent;
};

MOLSPECTRA_INLINE Dual operator+(Dual a, Dual b) {
    return {a.value + b.value, a.tangent + b.tangent};
}
MOLSPECTRA_INLINE Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.tangent * b.value + a.value * b.tangent};
}

MOLSPECTRA_INLINE float constant(float value, float) { return value; }
MOLSPECTRA_INLINE Dual constant(float value, Dual) { return {value, 0.0F}; }

MOLSPECTRA_INLINE float oneMinus(float a) { return 1.0F - a; }
MOLSPECTRA_INLINE Dual oneMinus(Dual a) { return {1.0F - a.value, -a.tangent}; }

MOLSPECTRA_INLINE float sigmoid(float x) { return 1.0F / (1.0F + std::exp(-x)); }
MOLSPECTRA_INLINE Dual sigmoid(Dual x) {
    const float s = sigmoid(x.value);
    return {s, s * (1.0F - s) * x.tangent};
}

/// An array of numbers, or two of values and tangents.
template <class Number>
struct In;
template <>
struct In<float> {
    const float* value;
    MOLSPECTRA_INLINE float operator[](int64_t n) const { return value[n]; }
    MOLSPECTRA_INLINE In operator+(int64_t n) const { return {value + n}; }
};
template <>
struct In<Dual> {
    const float *value, *tangent;
    MOLSPECTRA_INLINE Dual operator[](int64_t n) const { return {value[n], tangent[n]}; }
    MOLSPECTRA_INLINE In operator+(int64_t n) const { return {value + n, tangent + n}; }
};

/// Of dual numbers only tangents are wanted.
MOLSPECTRA_INLINE float wanted(float a) { return a; }
MOLSPECTRA_INLINE float wanted(Dual a) { return a.tangent; }

/// What a pair's filter is, and where its slope goes: z and s, or z, dz and s.
struct Filters {
    float *z, *s;
    MOLSPECTRA_INLINE float z_(int64_t n) const { return z[n]; }
    MOLSPECTRA_INLINE float s_(int64_t n) const { return s[n]; }
    MOLSPECTRA_INLINE void set(int64_t n, float slope) const { z[n] = slope; }
    MOLSPECTRA_INLINE Filters operator+(int64_t n) const { return {z + n, s + n}; }
};
struct DualFilters {
    float *z, *s, *dz;
    MOLSPECTRA_INLINE Dual z_(int64_t n) const { return {z[n], dz[n]}; }
    MOLSPECTRA_INLINE Dual s_(int64_t n) const { return {s[n], s[n] * (1.0F - s[n]) * dz[n]}; }
    MOLSPECTRA_INLINE void set(int64_t n, Dual slope) const {
        z[n] = slope.value;
        dz[n] = slope.tangent;
    }
    MOLSPECTRA_INLINE DualFilters operator+(int64_t n) const { return {z + n, s + n, dz + n}; }
};

template <class Number>
struct Inputs {
    In<Number> q, kv, v, phi, direction;
    bool vectors;
};

template <class Number, class Filter>
MOLSPECTRA_INLINE void messages(const MessageShape& shape, const Inputs<Number>& in, int64_t first,
                                int64_t last, Filter filter, const MessageSums& sums) {
    const int64_t F = shape.channels, D = F / shape.heads;
    for (int64_t p = first; p < last; p++, filter = filter + 4 * F) {
        const int64_t i = shape.receiver[p], j = shape.sender[p];
        const In<Number> q = in.q + i * F, k = in.kv + j * 4 * F, d = in.direction + 3 * p;
        const Number cutoff = in.phi[p];
        const Number phi = shape.smooth ? cutoff : constant(1.0F, cutoff);
        float *m = sums.m + i * F, *w = sums.w + i * 3 * F;
        for (int64_t from = 0; from < F; from += D) {
            Number score = constant(0.0F, cutoff);
#pragma GCC ivdep
            for (int64_t c = from; c < from + D; c++)
                score = score + q[c] * k[c] * (filter.z_(c) * filter.s_(c));
            const Number a = cutoff * score * sigmoid(score);
#pragma omp simd
            for (int64_t c = from; c < from + D; c++)
                m[c] += wanted(a * k[F + c] * (filter.z_(F + c) * filter.s_(F + c)));
        }
        const Number d0 = phi * d[0], d1 = phi * d[1], d2 = phi * d[2];
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const Number t2 = k[3 * F + c] * (filter.z_(3 * F + c) * filter.s_(3 * F + c));
            w[c] += wanted(d0 * t2);
            w[F + c] += wanted(d1 * t2);
            w[2 * F + c] += wanted(d2 * t2);
        }
        if (!in.vectors)
            continue;
        const In<Number> v = in.v + j * 3 * F;
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const Number t1 = phi * k[2 * F + c] * (filter.z_(2 * F + c) * filter.s_(2 * F + c));
            w[c] += wanted(v[c] * t1);
            w[F + c] += wanted(v[F + c] * t1);
            w[2 * F + c] += wanted(v[2 * F + c] * t1);
        }
    }
}

/// The derivative of SiLU, sigma(z) (1 + z (1 - sigma(z))).
template <class Number>
MOLSPECTRA_INLINE Number siluSlope(Number z, Number s) {
    return s + z * s * oneMinus(s);
}

template <class Number, class Filter>
MOLSPECTRA_INLINE void slopesOf(const MessageShape& shape, const Inputs<Number>& in, int64_t first,
                                int64_t last, Filter filter, const MessageSlopes& out) {
    const int64_t F = shape.channels, D = F / shape.heads;
    for (int64_t p = first; p < last; p++, filter = filter + 4 * F) {
        const int64_t i = shape.receiver[p], j = shape.sender[p];
        const In<Number> q = in.q + i * F, k = in.kv + j * 4 * F, d = in.direction + 3 * p;
        const Number cutoff = in.phi[p], zero = constant(0.0F, cutoff);
        const Number phi = shape.smooth ? cutoff : constant(1.0F, cutoff);
        const float *gm = out.m + i * F, *gw = out.w + i * 3 * F;
        float *gq = out.q + i * F, *gk = out.kv + j * 4 * F;
        Number gcutoff = zero, gphi = zero;
        for (int64_t from = 0; from < F; from += D) {
            Number score = zero, ga = zero;
#pragma GCC ivdep
            for (int64_t c = from; c < from + D; c++) {
                score = score + q[c] * k[c] * (filter.z_(c) * filter.s_(c));
                ga = ga + constant(gm[c], zero) * k[F + c] *
                              (filter.z_(F + c) * filter.s_(F + c));
            }
            const Number sigma = sigmoid(score), a = cutoff * score * sigma;
            gcutoff = gcutoff + ga * score * sigma;
            const Number gs = ga * cutoff * siluSlope(score, sigma);
#pragma omp simd
            for (int64_t c = from; c < from + D; c++) {
                const Number z = filter.z_(c), s = filter.s_(c);
                const Number z0 = filter.z_(F + c), s0 = filter.s_(F + c);
                const Number agm = a * constant(gm[c], zero);
                gq[c] += wanted(gs * k[c] * (z * s));
                gk[c] += wanted(gs * q[c] * (z * s));
                gk[F + c] += wanted(agm * (z0 * s0));
                filter.set(c, gs * q[c] * k[c] * siluSlope(z, s));
                filter.set(F + c, agm * k[F + c] * siluSlope(z0, s0));
            }
        }
        const Number d0 = phi * d[0], d1 = phi * d[1], d2 = phi * d[2];
        Number g0 = zero, g1 = zero, g2 = zero;
#pragma GCC ivdep
        for (int64_t c = 0; c < F; c++) {
            const Number z = filter.z_(3 * F + c), s = filter.s_(3 * F + c);
            const Number w0 = constant(gw[c], zero), w1 = constant(gw[F + c], zero),
                         w2 = constant(gw[2 * F + c], zero);
            const Number f = z * s, t = k[3 * F + c] * f, g = d0 * w0 + d1 * w1 + d2 * w2;
            g0 = g0 + w0 * t;
            g1 = g1 + w1 * t;
            g2 = g2 + w2 * t;
            gk[3 * F + c] += wanted(g * f);
            filter.set(3 * F + c, g * k[3 * F + c] * siluSlope(z, s));
        }
        gphi = g0 * d[0] + g1 * d[1] + g2 * d[2];
        if (in.vectors) {
            const In<Number> v = in.v + j * 3 * F;
            float* gv = out.v + j * 3 * F;
#pragma GCC ivdep
            for (int64_t c = 0; c < F; c++) {
                const Number z = filter.z_(2 * F + c), s = filter.s_(2 * F + c);
                const Number w0 = constant(gw[c], zero), w1 = constant(gw[F + c], zero),
                             w2 = constant(gw[2 * F + c], zero);
                const Number f = z * s, along = w0 * v[c] + w1 * v[F + c] + w2 * v[2 * F + c];
                const Number t = phi * k[2 * F + c] * f, g = phi * along;
                gv[c] += wanted(w0 * t);
                gv[F + c] += wanted(w1 * t);
                gv[2 * F + c] += wanted(w2 * t);
                gk[2 * F + c] += wanted(g * f);
                gphi = gphi + along * k[2 * F + c] * f;
                filter.set(2 * F + c, g * k[2 * F + c] * siluSlope(z, s));
            }
        } else {
            for (int64_t c = 0; c < F; c++)
                filter.set(2 * F + c, zero);
        }
        if (out.phi == nullptr)
            continue;
        out.phi[p] = wanted(shape.smooth ? gcutoff + gphi : gcutoff);
        out.direction[3 * p] = wanted(phi * g0);
        out.direction[3 * p + 1] = wanted(phi * g1);
        out.direction[3 * p + 2] = wanted(phi * g2);
    }
}

MOLSPECTRA_INLINE Inputs<float> inputs(const MessageArrays& a) {
    return {{a.q}, {a.kv}, {a.v}, {a.phi}, {a.direction}, a.v != nullptr};
}

MOLSPECTRA_INLINE Inputs<Dual> inputs(const MessageArrays& a, const MessageArrays& t) {
    return {{a.q, t.q}, {a.kv, t.kv}, {a.v, t.v}, {a.phi, t.phi}, {a.direction, t.direction},
            a.v != nullptr};
}

}  // namespace

MOLSPECTRA_CLONES
void addMessages(const MessageShape& shape, const MessageArrays& arrays, int64_t first,
                 int64_t last, const float* z, const float* s, const MessageSums& sums) {
    messages<float>(shape, inputs(arrays), first, last,
                    Filters{const_cast<float*>(z), const_cast<float*>(s)}, sums);
}

MOLSPECTRA_CLONES
void addSlopes(const MessageShape& shape, const MessageArrays& arrays, int64_t first, int64_t last,
               float* z, const float* s, const MessageSlopes& slopes) {
    slopesOf<float>(shape, inputs(arrays), first, last, Filters{z, const_cast<float*>(s)}, slopes);
}

MOLSPECTRA_CLONES
void addMessageTangents(const MessageShape& shape, const MessageArrays& arrays,
                        const MessageArrays& tangents, int64_t first, int64_t last, const float* z,
                        const float* s, const float* dz, const MessageSums& sums) {
    messages<Dual>(shape, inputs(arrays, tangents), first, last,
                   DualFilters{const_cast<float*>(z), const_cast<float*>(s),
                               const_cast<float*>(dz)},
                   sums);
}

MOLSPECTRA_CLONES
void addSlopeTangents(const MessageShape& shape, const MessageArrays& arrays,
                      const MessageArrays& tangents, int64_t first, int64_t last, float* z,
                      const float* s, float* dz, const MessageSlopes& slopes) {
    slopesOf<Dual>(shape, inputs(arrays, tangents), first, last,
                   DualFilters{z, const_cast<float*>(s), dz}, slopes);
}

}  // namespace molspectra
