// Adjoint of Messages.h: from dE/dm and dE/dw to the adjoints of q, k, v0, v1, v2 and v, and to
// dE/dr and dE/d(unit) of every pair, lanes as long as a chunk of pairs is worked on.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Messages.h"

namespace molspectra::native {
namespace {

/// What the adjoint reads and writes beyond the forward heads.
template <class T, int W, int C, int S>
struct HeadsAdjoint : Heads<T, W, C, S> {
    T* gw;       ///< adjoint of w and of the vectors going out [G,3N,2 W]
    T* gvIn;     ///< adjoint of the vectors coming in
    T* perPair;  ///< of this member [pairs,4]
    T* sums;     ///< scratch: dE/da, then dE/d(score) [S,room]
    T* lanes;    ///< scratch: dE/dr and dE/d(unit) of a chunk's pairs [most,4,W]
    T* selfSums; ///< dE/da of the atoms with themselves [S,N]

    HeadsAdjoint(const State<T>& s, int layer, int index, int member)
        : Heads<T, W, C, S>(s, layer, index, member), gw(s.gv[layer % 2]),
          gvIn(s.gv[(layer + 1) % 2]),
          perPair(s.perPair + static_cast<size_t>(member) * s.pairRoom * 4),
          sums(this->weights + S * this->room), lanes(sums + S * this->room),
          selfSums(s.selfSums + static_cast<size_t>(index) * s.atoms) {}

    T* adjoint(int which, int part) const { return this->among(this->s.gProject, which, part); }
};

/// dE/da of every atom with itself; starts the adjoint of v0.
template <class T, int W, int C, int S>
inline void sendSelfAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part) {
    const T *gm = h.scalar(h.s.gm, part), *v0 = h.projected(2, part);
    T* gv0 = h.adjoint(2, part);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        Vec<T, W> weight[S], sum[S] = {};
        for (int head = 0; head < S; ++head)
            weight[head] = Silu<T, W>(spread<T, W>(h.ownScore(head)[atom])).value;
        for (int i = atom * 2 * W, c = 0; c < C; ++c, i += W) {
            const auto g = load<T, W>(gm + i) * h.self(kind0, part, c);
            store<T, W>(gv0 + i, weight[h.of(c)] * g);
            sum[h.of(c)] += g * load<T, W>(v0 + i);
        }
        for (int head = 0; head < S; ++head) {
            T& own = h.selfSums[head * h.s.atoms + atom];
            own = sumLanes<T, W>(sum[head]) + (part == 0 ? T(0) : own);
        }
    }
}

/// Starts the adjoints of q and k, and of v2, which an atom does not send to itself.
template <class T, int W, int C, int S>
inline void scoreSelfAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part) {
    const T *q = h.projected(0, part), *k = h.projected(1, part);
    T *gq = h.adjoint(0, part), *gk = h.adjoint(1, part), *gv2 = h.adjoint(4, part);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        Vec<T, W> gScore[S];
        for (int head = 0; head < S; ++head)
            gScore[head] = Silu<T, W>(spread<T, W>(h.ownScore(head)[atom])).slope *
                           h.selfSums[head * h.s.atoms + atom];
        for (int i = atom * 2 * W, c = 0; c < C; ++c, i += W) {
            const auto g = gScore[h.of(c)] * h.self(kindKey, part, c);
            store<T, W>(gq + i, g * load<T, W>(k + i));
            store<T, W>(gk + i, g * load<T, W>(q + i));
            store<T, W>(gv2 + i, zero<T, W>());
        }
    }
}

/// Starts the adjoints of v1 and v. The vectors themselves pass on, (12).
template <class T, int W, int C, int S>
inline void carrySelfAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part) {
    const T *v1 = h.projected(3, part), *v = h.vector(h.work.v, part);
    const T* gw = h.vector(h.gw, part);
    T *gv1 = h.adjoint(3, part), *gvIn = h.vector(h.gvIn, part);
    for (int atom = 0; atom < h.s.atoms; ++atom)
        for (int i = atom * 2 * W, c = 0; c < C; ++c, i += W) {
            const auto d1 = h.self(kind1, part, c), factor = load<T, W>(v1 + i) * d1;
            auto along = zero<T, W>();
            for (int row = (3 * atom) * 2 * W + c * W, d = 0; d < 3; ++d, row += 2 * W) {
                const auto g = load<T, W>(gw + row);
                along += g * load<T, W>(v + row);
                store<T, W>(gvIn + row, g + g * factor);
            }
            store<T, W>(gv1 + i, along * d1);
        }
}

/// Adjoint of (9) for one part of a chunk: lanes of dE/da, dE/dv0, and the slope of D0.
template <class T, int W, int C, int S>
inline void scalarsAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part, Range chunk) {
    const T *gm = h.scalar(h.s.gm, part), *v0 = h.projected(2, part), *a = h.weights;
    T *gv0 = h.adjoint(2, part), *row = h.rows, *pair = h.lanes;
    const auto column = h.column(kind0, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, a += 2, row += 2 * W, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto d0 = column.value(*place), slope = column.slope(*place);
        LanesOfHeads<T, W, S> sums(row, h.room, part > 0);
        auto along = part > 0 ? load<T, W>(pair) : zero<T, W>();
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto gi = load<T, W>(gm + i + c), gj = load<T, W>(gm + j + c);
            const auto ij = gi * load<T, W>(v0 + j + c), ji = gj * load<T, W>(v0 + i + c);
            const T* weight = a + h.of(c / W) * h.room;
            const auto forth = spread<T, W>(weight[0]), back = spread<T, W>(weight[1]);
            sums.to[h.of(c / W)] += ij * d0[c / W];
            sums.from[h.of(c / W)] += ji * d0[c / W];
            along += (forth * ij + back * ji) * slope[c / W];
            add<T, W>(gv0 + j + c, forth * gi * d0[c / W]);
            add<T, W>(gv0 + i + c, back * gj * d0[c / W]);
        }
        sums.keep(row, h.room);
        store<T, W>(pair, along);
    }
}

/// Adjoint of (8) for one part of a chunk, from dE/d(score).
template <class T, int W, int C, int S>
inline void scoresAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part, Range chunk) {
    const T *q = h.projected(0, part), *k = h.projected(1, part), *g = h.sums;
    T *gq = h.adjoint(0, part), *gk = h.adjoint(1, part), *pair = h.lanes;
    const auto column = h.column(kindKey, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, g += 2, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto filter = column.value(*place), slope = column.slope(*place);
        auto along = load<T, W>(pair);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto qi = load<T, W>(q + i + c), qj = load<T, W>(q + j + c);
            const auto ki = load<T, W>(k + i + c), kj = load<T, W>(k + j + c);
            const T* gScore = g + h.of(c / W) * h.room;
            const auto forth = spread<T, W>(gScore[0]), back = spread<T, W>(gScore[1]);
            const auto to = forth * filter[c / W], from = back * filter[c / W];
            along += (forth * (qi * kj) + back * (qj * ki)) * slope[c / W];
            add<T, W>(gq + i + c, to * kj);
            add<T, W>(gq + j + c, from * ki);
            add<T, W>(gk + j + c, to * qi);
            add<T, W>(gk + i + c, from * qj);
        }
        store<T, W>(pair, along);
    }
}

/// Adjoint of the part of (10) along the direction, for one part of a chunk.
template <class T, int W, int C, int S>
inline void directionAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part, Range chunk) {
    const T *v2 = h.projected(4, part), *gw = h.vector(h.gw, part);
    T *gv2 = h.adjoint(4, part), *pair = h.lanes;
    const auto column = h.column(kind2, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto d2 = column.value(*place), slope = column.slope(*place);
        auto byDistance = load<T, W>(pair);
        Vec<T, W> byUnit[3] = {};
        if (part > 0)
            for (int d = 0; d < 3; ++d)
                byUnit[d] = load<T, W>(pair + (1 + d) * W);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto vi = load<T, W>(v2 + i + c), vj = load<T, W>(v2 + j + c);
            const auto di = vi * d2[c / W], dj = vj * d2[c / W];
            auto along = zero<T, W>(), against = zero<T, W>();
#pragma GCC unroll 3
            for (int d = 0; d < 3; ++d) {
                const auto gi = load<T, W>(gw + 3 * i + d * 2 * W + c);
                const auto gj = load<T, W>(gw + 3 * j + d * 2 * W + c);
                along += gi * place->unit[d];
                against -= gj * place->unit[d];
                byUnit[d] += gi * dj - gj * di;
            }
            byDistance += (along * vj + against * vi) * slope[c / W];
            add<T, W>(gv2 + j + c, along * d2[c / W]);
            add<T, W>(gv2 + i + c, against * d2[c / W]);
        }
        store<T, W>(pair, byDistance);
        for (int d = 0; d < 3; ++d)
            store<T, W>(pair + (1 + d) * W, byUnit[d]);
    }
}

/// Adjoint of the part of (10) that carries vectors on, for one part of a chunk.
template <class T, int W, int C, int S>
inline void carryAdjoint(const HeadsAdjoint<T, W, C, S>& h, int part, Range chunk) {
    const T *v1 = h.projected(3, part), *v = h.vector(h.work.v, part);
    const T* gw = h.vector(h.gw, part);
    T *gv1 = h.adjoint(3, part), *gvIn = h.vector(h.gvIn, part), *pair = h.lanes;
    const auto column = h.column(kind1, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto d1 = column.value(*place), slope = column.slope(*place);
        auto byDistance = load<T, W>(pair);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto si = load<T, W>(v1 + i + c), sj = load<T, W>(v1 + j + c);
            const auto factorI = si * d1[c / W], factorJ = sj * d1[c / W];
            auto ij = zero<T, W>(), ji = zero<T, W>();
#pragma GCC unroll 3
            for (int d = 0; d < 3; ++d) {
                const std::ptrdiff_t ofI = 3 * i + d * 2 * W + c, ofJ = 3 * j + d * 2 * W + c;
                const auto gi = load<T, W>(gw + ofI), gj = load<T, W>(gw + ofJ);
                ij += gi * load<T, W>(v + ofJ);
                ji += gj * load<T, W>(v + ofI);
                add<T, W>(gvIn + ofJ, gi * factorJ);
                add<T, W>(gvIn + ofI, gj * factorI);
            }
            byDistance += (ij * sj + ji * si) * slope[c / W];
            add<T, W>(gv1 + j + c, ij * d1[c / W]);
            add<T, W>(gv1 + i + c, ji * d1[c / W]);
        }
        store<T, W>(pair, byDistance);
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
template <class T, int W, int C, int S, bool Vectors>
inline void attendSelfAdjoint(const HeadsAdjoint<T, W, C, S>& h) {
    for (int part = 0; part < h.parts; ++part)
        sendSelfAdjoint(h, part);
    for (int part = 0; part < h.parts; ++part) {
        scoreSelfAdjoint(h, part);
        if constexpr (Vectors)
            carrySelfAdjoint(h, part);
    }
}

template <class T, int W, int C, int S, bool Vectors>
inline void attendHeadsAdjoint(const HeadsAdjoint<T, W, C, S>& h) {
    attendSelfAdjoint<T, W, C, S, Vectors>(h);
    for (int begin = 0; begin < h.s.pairs; begin += h.most) {
        const Range chunk{begin, begin + h.most < h.s.pairs ? begin + h.most : h.s.pairs};
        const int directed = 2 * (chunk.end - chunk.begin);
        for (int head = 0; head < S; ++head)
            activate<T, W>(h.score(head) + 2 * begin, directed, h.weights + head * h.room);
        for (int part = 0; part < h.parts; ++part)
            scalarsAdjoint(h, part, chunk);
        for (int head = 0; head < S; ++head) {
            T* sums = h.sums + head * h.room;
            sumAll<T, W>(h.rows + head * h.room * W, directed, sums);
            activateAdjoint<T, W>(h.score(head) + 2 * begin, directed, sums);
        }
        for (int part = 0; part < h.parts; ++part) {
            scoresAdjoint(h, part, chunk);
            directionAdjoint(h, part, chunk);
            if constexpr (Vectors)
                carryAdjoint(h, part, chunk);
        }
        addAll<T, W>(h.lanes, 2 * directed, h.perPair + static_cast<size_t>(begin) * 4);
    }
}

}  // namespace
}  // namespace molspectra::native
