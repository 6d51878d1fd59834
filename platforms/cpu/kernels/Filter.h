// Filters of a pair out of the tables: one cubic piece gives value and slope, so that forces are
// the exact gradient of the energy that is computed.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Gemm.h"

namespace molspectra::native {
namespace {

/// The filters of one pair for the channels of one group (a head, or a panel of the embedding).
template <class T, int W>
struct FilterPiece {
    const T* row;  ///< [filters, group's blocks, 4, W]
    const PairPlace<T>& place;

    [[gnu::always_inline]] Vec<T, W> power(int entry, int n) const {
        return load<T, W>(row + (4 * entry + n) * W);
    }
    [[gnu::always_inline]] Vec<T, W> value(int entry) const {
        return (power(entry, 0) + power(entry, 1) * place.t) +
               (power(entry, 2) * place.t2 + power(entry, 3) * place.t3);
    }
    [[gnu::always_inline]] Vec<T, W> slope(int entry) const {
        return power(entry, 1) + (power(entry, 2) * place.twoT + power(entry, 3) * place.threeT2);
    }
};

/// Where the rows of one group begin.
template <class T, int W>
struct FilterGroup {
    const T* pieces;
    const T* exact;
    size_t size;  ///< of a row

    [[gnu::always_inline]] FilterGroup(const State<T>& s, const Filters<T>& filters, int group,
                                       int entries)
        : pieces(filters.pieces + static_cast<size_t>(group) * s.pieces * entries * 4 * W),
          exact(filters.exact + static_cast<size_t>(group) * s.exactPairs * entries * 4 * W),
          size(static_cast<size_t>(entries) * 4 * W) {}

    [[gnu::always_inline]] FilterPiece<T, W> of(const PairPlace<T>& place) const {
        return {place.row >= 0 ? pieces + static_cast<size_t>(place.row) * size
                               : exact + static_cast<size_t>(-1 - place.row) * size,
                place};
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

/// Fills the rows of the pairs that lie outside the table for one group: pieces of which only the
/// begin is used.
template <class T, int W>
inline void fillExact(const State<T>& s, const Filters<T>& filters, int group, int groupBlocks,
                      bool attention) {
    const int entries = (attention ? 4 : 1) * groupBlocks;
    T* row = filters.exact + static_cast<size_t>(group) * s.exactPairs * entries * 4 * W;
    for (int pair = 0; pair < s.exactPairs; ++pair)
        for (int entry = 0; entry < entries; ++entry, row += 4 * W)
            for (int lane = 0; lane < W; ++lane) {
                double value, slope;
                const int channel = (group * groupBlocks + entry % groupBlocks) * W + lane;
                exactFilter(s, filters, pair, entry / groupBlocks, channel, attention, value,
                            slope);
                row[lane] = static_cast<T>(value);
                row[W + lane] = static_cast<T>(slope);
                row[2 * W + lane] = row[3 * W + lane] = T(0);
            }
}

}  // namespace
}  // namespace molspectra::native
