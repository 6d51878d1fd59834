// What belongs to one member of the team, and the stages before the first layer and after the last
// adjoint: exact filters, equation (5), and dE/d(displacement) of every pair.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Filter.h"
#include "platforms/cpu/kernels/Threads.h"

namespace molspectra::native {
namespace {

/// Heads and blocks of one member. Heads are dealt so that their blocks are whole panels.
struct Own {
    Range heads, blocks, panels;
};

template <class T>
inline Own ownOf(const State<T>& s, int index, int count) {
    const int step = s.headBlocks % 2 == 0 ? 1 : 2;
    const Range groups = share(s.heads / step, index, count);
    const Range heads{groups.begin * step, groups.end * step};
    const Range blocks{heads.begin * s.headBlocks, heads.end * s.headBlocks};
    return {heads, blocks, {blocks.begin / 2, blocks.end / 2}};
}

template <class T>
inline Own ownOf(const State<T>& s, const Member& member) {
    return ownOf(s, member.index, member.count);
}

/// Atoms of one member, where channels of an atom belong together.
template <class T>
inline Range ownAtoms(const State<T>& s, const Member& member) {
    return share(s.atoms, member.index, member.count);
}

template <class T>
inline size_t features(const State<T>& s) {
    return static_cast<size_t>(s.channels) * s.atoms;
}

/// Completes panels of one member by what the others have of them, [members,G,R,2 W] in `parts`:
/// `rows` of the R.
template <class T, int W>
inline void addParts(const State<T>& s, T* c, const T* parts, int R, Range rows, int owner,
                     int members) {
    const size_t panelSize = static_cast<size_t>(R) * 2 * W, size = panelSize * (s.blocks / 2);
    const Range panels = ownOf(s, owner, members).panels;
    for (int other = 0; other < members; ++other)
        for (int panel = panels.begin; panel < panels.end && other != owner; ++panel) {
            const T* from = parts + other * size + panel * panelSize;
            T* to = c + panel * panelSize;
            for (int i = rows.begin * 2 * W; i < rows.end * 2 * W; i += W)
                add<T, W>(to + i, load<T, W>(from + i));
        }
}

template <class T, int W>
void exactFilters(const State<T>& s, int layer, Member& member) {
    const Own own = ownOf(s, member);
    const bool attention = layer >= 0;
    for (int kind = 0; kind < (attention ? 4 : 1); ++kind)
        for (int block = own.blocks.begin; block < own.blocks.end; ++block)
            fillExact<T, W>(s, attention ? s.layer[layer].filters : s.embedding.filters, kind,
                            block, attention);
}

/// (5): n_i += B[z_j] T(r) and the same for j.
template <class T, int W>
void neighbors(const State<T>& s, int, Member& member) {
    const Own own = ownOf(s, member);
    for (int block = own.blocks.begin; block < own.blocks.end; ++block) {
        const FilterColumn<T, W, 1> filters(s, s.embedding.filters, 0, block);
        const T* element = s.embedding.neighbor + block * W;
        for (int atom = 0; atom < s.atoms; ++atom)
            store<T, W>(at<T, W>(s.around, s.atoms, block, atom), zero<T, W>());
        for (int p = 0; p < s.pairs; ++p) {
            const PairPlace<T>& place = s.place[p];
            const auto filter = filters.value(place)[0];
            const size_t zi = s.numbers[place.i], zj = s.numbers[place.j];
            add<T, W>(at<T, W>(s.around, s.atoms, block, place.i),
                      load<T, W>(element + zj * s.channels) * filter);
            add<T, W>(at<T, W>(s.around, s.atoms, block, place.j),
                      load<T, W>(element + zi * s.channels) * filter);
        }
    }
}

/// (5): x = start[z] + W n.
template <class T, int W>
void combine(const State<T>& s, int, Member& member) {
    const Own own = ownOf(s, member);
    for (int block = own.blocks.begin; block < own.blocks.end; ++block)
        for (int atom = 0; atom < s.atoms; ++atom)
            store<T, W>(at<T, W>(s.x, s.atoms, block, atom),
                        load<T, W>(s.embedding.start +
                                   static_cast<size_t>(s.numbers[atom]) * s.channels + block * W));
    const Term<T> term = whole(s.around, s.embedding.combine);
    if (s.neighborEmbedding)
        multiply<T, W>(s.x, s.atoms, &term, 1, own.panels, true);
}

/// Adjoint of (5) for a chunk of pairs: dE/dr through the embedding's filters, by lane.
template <class T, int W>
inline void filtersAdjoint(const State<T>& s, Range blocks, Range chunk, T* rows) {
    for (int block = blocks.begin; block < blocks.end; ++block) {
        const FilterColumn<T, W, 1> filters(s, s.embedding.filters, 0, block);
        const T* element = s.embedding.neighbor + block * W;
        T* row = rows;
        for (int p = chunk.begin; p < chunk.end; ++p, row += W) {
            const PairPlace<T>& place = s.place[p];
            const size_t zi = s.numbers[place.i], zj = s.numbers[place.j];
            const auto g = load<T, W>(at<T, W>(s.gm, s.atoms, block, place.i)) *
                               load<T, W>(element + zj * s.channels) +
                           load<T, W>(at<T, W>(s.gm, s.atoms, block, place.j)) *
                               load<T, W>(element + zi * s.channels);
            const auto sum = block > blocks.begin ? load<T, W>(row) : zero<T, W>();
            store<T, W>(row, sum + g * filters.slope(place)[0]);
        }
    }
}

/// Adjoint of (5): dE/dr of every pair.
template <class T, int W>
void neighborsAdjoint(const State<T>& s, int, Member& member) {
    const Own own = ownOf(s, member);
    T* rows = s.scratch + static_cast<size_t>(member.index) * s.scratchSize;
    T* perPair = s.perPair + static_cast<size_t>(member.index) * s.pairRoom * 4;
    multiply<T, W>(s.gm, s.atoms, s.gx, s.embedding.combineT, own.panels);
    for (int begin = 0; begin < s.pairs; begin += chunkPairs) {
        const int end = begin + chunkPairs < s.pairs ? begin + chunkPairs : s.pairs;
        filtersAdjoint<T, W>(s, own.blocks, {begin, end}, rows);
        for (int p = begin; p < end; p += W) {
            const auto sums = sumRows<T, W>(rows + static_cast<size_t>(p - begin) * W);
            for (int lane = 0; lane < W && p + lane < end; ++lane)
                perPair[4 * (p + lane)] += sums[lane];
        }
    }
}

/// dE/d(displacement) of every pair from what all members have:
/// dE/dr unit + (g - (g . unit) unit) / r with g = dE/d(unit).
template <class T, int W>
void gather(const State<T>& s, int, Member& member) {
    const Range pairs = share(s.pairs, member.index, member.count);
    for (int p = pairs.begin; p < pairs.end; ++p) {
        T sum[4] = {};
        for (int from = 0; from < member.count; ++from)
            for (int c = 0; c < 4; ++c)
                sum[c] += s.perPair[(static_cast<size_t>(from) * s.pairRoom + p) * 4 + c];
        const PairPlace<T>& place = s.place[p];
        const T along = sum[1] * place.unit[0] + sum[2] * place.unit[1] + sum[3] * place.unit[2];
        for (int d = 0; d < 3; ++d)
            s.gradient[3 * p + d] =
                sum[0] * place.unit[d] +
                (sum[1 + d] - along * place.unit[d]) * place.inverseDistance;
    }
}

}  // namespace
}  // namespace molspectra::native
