// One body for numbers and for dual numbers: a derivative along a direction is the same computation
// with a tangent beside every value.
// SPDX-License-Identifier: MIT
#include "model/MessageKernels.h"

#include <algorithm>
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

/// Filters of rows: z and s, and the tangent of z.
struct Filters {
    const float *z, *s;
    MOLSPECTRA_INLINE float z_(int64_t n) const { return z[n]; }
    MOLSPECTRA_INLINE float s_(int64_t n) const { return s[n]; }
    MOLSPECTRA_INLINE Filters operator+(int64_t n) const { return {z + n, s + n}; }
};
struct DualFilters {
    const float *z, *s, *dz;
    MOLSPECTRA_INLINE Dual z_(int64_t n) const { return {z[n], dz[n]}; }
    MOLSPECTRA_INLINE Dual s_(int64_t n) const { return {s[n], s[n] * (1.0F - s[n]) * dz[n]}; }
    MOLSPECTRA_INLINE DualFilters operator+(int64_t n) const { return {z + n, s + n, dz + n}; }
};

/// Where the slopes of a row's filter go, and their tangents.
struct FilterSlopes {
    float* slope;
    MOLSPECTRA_INLINE void clear(int64_t count) const { std::fill_n(slope, count, 0.0F); }
    MOLSPECTRA_INLINE void add(int64_t n, float more) const { slope[n] += more; }
    MOLSPECTRA_INLINE FilterSlopes operator+(int64_t n) const { return {slope + n}; }
};
struct DualFilterSlopes {
    float *slope, *tangent;
    MOLSPECTRA_INLINE void clear(int64_t count) const {
        std::fill_n(slope, count, 0.0F);
        std::fill_n(tangent, count, 0.0F);
    }
    MOLSPECTRA_INLINE void add(int64_t n, Dual more) const {
        slope[n] += more.value;
        tangent[n] += more.tangent;
    }
    MOLSPECTRA_INLINE DualFilterSlopes operator+(int64_t n) const {
        return {slope + n, tangent + n};
    }
};

template <class Number>
struct Inputs {
    In<Number> q, kv, v, phi, direction;
    bool vectors;
};

template <class Number, class Filter>
MOLSPECTRA_INLINE void message(const MessageShape& shape, const Inputs<Number>& in, int64_t row,
                               const MessagePair& pair, const Filter& filter,
                               const MessageSums& sums) {
    const int64_t F = shape.channels, D = F / shape.heads;
    const In<Number> q = in.q + pair.receiver * F, k = in.kv + pair.sender * 4 * F;
    const In<Number> d = in.direction + 3 * row;
    const Number cutoff = in.phi[row], sign = constant(pair.sign, cutoff);
    const Number phi = shape.smooth ? cutoff : constant(1.0F, cutoff);
    float *m = sums.m + pair.receiver * F, *w = sums.w + pair.receiver * 3 * F;
    for (int64_t from = 0; from < F; from += D) {
        Number score = constant(0.0F, cutoff);
#pragma GCC ivdep
        for (int64_t c = from; c < from + D; c++)
            score = score + q[c] * k[c] * (filter.z_(c) * filter.s_(c));
        const Number a = cutoff * score * sigmoid(score);
#pragma GCC ivdep
        for (int64_t c = from; c < from + D; c++)
            m[c] += wanted(a * k[F + c] * (filter.z_(F + c) * filter.s_(F + c)));
    }
    const Number d0 = sign * phi * d[0], d1 = sign * phi * d[1], d2 = sign * phi * d[2];
#pragma GCC ivdep
    for (int64_t c = 0; c < F; c++) {
        const Number t2 = k[3 * F + c] * (filter.z_(3 * F + c) * filter.s_(3 * F + c));
        w[c] += wanted(d0 * t2);
        w[F + c] += wanted(d1 * t2);
        w[2 * F + c] += wanted(d2 * t2);
    }
    if (!in.vectors)
        return;
    const In<Number> v = in.v + pair.sender * 3 * F;
#pragma GCC ivdep
    for (int64_t c = 0; c < F; c++) {
        const Number t1 = phi * k[2 * F + c] * (filter.z_(2 * F + c) * filter.s_(2 * F + c));
        w[c] += wanted(v[c] * t1);
        w[F + c] += wanted(v[F + c] * t1);
        w[2 * F + c] += wanted(v[2 * F + c] * t1);
    }
}

template <class Number, class Filter>
MOLSPECTRA_INLINE void messages(const MessageShape& shape, const Inputs<Number>& in, int64_t first,
                                int64_t last, Filter filter, const MessageSums& sums) {
    for (int64_t row = first; row < last; row++, filter = filter + 4 * shape.channels)
        for (int64_t p = shape.rows[row]; p < shape.rows[row + 1]; p++)
            message<Number>(shape, in, row, shape.pairs[p], filter, sums);
}

/// The derivative of SiLU, sigma(z) (1 + z (1 - sigma(z))).
template <class Number>
MOLSPECTRA_INLINE Number siluSlope(Number z, Number s) {
    return s + z * s * oneMinus(s);
}

/// Slopes of the cutoff and of the direction that belong to a row.
template <class Number>
struct RowSlopes {
    Number phi, direction[3];
};

template <class Number, class Filter, class Slopes>
MOLSPECTRA_INLINE void slopesOfPair(const MessageShape& shape, const Inputs<Number>& in,
                                    int64_t row, const MessagePair& pair, const Filter& filter,
                                    const Slopes& gz, const MessageSlopes& out,
                                    RowSlopes<Number>& sum) {
    const int64_t F = shape.channels, D = F / shape.heads, i = pair.receiver, j = pair.sender;
    const In<Number> q = in.q + i * F, k = in.kv + j * 4 * F, d = in.direction + 3 * row;
    const Number cutoff = in.phi[row], zero = constant(0.0F, cutoff);
    const Number sign = constant(pair.sign, cutoff);
    const Number phi = shape.smooth ? cutoff : constant(1.0F, cutoff);
    const float *gm = out.m + i * F, *gw = out.w + i * 3 * F;
    float *gq = out.q + i * F, *gk = out.kv + j * 4 * F;
    for (int64_t from = 0; from < F; from += D) {
        Number score = zero, ga = zero;
#pragma GCC ivdep
        for (int64_t c = from; c < from + D; c++) {
            score = score + q[c] * k[c] * (filter.z_(c) * filter.s_(c));
            ga = ga + constant(gm[c], zero) * k[F + c] * (filter.z_(F + c) * filter.s_(F + c));
        }
        const Number sigma = sigmoid(score), a = cutoff * score * sigma;
        sum.phi = sum.phi + ga * score * sigma;
        const Number gs = ga * cutoff * siluSlope(score, sigma);
#pragma GCC ivdep
        for (int64_t c = from; c < from + D; c++) {
            const Number z = filter.z_(c), s = filter.s_(c);
            const Number z0 = filter.z_(F + c), s0 = filter.s_(F + c);
            const Number agm = a * constant(gm[c], zero);
            gq[c] += wanted(gs * k[c] * (z * s));
            gk[c] += wanted(gs * q[c] * (z * s));
            gk[F + c] += wanted(agm * (z0 * s0));
            gz.add(c, gs * q[c] * k[c] * siluSlope(z, s));
            gz.add(F + c, agm * k[F + c] * siluSlope(z0, s0));
        }
    }
    const Number d0 = sign * phi * d[0], d1 = sign * phi * d[1], d2 = sign * phi * d[2];
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
        gz.add(3 * F + c, g * k[3 * F + c] * siluSlope(z, s));
    }
    sum.direction[0] = sum.direction[0] + sign * phi * g0;
    sum.direction[1] = sum.direction[1] + sign * phi * g1;
    sum.direction[2] = sum.direction[2] + sign * phi * g2;
    Number gphi = sign * (g0 * d[0] + g1 * d[1] + g2 * d[2]);
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
            gz.add(2 * F + c, g * k[2 * F + c] * siluSlope(z, s));
        }
    }
    if (shape.smooth)
        sum.phi = sum.phi + gphi;
}

template <class Number, class Filter, class Slopes>
MOLSPECTRA_INLINE void slopesOf(const MessageShape& shape, const Inputs<Number>& in, int64_t first,
                                int64_t last, Filter filter, Slopes gz, const MessageSlopes& out) {
    const int64_t width = 4 * shape.channels;
    for (int64_t row = first; row < last; row++, filter = filter + width, gz = gz + width) {
        gz.clear(width);
        RowSlopes<Number> sum{};
        for (int64_t p = shape.rows[row]; p < shape.rows[row + 1]; p++)
            slopesOfPair<Number>(shape, in, row, shape.pairs[p], filter, gz, out, sum);
        if (out.phi == nullptr)
            continue;
        out.phi[row] = wanted(sum.phi);
        for (int64_t axis = 0; axis < 3; axis++)
            out.direction[3 * row + axis] = wanted(sum.direction[axis]);
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
    messages<float>(shape, inputs(arrays), first, last, Filters{z, s}, sums);
}

MOLSPECTRA_CLONES
void addSlopes(const MessageShape& shape, const MessageArrays& arrays, int64_t first, int64_t last,
               const float* z, const float* s, float* gz, const MessageSlopes& slopes) {
    slopesOf<float>(shape, inputs(arrays), first, last, Filters{z, s}, FilterSlopes{gz}, slopes);
}

MOLSPECTRA_CLONES
void addMessageTangents(const MessageShape& shape, const MessageArrays& arrays,
                        const MessageArrays& tangents, int64_t first, int64_t last, const float* z,
                        const float* s, const float* dz, const MessageSums& sums) {
    messages<Dual>(shape, inputs(arrays, tangents), first, last, DualFilters{z, s, dz}, sums);
}

MOLSPECTRA_CLONES
void addSlopeTangents(const MessageShape& shape, const MessageArrays& arrays,
                      const MessageArrays& tangents, int64_t first, int64_t last, const float* z,
                      const float* s, const float* dz, float* gz, float* dgz,
                      const MessageSlopes& slopes) {
    slopesOf<Dual>(shape, inputs(arrays, tangents), first, last, DualFilters{z, s, dz},
                   DualFilterSlopes{gz, dgz}, slopes);
}

}  // namespace molspectra
