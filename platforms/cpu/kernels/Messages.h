// Messages between neighbors, equations (8)-(10), one head at a time: a head's channels meet no
// other's, so its member of the team needs nothing from the others. Each unordered pair is visited
// once and serves both directions, because the filters depend on the distance alone.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Filter.h"

namespace molspectra::native {
namespace {

enum Kind { kindKey, kind0, kind1, kind2 };

/// Where row `row` of a block lies in a feature [B,rows,W].
template <class T, int W>
[[gnu::always_inline]] inline T* at(T* feature, int rows, int block, int row) {
    return feature + (static_cast<size_t>(block) * rows + row) * W;
}

/// One head of one layer.
template <class T, int W>
struct Head {
    const State<T>& s;
    const LayerWork<T>& work;
    const Filters<T>& filters;
    int first, count;  ///< blocks
    T* score;
    T* rows;    ///< scratch: lanes to be summed [2 chunkPairs + W, W]
    T* weight;  ///< scratch: a of the pairs of a chunk, both directions [2 chunkPairs + W]

    Head(const State<T>& state, int layer, int index, int member)
        : s(state), work(state.work[layer]), filters(state.layer[layer].filters),
          first(index * state.headBlocks), count(state.headBlocks), score(work.score + static_cast<size_t>(index) * state.scores),
          rows(state.scratch + static_cast<size_t>(member) * state.scratchSize),
          weight(rows + (2 * chunkPairs + W) * W) {}

    T* scalar(T* feature, int b) const { return at<T, W>(feature, s.atoms, first + b, 0); }
    T* vector(T* feature, int b) const { return at<T, W>(feature, 3 * s.atoms, first + b, 0); }
    /// `which` of five features that lie one after the other.
    T* among(T* features, int which, int b) const {
        return scalar(features + static_cast<size_t>(which) * s.channels * s.atoms, b);
    }
    T* projected(int which, int b) const { return among(work.project, which, b); }
    /// A filter at r = 0.
    Vec<T, W> self(int kind, int b) const {
        return load<T, W>(filters.self + (static_cast<size_t>(kind) * s.blocks + first + b) * W);
    }
    FilterColumn<T, W> column(int kind, int b) const { return {s, filters, kind, first + b}; }
};

/// Sums the lanes of `count` rows into `sums`, whose length is rounded up to W.
template <class T, int W>
inline void sumAll(const T* rows, int count, T* sums) {
    for (int row = 0; row < count; row += W)
        store<T, W>(sums + row, sumRows<T, W>(rows + static_cast<size_t>(row) * W));
}

/// weight = SiLU(score)
template <class T, int W>
inline void activate(const T* score, int count, T* weight) {
    for (int row = 0; row < count; row += W)
        store<T, W>(weight + row, Silu<T, W>(load<T, W>(score + row)).value);
}

/// Scores of every atom with itself.
template <class T, int W>
inline void scoreSelf(const Head<T, W>& h) {
    T* own = h.score + h.s.selfStart;
    for (int b = 0; b < h.count; ++b) {
        const T *q = h.projected(0, b), *k = h.projected(1, b);
        const auto filter = h.self(kindKey, b);
        for (int atom = 0; atom < h.s.atoms; ++atom) {
            const T sum = sumLanes<T, W>(load<T, W>(q + atom * W) * load<T, W>(k + atom * W) *
                                         filter);
            own[atom] = b == 0 ? sum : own[atom] + sum;
        }
    }
}

/// What every atom sends to itself; starts m and w of one block.
template <class T, int W, bool Vectors>
inline void sendSelf(const Head<T, W>& h, int b) {
    const T *v0 = h.projected(2, b), *v1 = h.projected(3, b);
    const T *own = h.score + h.s.selfStart, *v = Vectors ? h.vector(h.work.v, b) : nullptr;
    T *m = h.scalar(h.s.m, b), *w = h.vector(h.s.w, b);
    const auto d0 = h.self(kind0, b);
    const auto d1 = h.self(kind1, b);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto weight = Silu<T, W>(spread<T, W>(own[atom])).value;
        store<T, W>(m + atom * W, weight * load<T, W>(v0 + atom * W) * d0);
        if constexpr (Vectors) {
            const auto factor = load<T, W>(v1 + atom * W) * d1;
            for (int row = 3 * atom; row < 3 * atom + 3; ++row)
                store<T, W>(w + row * W, factor * load<T, W>(v + row * W));
        } else {
            for (int row = 3 * atom; row < 3 * atom + 3; ++row)
                store<T, W>(w + row * W, zero<T, W>());
        }
    }
}

/// Adds one block's lanes to the scores of a chunk of pairs: q_i k_j Dk and q_j k_i Dk (8).
template <class T, int W>
inline void scorePairs(const Head<T, W>& h, int b, Range chunk) {
    const T *q = h.projected(0, b), *k = h.projected(1, b);
    const auto column = h.column(kindKey, b);
    T* row = h.rows;
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, row += 2 * W) {
        column.fetch(*place);
        const auto filter = column.value(*place);
        auto to = load<T, W>(q + place->offsetI) * (load<T, W>(k + place->offsetJ) * filter);
        auto from = load<T, W>(q + place->offsetJ) * (load<T, W>(k + place->offsetI) * filter);
        if (b > 0) {
            to += load<T, W>(row);
            from += load<T, W>(row + W);
        }
        store<T, W>(row, to);
        store<T, W>(row + W, from);
    }
}

/// Adds what the pairs of a chunk send to m (9) and w (10) of one block.
template <class T, int W, bool Vectors>
inline void sendPairs(const Head<T, W>& h, int b, Range chunk) {
    const T *v0 = h.projected(2, b), *v1 = h.projected(3, b), *v2 = h.projected(4, b);
    const T *v = Vectors ? h.vector(h.work.v, b) : nullptr, *weight = h.weight;
    T *m = h.scalar(h.s.m, b), *w = h.vector(h.s.w, b);
    const auto column0 = h.column(kind0, b), column1 = h.column(kind1, b),
               column2 = h.column(kind2, b);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, weight += 2) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column0.fetch(*place);
        column2.fetch(*place);
        const auto d0 = column0.value(*place), d2 = column2.value(*place);
        // One after the other, here and below: an atom may be a neighbor of its own image.
        add<T, W>(m + i, weight[0] * (load<T, W>(v0 + j) * d0));
        add<T, W>(m + j, weight[1] * (load<T, W>(v0 + i) * d0));
        const auto alongI = load<T, W>(v2 + j) * d2, alongJ = load<T, W>(v2 + i) * d2;
        auto carryI = zero<T, W>(), carryJ = zero<T, W>();
        if constexpr (Vectors) {
            column1.fetch(*place);
            const auto d1 = column1.value(*place);
            carryI = load<T, W>(v1 + j) * d1;
            carryJ = load<T, W>(v1 + i) * d1;
        }
#pragma GCC unroll 3
        for (int d = 0; d < 3; ++d) {
            auto toI = place->unit[d] * alongI, toJ = -place->unit[d] * alongJ;
            if constexpr (Vectors) {
                toI += carryI * load<T, W>(v + 3 * j + d * W);
                toJ += carryJ * load<T, W>(v + 3 * i + d * W);
            }
            add<T, W>(w + 3 * i + d * W, toI);
            add<T, W>(w + 3 * j + d * W, toJ);
        }
    }
}

/// m and w of one head.
template <class T, int W, bool Vectors>
inline void attendHead(const Head<T, W>& h) {
    scoreSelf(h);
    for (int b = 0; b < h.count; ++b)
        sendSelf<T, W, Vectors>(h, b);
    for (int begin = 0; begin < h.s.pairs; begin += chunkPairs) {
        const Range chunk{begin, begin + chunkPairs < h.s.pairs ? begin + chunkPairs : h.s.pairs};
        const int directed = 2 * (chunk.end - chunk.begin);
        for (int b = 0; b < h.count; ++b)
            scorePairs(h, b, chunk);
        sumAll<T, W>(h.rows, directed, h.score + 2 * begin);
        activate<T, W>(h.score + 2 * begin, directed, h.weight);
        for (int b = 0; b < h.count; ++b)
            sendPairs<T, W, Vectors>(h, b, chunk);
    }
}

}  // namespace
}  // namespace molspectra::native
