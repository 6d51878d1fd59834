// Filters of a pair out of the tables: the same cubic gives value and slope, so that forces are the
// exact gradient of the energy that is computed.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Gemm.h"

namespace molspectra::native {
namespace {

/// C vectors: the blocks of a panel that are worked on together.
template <class T, int W, int C>
struct Lanes {
    Vec<T, W> block[C];

    [[gnu::always_inline]] Vec<T, W>& operator[](int c) { return block[c]; }
    [[gnu::always_inline]] const Vec<T, W>& operator[](int c) const { return block[c]; }
};

/// Where row `row` of a block lies in a feature [G,rows,2 W].
template <class T, int W>
[[gnu::always_inline]] inline T* at(T* feature, int rows, int block, int row) {
    return feature + (static_cast<size_t>(block / 2) * rows + row) * 2 * W + block % 2 * W;
}

/// One kind of filter for C blocks of channels: what a loop over pairs reads, in the order of
/// distances.
template <class T, int W, int C>
struct FilterColumn {
    const T* table;
    const T* exact;

    [[gnu::always_inline]] FilterColumn(const State<T>& s, const Filters<T>& filters, int kind,
                                        int block)
        : table(at<const T, W>(filters.table, s.rows, kind * s.blocks + block, 0)),
          exact(at<const T, W>(filters.exact, s.exactPairs * 4, kind * s.blocks + block, 0)) {}

    [[gnu::always_inline]] const T* row(const PairPlace<T>& place) const {
        return place.row >= 0 ? table + place.row : exact + ~place.row;
    }
    /// Brings the rows of a later pair into the cache: distances ascend, but with gaps.
    [[gnu::always_inline]] void fetch(const PairPlace<T>& place) const {
        constexpr int line = 64 / sizeof(T);
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k)
#pragma GCC unroll 4
            for (int i = 0; i < C * W; i += line)
                __builtin_prefetch(table + place.later + k * 2 * W + i);
    }
    [[gnu::always_inline]] Lanes<T, W, C> value(const PairPlace<T>& place) const {
        return sum(row(place), place.value);
    }
    [[gnu::always_inline]] Lanes<T, W, C> slope(const PairPlace<T>& place) const {
        return sum(row(place), place.slope);
    }
    [[gnu::always_inline]] static Lanes<T, W, C> sum(const T* from, const T (&factor)[4]) {
        Lanes<T, W, C> result;
        for (int c = 0; c < C; ++c, from += W)
            result[c] = (load<T, W>(from) * factor[0] + load<T, W>(from + 2 * W) * factor[1]) +
                        (load<T, W>(from + 4 * W) * factor[2] +
                         load<T, W>(from + 6 * W) * factor[3]);
        return result;
    }
};

/// Which filters of equation (7) carry the cutoff: all but Dk, or only D0 in the historic form.
template <class T>
[[gnu::always_inline]] inline bool carriesCutoff(const State<T>& s, int filter) {
    return filter == 1 || (filter > 1 && s.vectorCutoff);
}

/// Value and slope of one channel's filter at the distance of an exact pair.
template <class T>
inline void exactFilter(const State<T>& s, const Filters<T>& filters, int pair, int filter,
                        int channel, bool attention, double& value, double& slope) {
    const double* e = s.radialValue + static_cast<size_t>(pair) * 2 * (s.radial + 1);
    const double* de = e + s.radial + 1;
    const size_t output = static_cast<size_t>(filter) * s.channels + channel;
    const double* weight = filters.weight + output * s.radial;
    value = filters.bias[output];
    slope = 0.0;
    for (int k = 0; k < s.radial; ++k) {
        value += weight[k] * e[k];
        slope += weight[k] * de[k];
    }
    if (attention) {
        const double sigma = 1.0 / (1.0 + __builtin_exp(-value));
        slope *= sigma * (1.0 + value * (1.0 - sigma));
        value *= sigma;
    }
    if (!attention || carriesCutoff(s, filter)) {
        slope = slope * e[s.radial] + value * de[s.radial];
        value *= e[s.radial];
    }
}

/// Fills the rows of the pairs that lie outside the table for one kind and block.
template <class T, int W>
inline void fillExact(const State<T>& s, const Filters<T>& filters, int kind, int block,
                      bool attention) {
    T* row = at<T, W>(filters.exact, s.exactPairs * 4, kind * s.blocks + block, 0);
    for (int pair = 0; pair < s.exactPairs; ++pair, row += 8 * W)
        for (int lane = 0; lane < W; ++lane) {
            double value, slope;
            exactFilter(s, filters, pair, kind, block * W + lane, attention, value, slope);
            row[lane] = static_cast<T>(value);
            row[2 * W + lane] = static_cast<T>(slope);
            row[4 * W + lane] = row[6 * W + lane] = T(0);
        }
}

}  // namespace
}  // namespace molspectra::native
