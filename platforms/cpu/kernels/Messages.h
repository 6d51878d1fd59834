// Messages between neighbors, equations (8)-(10), head by head: a head's channels meet no other's,
// so its member of the team needs nothing from the others. Each unordered pair is visited
// once and serves both directions, because the filters depend on the distance alone.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Filter.h"

namespace molspectra::native {
namespace {

enum Kind { kindKey, kind0, kind1, kind2 };

/// S heads of one layer, worked on in parts of C blocks: one head, or two of a block each, which
/// together read whole panels.
template <class T, int W, int C, int S>
struct Heads {
    using V = Vec<T, W>;
    using Column = FilterColumn<T, W, C>;
    static constexpr int most = chunkPairs / S;  ///< pairs at once
    static constexpr int room = 2 * most + W;    ///< for both directions of each

    const State<T>& s;
    const LayerWork<T>& work;
    const Filters<T>& filters;
    int first, parts;  ///< first block, and how many times C blocks
    T* scores;
    T* rows;     ///< scratch: lanes to be summed [S,room,W]
    T* weights;  ///< scratch: a of the pairs of a chunk [S,room]

    Heads(const State<T>& state, int layer, int index, int member)
        : s(state), work(state.work[layer]), filters(state.layer[layer].filters),
          first(index * state.headBlocks), parts(S * state.headBlocks / C),
          scores(work.score + static_cast<size_t>(index) * state.scores),
          rows(state.scratch + static_cast<size_t>(member) * state.scratchSize),
          weights(rows + S * room * W) {}

    /// Which of the heads block c of a part belongs to.
    static constexpr int of(int c) { return c * S / C; }
    T* score(int head) const { return scores + static_cast<size_t>(head) * s.scores; }
    T* ownScore(int head) const { return score(head) + s.selfStart; }

    T* scalar(T* feature, int part) const {
        return at<T, W>(feature, s.atoms, first + part * C, 0);
    }
    T* vector(T* feature, int part) const {
        return at<T, W>(feature, 3 * s.atoms, first + part * C, 0);
    }
    /// `which` of five features that lie one after the other.
    T* among(T* features, int which, int part) const {
        return scalar(features + static_cast<size_t>(which) * s.channels * s.atoms, part);
    }
    T* projected(int which, int part) const { return among(work.project, which, part); }
    /// A filter at r = 0.
    V self(int kind, int part, int c) const {
        return load<T, W>(filters.self +
                          (static_cast<size_t>(kind) * s.blocks + first + part * C + c) * W);
    }
    Column column(int kind, int part) const { return {s, filters, kind, first + part * C}; }
};

/// Sums the lanes of `count` rows into `sums`, whose length is rounded up to W.
template <class T, int W>
inline void sumAll(const T* rows, int count, T* sums) {
    for (int row = 0; row < count; row += W)
        store<T, W>(sums + row, sumRows<T, W>(rows + static_cast<size_t>(row) * W));
}

/// The same, added to what is there.
template <class T, int W>
inline void addAll(const T* rows, int count, T* sums) {
    for (int row = 0; row < count; row += W)
        add<T, W>(sums + row, sumRows<T, W>(rows + static_cast<size_t>(row) * W));
}

/// weight = SiLU(score)
template <class T, int W>
inline void activate(const T* score, int count, T* weight) {
    for (int row = 0; row < count; row += W)
        store<T, W>(weight + row, Silu<T, W>(load<T, W>(score + row)).value);
}

/// What one pair adds to sums over lanes: both directions, for each head.
template <class T, int W, int S>
struct LanesOfHeads {
    Vec<T, W> to[S], from[S];

    /// From zero, or going on with what an earlier part has left in the rows.
    [[gnu::always_inline]] LanesOfHeads(const T* row, int room, bool goOn) {
#pragma GCC unroll 2
        for (int head = 0; head < S; ++head, row += room * W) {
            to[head] = goOn ? load<T, W>(row) : zero<T, W>();
            from[head] = goOn ? load<T, W>(row + W) : zero<T, W>();
        }
    }
    [[gnu::always_inline]] void keep(T* row, int room) const {
#pragma GCC unroll 2
        for (int head = 0; head < S; ++head, row += room * W) {
            store<T, W>(row, to[head]);
            store<T, W>(row + W, from[head]);
        }
    }
};

/// Scores of every atom with itself.
template <class T, int W, int C, int S>
inline void scoreSelf(const Heads<T, W, C, S>& h) {
    for (int part = 0; part < h.parts; ++part) {
        const T *q = h.projected(0, part), *k = h.projected(1, part);
        for (int atom = 0; atom < h.s.atoms; ++atom, q += 2 * W, k += 2 * W) {
            Vec<T, W> sum[S] = {};
            for (int c = 0; c < C; ++c)
                sum[h.of(c)] +=
                    load<T, W>(q + c * W) * load<T, W>(k + c * W) * h.self(kindKey, part, c);
            for (int head = 0; head < S; ++head) {
                T& own = h.ownScore(head)[atom];
                own = sumLanes<T, W>(sum[head]) + (part == 0 ? T(0) : own);
            }
        }
    }
}

/// What every atom sends to itself; starts m and w of one part.
template <class T, int W, int C, int S, bool Vectors>
inline void sendSelf(const Heads<T, W, C, S>& h, int part) {
    const T *v0 = h.projected(2, part), *v1 = h.projected(3, part);
    const T* v = Vectors ? h.vector(h.work.v, part) : nullptr;
    T *m = h.scalar(h.s.m, part), *w = h.vector(h.s.w, part);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        Vec<T, W> weights[S];
        for (int head = 0; head < S; ++head)
            weights[head] = Silu<T, W>(spread<T, W>(h.ownScore(head)[atom])).value;
        for (int c = 0; c < C; ++c) {
            const auto weight = weights[h.of(c)];
            const int i = atom * 2 * W + c * W;
            store<T, W>(m + i, weight * load<T, W>(v0 + i) * h.self(kind0, part, c));
            auto factor = zero<T, W>();
            if constexpr (Vectors)
                factor = load<T, W>(v1 + i) * h.self(kind1, part, c);
            for (int row = 3 * atom; row < 3 * atom + 3; ++row) {
                if constexpr (Vectors)
                    store<T, W>(w + row * 2 * W + c * W,
                                factor * load<T, W>(v + row * 2 * W + c * W));
                else
                    store<T, W>(w + row * 2 * W + c * W, factor);
            }
        }
    }
}

/// Adds one part's lanes to the scores of a chunk of pairs: q_i k_j Dk and q_j k_i Dk (8).
template <class T, int W, int C, int S>
inline void scorePairs(const Heads<T, W, C, S>& h, int part, Range chunk) {
    const T *q = h.projected(0, part), *k = h.projected(1, part);
    const auto column = h.column(kindKey, part);
    T* row = h.rows;
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, row += 2 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto filter = column.value(*place);
        LanesOfHeads<T, W, S> sums(row, h.room, part > 0);
#pragma GCC unroll 2
        for (int c = 0; c < C; ++c) {
            sums.to[h.of(c)] +=
                load<T, W>(q + i + c * W) * (load<T, W>(k + j + c * W) * filter[c]);
            sums.from[h.of(c)] +=
                load<T, W>(q + j + c * W) * (load<T, W>(k + i + c * W) * filter[c]);
        }
        sums.keep(row, h.room);
    }
}

/// Adds what the pairs of a chunk send to m (9) and w (10) of one part.
template <class T, int W, int C, int S, bool Vectors>
inline void sendPairs(const Heads<T, W, C, S>& h, int part, Range chunk) {
    const T *v0 = h.projected(2, part), *v1 = h.projected(3, part), *v2 = h.projected(4, part);
    const T *v = Vectors ? h.vector(h.work.v, part) : nullptr, *a = h.weights;
    T *m = h.scalar(h.s.m, part), *w = h.vector(h.s.w, part);
    const auto column0 = h.column(kind0, part), column1 = h.column(kind1, part),
               column2 = h.column(kind2, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, a += 2) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column0.fetch(*place);
        column2.fetch(*place);
        if constexpr (Vectors)
            column1.fetch(*place);
        const auto d0 = column0.value(*place), d2 = column2.value(*place);
        Lanes<T, W, C> d1{};
        if constexpr (Vectors)
            d1 = column1.value(*place);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            // One after the other, here and below: an atom may be a neighbor of its own image.
            const T* weight = a + h.of(c / W) * h.room;
            add<T, W>(m + i + c, weight[0] * (load<T, W>(v0 + j + c) * d0[c / W]));
            add<T, W>(m + j + c, weight[1] * (load<T, W>(v0 + i + c) * d0[c / W]));
            const auto alongI = load<T, W>(v2 + j + c) * d2[c / W];
            const auto alongJ = load<T, W>(v2 + i + c) * d2[c / W];
            auto carryI = zero<T, W>(), carryJ = zero<T, W>();
            if constexpr (Vectors) {
                carryI = load<T, W>(v1 + j + c) * d1[c / W];
                carryJ = load<T, W>(v1 + i + c) * d1[c / W];
            }
#pragma GCC unroll 3
            for (int d = 0; d < 3; ++d) {
                auto toI = place->unit[d] * alongI, toJ = -place->unit[d] * alongJ;
                if constexpr (Vectors) {
                    toI += carryI * load<T, W>(v + 3 * j + d * 2 * W + c);
                    toJ += carryJ * load<T, W>(v + 3 * i + d * 2 * W + c);
                }
                add<T, W>(w + 3 * i + d * 2 * W + c, toI);
                add<T, W>(w + 3 * j + d * 2 * W + c, toJ);
            }
        }
    }
}

/// m and w of the heads.
template <class T, int W, int C, int S, bool Vectors>
inline void attendHeads(const Heads<T, W, C, S>& h) {
    scoreSelf(h);
    for (int part = 0; part < h.parts; ++part)
        sendSelf<T, W, C, S, Vectors>(h, part);
    for (int begin = 0; begin < h.s.pairs; begin += h.most) {
        const Range chunk{begin, begin + h.most < h.s.pairs ? begin + h.most : h.s.pairs};
        const int directed = 2 * (chunk.end - chunk.begin);
        for (int part = 0; part < h.parts; ++part)
            scorePairs(h, part, chunk);
        for (int head = 0; head < S; ++head) {
            T* score = h.score(head) + 2 * begin;
            sumAll<T, W>(h.rows + head * h.room * W, directed, score);
            activate<T, W>(score, directed, h.weights + head * h.room);
        }
        for (int part = 0; part < h.parts; ++part)
            sendPairs<T, W, C, S, Vectors>(h, part, chunk);
    }
}

}  // namespace
}  // namespace molspectra::native
