// Adjoint of Messages.h: from dE/dm and dE/dw to the adjoints of q, k, v0, v1, v2 and v, and to
// dE/dr and dE/d(unit) of every pair, which stay lanes until all layers have added theirs.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Messages.h"

namespace molspectra::native {
namespace {

/// What one head's adjoint reads and writes beyond the forward head.
template <class T, int W, int C>
struct HeadAdjoint : Head<T, W, C> {
    T* gw;       ///< adjoint of w and of the vectors going out [G,3N,2 W]
    T* gvIn;     ///< adjoint of the vectors coming in
    T* perPair;  ///< of this member [pairs,4,W]
    T* sums;     ///< scratch: dE/da, then dE/d(score) [2 chunkPairs + W]
    T* selfSums; ///< dE/da of the atoms with themselves [N]

    HeadAdjoint(const State<T>& s, int layer, int index, int member)
        : Head<T, W, C>(s, layer, index, member), gw(s.gv[layer % 2]),
          gvIn(s.gv[(layer + 1) % 2]),
          perPair(s.perPair + static_cast<size_t>(member) * s.pairs * 4 * W),
          sums(this->weight + 2 * chunkPairs + W),
          selfSums(s.selfSums + static_cast<size_t>(index) * s.atoms) {}

    T* adjoint(int which, int part) const { return this->among(this->s.gProject, which, part); }
    T* pairs(Range chunk) const { return perPair + static_cast<size_t>(chunk.begin) * 4 * W; }
};

/// dE/da of every atom with itself; starts the adjoint of v0.
template <class T, int W, int C>
inline void sendSelfAdjoint(const HeadAdjoint<T, W, C>& h, int part) {
    const T *gm = h.scalar(h.s.gm, part), *v0 = h.projected(2, part);
    const T* own = h.score + h.s.selfStart;
    T* gv0 = h.adjoint(2, part);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto weight = Silu<T, W>(spread<T, W>(own[atom])).value;
        auto sum = zero<T, W>();
        for (int i = atom * 2 * W, c = 0; c < C; ++c, i += W) {
            const auto g = load<T, W>(gm + i) * h.self(kind0, part, c);
            store<T, W>(gv0 + i, weight * g);
            sum += g * load<T, W>(v0 + i);
        }
        h.selfSums[atom] = sumLanes<T, W>(sum) + (part == 0 ? T(0) : h.selfSums[atom]);
    }
}

/// Starts the adjoints of q and k, and of v2, which an atom does not send to itself.
template <class T, int W, int C>
inline void scoreSelfAdjoint(const HeadAdjoint<T, W, C>& h, int part) {
    const T *q = h.projected(0, part), *k = h.projected(1, part), *own = h.score + h.s.selfStart;
    T *gq = h.adjoint(0, part), *gk = h.adjoint(1, part), *gv2 = h.adjoint(4, part);
    for (int atom = 0; atom < h.s.atoms; ++atom) {
        const auto gScore = Silu<T, W>(spread<T, W>(own[atom])).slope * h.selfSums[atom];
        for (int i = atom * 2 * W, c = 0; c < C; ++c, i += W) {
            const auto g = gScore * h.self(kindKey, part, c);
            store<T, W>(gq + i, g * load<T, W>(k + i));
            store<T, W>(gk + i, g * load<T, W>(q + i));
            store<T, W>(gv2 + i, zero<T, W>());
        }
    }
}

/// Starts the adjoints of v1 and v. The vectors themselves pass on, (12).
template <class T, int W, int C>
inline void carrySelfAdjoint(const HeadAdjoint<T, W, C>& h, int part) {
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
template <class T, int W, int C>
inline void scalarsAdjoint(const HeadAdjoint<T, W, C>& h, int part, Range chunk) {
    const T *gm = h.scalar(h.s.gm, part), *v0 = h.projected(2, part), *a = h.weight;
    T *gv0 = h.adjoint(2, part), *row = h.rows, *pair = h.pairs(chunk);
    const auto column = h.column(kind0, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, a += 2, row += 2 * W, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto d0 = column.value(*place), slope = column.slope(*place);
        const auto weight = spread<T, W>(a[0]), back = spread<T, W>(a[1]);
        auto to = part > 0 ? load<T, W>(row) : zero<T, W>();
        auto from = part > 0 ? load<T, W>(row + W) : zero<T, W>();
        auto along = load<T, W>(pair);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto gi = load<T, W>(gm + i + c), gj = load<T, W>(gm + j + c);
            const auto ij = gi * load<T, W>(v0 + j + c), ji = gj * load<T, W>(v0 + i + c);
            to += ij * d0[c / W];
            from += ji * d0[c / W];
            along += (weight * ij + back * ji) * slope[c / W];
            add<T, W>(gv0 + j + c, weight * gi * d0[c / W]);
            add<T, W>(gv0 + i + c, back * gj * d0[c / W]);
        }
        store<T, W>(row, to);
        store<T, W>(row + W, from);
        store<T, W>(pair, along);
    }
}

/// Adjoint of (8) for one part of a chunk, from dE/d(score).
template <class T, int W, int C>
inline void scoresAdjoint(const HeadAdjoint<T, W, C>& h, int part, Range chunk) {
    const T *q = h.projected(0, part), *k = h.projected(1, part), *g = h.sums;
    T *gq = h.adjoint(0, part), *gk = h.adjoint(1, part), *pair = h.pairs(chunk);
    const auto column = h.column(kindKey, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end;
         ++place, g += 2, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto filter = column.value(*place), slope = column.slope(*place);
        const auto forth = spread<T, W>(g[0]), back = spread<T, W>(g[1]);
        auto along = load<T, W>(pair);
#pragma GCC unroll 2
        for (std::ptrdiff_t c = 0; c < C * W; c += W) {
            const auto qi = load<T, W>(q + i + c), qj = load<T, W>(q + j + c);
            const auto ki = load<T, W>(k + i + c), kj = load<T, W>(k + j + c);
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
template <class T, int W, int C>
inline void directionAdjoint(const HeadAdjoint<T, W, C>& h, int part, Range chunk) {
    const T *v2 = h.projected(4, part), *gw = h.vector(h.gw, part);
    T *gv2 = h.adjoint(4, part), *pair = h.pairs(chunk);
    const auto column = h.column(kind2, part);
    const PairPlace<T>* const end = h.s.place + chunk.end;
    for (const PairPlace<T>* place = h.s.place + chunk.begin; place < end; ++place, pair += 4 * W) {
        const std::ptrdiff_t i = place->offsetI, j = place->offsetJ;
        column.fetch(*place);
        const auto d2 = column.value(*place), slope = column.slope(*place);
        auto byDistance = load<T, W>(pair);
        Vec<T, W> byUnit[3] = {load<T, W>(pair + W), load<T, W>(pair + 2 * W),
                               load<T, W>(pair + 3 * W)};
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
template <class T, int W, int C>
inline void carryAdjoint(const HeadAdjoint<T, W, C>& h, int part, Range chunk) {
    const T *v1 = h.projected(3, part), *v = h.vector(h.work.v, part);
    const T* gw = h.vector(h.gw, part);
    T *gv1 = h.adjoint(3, part), *gvIn = h.vector(h.gvIn, part), *pair = h.pairs(chunk);
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
template <class T, int W, int C, bool Vectors>
inline void attendSelfAdjoint(const HeadAdjoint<T, W, C>& h) {
    for (int part = 0; part < h.parts; ++part)
        sendSelfAdjoint(h, part);
    for (int part = 0; part < h.parts; ++part) {
        scoreSelfAdjoint(h, part);
        if constexpr (Vectors)
            carrySelfAdjoint(h, part);
    }
}

template <class T, int W, int C, bool Vectors>
inline void attendHeadAdjoint(const HeadAdjoint<T, W, C>& h) {
    attendSelfAdjoint<T, W, C, Vectors>(h);
    for (int begin = 0; begin < h.s.pairs; begin += chunkPairs) {
        const Range chunk{begin, begin + chunkPairs < h.s.pairs ? begin + chunkPairs : h.s.pairs};
        const int directed = 2 * (chunk.end - chunk.begin);
        activate<T, W>(h.score + 2 * begin, directed, h.weight);
        for (int part = 0; part < h.parts; ++part)
            scalarsAdjoint(h, part, chunk);
        sumAll<T, W>(h.rows, directed, h.sums);
        activateAdjoint<T, W>(h.score + 2 * begin, directed, h.sums);
        for (int part = 0; part < h.parts; ++part) {
            scoresAdjoint(h, part, chunk);
            directionAdjoint(h, part, chunk);
            if constexpr (Vectors)
                carryAdjoint(h, part, chunk);
        }
    }
}

}  // namespace
}  // namespace molspectra::native
