// Adjoint of Messages.h: from dE/dm and dE/dw to the adjoints of q, k, v0, v1, v2 and v, and to
// dE/dr and dE/d(unit) of every pair, which stay lanes until all layers have added theirs.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Messages.h"

namespace molspectra::native {
namespace {

/// What one head's adjoint reads and writes beyond the forward head.
template <class T, int W>
struct HeadAdjoint : Head<T, W> {
    T* gw;       ///< adjoint of w and of the vectors going out [B,3N,W]
    T* gvIn;     ///< adjoint of the vectors coming in
    T* perPair;  ///< of this member [pairs,4,W]
    T* sums;     ///< scratch: dE/da, then dE/d(score) [2 chunkPairs + W]

    HeadAdjoint(const State<T>& s, int layer, int index, int member)
        : Head<T, W>(s, layer, index, member), gw(s.gv[layer % 2]), gvIn(s.gv[(layer + 1) % 2]),
          perPair(s.perPair + static_cast<size_t>(member) * s.pairs * 4 * W),
          sums(this->weight + 2 * chunkPairs + W) {}

    T* adjoint(int which, int b) const { return this->among(this->s.gProject, which, b); }
    T* pairs(Range chunk) const { return perPair + static_cast<size_t>(chunk.begin) * 4 * W; }
};

/// Lanes of dE/da of every atom with itself, summed; starts the adjoint of v0.
template <class T, int W>
inline void sendSelfAdjoint(const HeadAdjoint<T, W>& h, int b, T* sums) {
    const T *gm = h.scalar(h.s.gm, b), *v0 = h.projected(2, b);
    const T* own = h.score + h.s.selfStart;
    T* gv0 = h.adjoint(2, b);
    const auto d0 = h.self(kind0, b);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto g = load<T, W>(gm + atom * W) * d0;
        store<T, W>(gv0 + atom * W, Silu<T, W>(spread<T, W>(own[atom])).value * g);
        const T sum = sumLanes<T, W>(g * load<T, W>(v0 + atom * W));
        sums[atom] = b == 0 ? sum : sums[atom] + sum;
    }
}

/// Starts the adjoints of q and k, and of v2, which an atom does not send to itself.
template <class T, int W>
inline void scoreSelfAdjoint(const HeadAdjoint<T, W>& h, int b, const T* sums) {
    const T *q = h.projected(0, b), *k = h.projected(1, b), *own = h.score + h.s.selfStart;
    T *gq = h.adjoint(0, b), *gk = h.adjoint(1, b), *gv2 = h.adjoint(4, b);
    const auto filter = h.self(kindKey, b);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto g = Silu<T, W>(spread<T, W>(own[atom])).slope * sums[atom] * filter;
        store<T, W>(gq + atom * W, g * load<T, W>(k + atom * W));
        store<T, W>(gk + atom * W, g * load<T, W>(q + atom * W));
        store<T, W>(gv2 + atom * W, zero<T, W>());
    }
}

/// Starts the adjoints of v1 and v. The vectors themselves pass on, (12).
template <class T, int W>
inline void carrySelfAdjoint(const HeadAdjoint<T, W>& h, int b) {
    const T *v1 = h.projected(3, b), *v = h.vector(h.work.v, b), *gw = h.vector(h.gw, b);
    T *gv1 = h.adjoint(3, b), *gvIn = h.vector(h.gvIn, b);
    const auto d1 = h.self(kind1, b);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto factor = load<T, W>(v1 + atom * W) * d1;
        auto along = zero<T, W>();
        for (int row = 3 * atom; row < 3 * atom + 3; ++row) {
            const auto g = load<T, W>(gw + row * W);
            along += g * load<T, W>(v + row * W);
            store<T, W>(gvIn + row * W, g + g * factor);
        }
        store<T, W>(gv1 + atom * W, along * d1);
    }
}

/// Adjoint of (9) for one block of a chunk: lanes of dE/da, dE/dv0, and the slope of D0.
template <class T, int W>
inline void scalarsAdjoint(const HeadAdjoint<T, W>& h, int b, Range chunk) {
    const T *gm = h.scalar(h.s.gm, b), *v0 = h.projected(2, b), *a = h.weight;
    T *gv0 = h.adjoint(2, b), *row = h.rows, *pair = h.pairs(chunk);
    const auto column = h.column(kind0, b);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, a += 2, row += 2 * W, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        const auto [d0, slope] = column.both(*place);
        column.fetch(*place);
        const auto gi = load<T, W>(gm + i), gj = load<T, W>(gm + j);
        const auto ij = gi * load<T, W>(v0 + j), ji = gj * load<T, W>(v0 + i);
        const T weight = a[0], back = a[1];
        auto to = ij * d0, from = ji * d0;
        if (b > 0) {
            to += load<T, W>(row);
            from += load<T, W>(row + W);
        }
        store<T, W>(row, to);
        store<T, W>(row + W, from);
        add<T, W>(pair, (weight * ij + back * ji) * slope);
        add<T, W>(gv0 + j, weight * gi * d0);
        add<T, W>(gv0 + i, back * gj * d0);
    }
}

/// Adjoint of (8) for one block of a chunk, from dE/d(score).
template <class T, int W>
inline void scoresAdjoint(const HeadAdjoint<T, W>& h, int b, Range chunk) {
    const T *q = h.projected(0, b), *k = h.projected(1, b), *g = h.sums;
    T *gq = h.adjoint(0, b), *gk = h.adjoint(1, b), *pair = h.pairs(chunk);
    const auto column = h.column(kindKey, b);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, g += 2, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        const auto [filter, slope] = column.both(*place);
        column.fetch(*place);
        const auto to = g[0] * filter, from = g[1] * filter;
        const auto qi = load<T, W>(q + i), qj = load<T, W>(q + j);
        const auto ki = load<T, W>(k + i), kj = load<T, W>(k + j);
        add<T, W>(pair, (g[0] * (qi * kj) + g[1] * (qj * ki)) * slope);
        add<T, W>(gq + i, to * kj);
        add<T, W>(gq + j, from * ki);
        add<T, W>(gk + j, to * qi);
        add<T, W>(gk + i, from * qj);
    }
}

/// Adjoint of the part of (10) along the direction, for one block of a chunk.
template <class T, int W>
inline void directionAdjoint(const HeadAdjoint<T, W>& h, int b, Range chunk) {
    const T *v2 = h.projected(4, b), *gw = h.vector(h.gw, b);
    T *gv2 = h.adjoint(4, b), *pair = h.pairs(chunk);
    const auto column = h.column(kind2, b);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        const auto [d2, slope] = column.both(*place);
        column.fetch(*place);
        const auto vi = load<T, W>(v2 + i), vj = load<T, W>(v2 + j);
        const auto di = vi * d2, dj = vj * d2;
        auto along = zero<T, W>(), against = zero<T, W>();
#pragma GCC unroll 3
        for (int d = 0; d < 3; ++d) {
            const auto gi = load<T, W>(gw + 3 * i + d * W), gj = load<T, W>(gw + 3 * j + d * W);
            along += gi * place->unit[d];
            against -= gj * place->unit[d];
            add<T, W>(pair + (1 + d) * W, gi * dj - gj * di);
        }
        add<T, W>(pair, (along * vj + against * vi) * slope);
        add<T, W>(gv2 + j, along * d2);
        add<T, W>(gv2 + i, against * d2);
    }
}

/// Adjoint of the part of (10) that carries vectors on, for one block of a chunk.
template <class T, int W>
inline void carryAdjoint(const HeadAdjoint<T, W>& h, int b, Range chunk) {
    const T *v1 = h.projected(3, b), *v = h.vector(h.work.v, b), *gw = h.vector(h.gw, b);
    T *gv1 = h.adjoint(3, b), *gvIn = h.vector(h.gvIn, b), *pair = h.pairs(chunk);
    const auto column = h.column(kind1, b);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        const auto [d1, slope] = column.both(*place);
        column.fetch(*place);
        const auto si = load<T, W>(v1 + i), sj = load<T, W>(v1 + j);
        const auto factorI = si * d1, factorJ = sj * d1;
        auto ij = zero<T, W>(), ji = zero<T, W>();
#pragma GCC unroll 3
        for (int d = 0; d < 3; ++d) {
            const auto gi = load<T, W>(gw + 3 * i + d * W), gj = load<T, W>(gw + 3 * j + d * W);
            ij += gi * load<T, W>(v + 3 * j + d * W);
            ji += gj * load<T, W>(v + 3 * i + d * W);
            add<T, W>(gvIn + 3 * j + d * W, gi * factorJ);
            add<T, W>(gvIn + 3 * i + d * W, gj * factorI);
        }
        add<T, W>(pair, (ij * sj + ji * si) * slope);
        add<T, W>(gv1 + j, ij * d1);
        add<T, W>(gv1 + i, ji * d1);
    }
}

/// dE/da becomes dE/d(score): times the slope of SiLU.
template <class T, int W>
inline void activateAdjoint(const T* score, int count, T* sums) {
    for (int row = 0; row < count; row += W)
        store<T, W>(sums + row,
                    load<T, W>(sums + row) * Silu<T, W>(load<T, W>(score + row)).slope);
}

/// What atoms sent to themselves; starts all adjoints of the head's projections and of v.
template <class T, int W, bool Vectors>
inline void attendSelfAdjoint(const HeadAdjoint<T, W>& h) {
    T* sums = h.s.selfSums + static_cast<size_t>(h.first / h.count) * h.s.atoms;
    for (int b = 0; b < h.count; ++b)
        sendSelfAdjoint(h, b, sums);
    for (int b = 0; b < h.count; ++b) {
        scoreSelfAdjoint(h, b, sums);
        if constexpr (Vectors)
            carrySelfAdjoint(h, b);
    }
}

template <class T, int W, bool Vectors>
inline void attendHeadAdjoint(const HeadAdjoint<T, W>& h) {
    attendSelfAdjoint<T, W, Vectors>(h);
    for (int begin = 0; begin < h.s.pairs; begin += chunkPairs) {
        const Range chunk{begin, begin + chunkPairs < h.s.pairs ? begin + chunkPairs : h.s.pairs};
        const int directed = 2 * (chunk.end - chunk.begin);
        activate<T, W>(h.score + 2 * begin, directed, h.weight);
        for (int b = 0; b < h.count; ++b)
            scalarsAdjoint(h, b, chunk);
        sumAll<T, W>(h.rows, directed, h.sums);
        activateAdjoint<T, W>(h.score + 2 * begin, directed, h.sums);
        for (int b = 0; b < h.count; ++b) {
            scoresAdjoint(h, b, chunk);
            directionAdjoint(h, b, chunk);
            if constexpr (Vectors)
                carryAdjoint(h, b, chunk);
        }
    }
}

}  // namespace
}  // namespace molspectra::native
