// The stages of a layer, forward and adjoint, equations (6)-(13).
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Embedding.h"
#include "platforms/cpu/kernels/MessagesAdjoint.h"
#include "platforms/cpu/kernels/Norms.h"

namespace molspectra::native {
namespace {

/// h of (6), without weight and bias: they are part of the projections.
template <class T, int W>
void normalize(const State<T>& s, int layer, Member& member) {
    const LayerWork<T>& work = s.work[layer];
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom)
        work.deviation[atom] = normalizeAtom<T, W>(s, s.x, work.normal, atom);
}

/// (6) and u of (11).
template <class T, int W>
void project(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const LayerWork<T>& work = s.work[layer];
    const Own own = ownOf(s, member);
    const int panels = s.blocks / 2;
    Others<T>(work.normal, panels, s.atoms * 2 * W, {0, 0}).fetchAll();  // shared by atoms
    Others<T> vectors;
    if (layer > 0)
        vectors = {work.v, panels, 3 * s.atoms * 2 * W, own.panels};
    Term<T> terms[8];
    Product<T> products[8];
    int count = 0;
    const auto add = [&](T* c, int rows, const T* a, const Packed<T>& matrix) {
        terms[count] = whole(a, matrix);
        products[count] = {c, rows, &terms[count], 1, own.panels, false};
        ++count;
    };
    for (int m = 0; m < 5; ++m)
        if (layer > 0 || m != 3)
            add(work.project + m * features(s), s.atoms, work.normal, weights.project[m]);
    for (int m = 0; m < 3 && layer > 0; ++m)
        add(work.u + 3 * m * features(s), 3 * s.atoms, work.v, weights.vector[m]);
    multiply<T, W>(products, count,
                   weightsAt<T, W>(weights.output[layer > 0 ? 0 : 2], own.panels.begin, 0),
                   vectors);
}

template <class T, int W, int C, int S>
inline void attendOwn(const State<T>& s, int layer, Member& member) {
    const Own own = ownOf(s, member);
    for (int head = own.heads.begin; head < own.heads.end; head += S) {
        const Heads<T, W, C, S> work(s, layer, head, member.index);
        if (layer > 0)
            attendHeads<T, W, C, S, true>(work);
        else
            attendHeads<T, W, C, S, false>(work);
    }
}

/// (8)-(10) for the member's own heads.
template <class T, int W>
void attend(const State<T>& s, int layer, Member& member) {
    if (s.headBlocks % 2 == 0)
        attendOwn<T, W, 2, 1>(s, layer, member);
    else if (s.headBlocks == 1)
        attendOwn<T, W, 2, 2>(s, layer, member);
    else
        attendOwn<T, W, 1, 1>(s, layer, member);
}

/// o of (11): first what the member's own messages make of it, while the others' come.
template <class T, int W>
void output(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const Range own = ownOf(s, member).panels;
    const int panels = s.blocks / 2, first = layer > 0 ? 0 : 2;
    Term<T> terms[9];
    Product<T> products[9];
    int count = 0;
    for (const Range inputs : {own, Range{0, own.begin}, Range{own.end, panels}})
        for (int m = first; m < 3 && inputs.begin < inputs.end; ++m, ++count) {
            terms[count] = {s.m, &weights.output[m], inputs};
            products[count] = {s.work[layer].o + m * features(s), s.atoms, &terms[count], 1, own,
                               inputs.begin != own.begin};
        }
    multiply<T, W>(products, count,
                   weightsAt<T, W>(layer + 1 < s.layers ? s.layer[layer + 1].project[0]
                                                        : s.head.length0, own.begin, 0),
                   {s.m, panels, s.atoms * 2 * W, own});
}

/// (12) for one row of channels of one atom.
template <class T, int W>
[[gnu::always_inline]] inline void updateAtom(const State<T>& s, const LayerWork<T>& work,
                                              int block, int atom) {
    const size_t n = features(s);
    const T* o = at<T, W>(work.o, s.atoms, block, atom);
    const auto o1 = load<T, W>(o), o2 = load<T, W>(o + n), o3 = load<T, W>(o + 2 * n);
    const T* u = at<T, W>(work.u, 3 * s.atoms, block, 3 * atom);
    const T* v = at<T, W>(work.v, 3 * s.atoms, block, 3 * atom);
    const T* w = at<T, W>(s.w, 3 * s.atoms, block, 3 * atom);
    T* out = at<T, W>(work.vOut, 3 * s.atoms, block, 3 * atom);
    auto product = zero<T, W>();
    for (int d = 0; d < 3; ++d) {
        product += load<T, W>(u + d * 2 * W) * load<T, W>(u + 3 * n + d * 2 * W);
        store<T, W>(out + d * 2 * W, load<T, W>(v + d * 2 * W) + load<T, W>(w + d * 2 * W) +
                                     load<T, W>(u + 6 * n + d * 2 * W) * o1);
    }
    add<T, W>(at<T, W>(s.x, s.atoms, block, atom), product * o2 + o3);
}

/// (12) for the member's own channels.
template <class T, int W>
void update(const State<T>& s, int layer, Member& member) {
    const LayerWork<T>& work = s.work[layer];
    const Own own = ownOf(s, member);
    for (int block = own.blocks.begin; block < own.blocks.end; ++block)
        for (int atom = 0; atom < s.atoms; ++atom) {
            if (layer > 0) {
                updateAtom<T, W>(s, work, block, atom);
                continue;
            }
            add<T, W>(at<T, W>(s.x, s.atoms, block, atom),
                      load<T, W>(at<T, W>(work.o + 2 * features(s), s.atoms, block, atom)));
            for (int d = 0; d < 3; ++d)
                store<T, W>(at<T, W>(work.vOut, 3 * s.atoms, block, 3 * atom + d),
                            load<T, W>(at<T, W>(s.w, 3 * s.atoms, block, 3 * atom + d)));
        }
}

/// Where a layer's vectors go: into the next layer, or to the end.
template <class T>
inline T* vectorsAfter(const State<T>& s, int layer) {
    return layer + 1 < s.layers ? s.work[layer + 1].v : s.v;
}

/// (13)
template <class T, int W>
void norms(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const LayerWork<T>& work = s.work[layer];
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        work.outDeviation[atom] = normalizeAtom<T, W>(s, s.x, work.outNormal, atom);
        for (int b = 0; b < s.blocks; ++b)
            store<T, W>(at<T, W>(s.x, s.atoms, b, atom),
                        load<T, W>(at<T, W>(work.outNormal, s.atoms, b, atom)) *
                                load<T, W>(weights.normWeight + b * W) +
                            load<T, W>(weights.normBias + b * W));
        whitenAtom<T, W>(s, weights.whitening, work.vOut, vectorsAfter(s, layer),
                         work.whitening + 15 * atom, atom);
    }
}

template <class T, int W>
void normsAdjoint(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const LayerWork<T>& work = s.work[layer];
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        for (int b = 0; b < s.blocks; ++b) {
            T* g = at<T, W>(s.gx, s.atoms, b, atom);
            store<T, W>(g, load<T, W>(g) * load<T, W>(weights.normWeight + b * W));
        }
        normalizeAtomAdjoint<T, W>(s, work.outNormal, work.outDeviation[atom], s.gx, atom);
        whitenAtomAdjoint<T, W>(s, weights.whitening.weight, work.vOut, s.gv[layer % 2],
                                work.whitening + 15 * atom, atom);
    }
}

/// Adjoint of (12) for one row of channels of one atom: dE/do and dE/du.
template <class T, int W>
[[gnu::always_inline]] inline void updateAtomAdjoint(const State<T>& s, const LayerWork<T>& work,
                                                     const T* gv, int block, int atom) {
    const size_t n = features(s);
    const auto gx = load<T, W>(at<T, W>(s.gx, s.atoms, block, atom));
    const T* o = at<T, W>(work.o, s.atoms, block, atom);
    const T* u = at<T, W>(work.u, 3 * s.atoms, block, 3 * atom);
    T* go = at<T, W>(s.go, s.atoms, block, atom);
    T* gu = at<T, W>(s.gu, 3 * s.atoms, block, 3 * atom);
    const auto o1 = load<T, W>(o), gProduct = gx * load<T, W>(o + n);
    auto product = zero<T, W>(), along = zero<T, W>();
    for (int d = 0; d < 3; ++d) {
        const auto u1 = load<T, W>(u + d * 2 * W), u2 = load<T, W>(u + 3 * n + d * 2 * W);
        const auto g = load<T, W>(gv + d * 2 * W);
        product += u1 * u2;
        along += g * load<T, W>(u + 6 * n + d * 2 * W);
        store<T, W>(gu + d * 2 * W, gProduct * u2);
        store<T, W>(gu + 3 * n + d * 2 * W, gProduct * u1);
        store<T, W>(gu + 6 * n + d * 2 * W, g * o1);
    }
    store<T, W>(go, along);
    store<T, W>(go + n, gx * product);
    store<T, W>(go + 2 * n, gx);
}

/// Adjoint of (12) for the member's own channels.
template <class T, int W>
void updateAdjoint(const State<T>& s, int layer, Member& member) {
    const LayerWork<T>& work = s.work[layer];
    const Own own = ownOf(s, member);
    for (int block = own.blocks.begin; block < own.blocks.end; ++block)
        for (int atom = 0; atom < s.atoms; ++atom)
            updateAtomAdjoint<T, W>(
                s, work, at<T, W>(s.gv[layer % 2], 3 * s.atoms, block, 3 * atom), block, atom);
}

/// Adjoint of o in (11). The first layer's o3 has dE/dx for its adjoint.
template <class T, int W>
void outputAdjoint(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const Range own = ownOf(s, member).panels;
    const Term<T> terms[3] = {
        {layer > 0 ? s.go + 2 * features(s) : s.gx, &weights.outputT[2], own},
        {s.go, &weights.outputT[0], own},
        {s.go + features(s), &weights.outputT[1], own}};
    Products<T> products;
    products.add(s.gm, s.gmParts + member.index * features(s), s.atoms, terms, layer > 0 ? 3 : 1,
                 own);
    multiply<T, W>(products.list, products.count,
                   weightsAt<T, W>(weights.projectT[0], 0, own.begin));
}

template <class T, int W, int C, int S>
inline void attendOwnAdjoint(const State<T>& s, int layer, Member& member) {
    const Own own = ownOf(s, member);
    for (int head = own.heads.begin; head < own.heads.end; head += S) {
        const HeadsAdjoint<T, W, C, S> work(s, layer, head, member.index);
        if (layer > 0)
            attendHeadsAdjoint<T, W, C, S, true>(work);
        else
            attendHeadsAdjoint<T, W, C, S, false>(work);
    }
}

/// Adjoint of (8)-(10).
template <class T, int W>
void attendAdjoint(const State<T>& s, int layer, Member& member) {
    addParts<T, W>(s, s.gm, s.gmParts, s.atoms, {0, s.atoms}, member.index, member.count);
    if (s.headBlocks % 2 == 0)
        attendOwnAdjoint<T, W, 2, 1>(s, layer, member);
    else if (s.headBlocks == 1)
        attendOwnAdjoint<T, W, 2, 2>(s, layer, member);
    else
        attendOwnAdjoint<T, W, 1, 1>(s, layer, member);
}

/// Adjoint of (6) and of u in (11).
template <class T, int W>
void projectAdjoint(const State<T>& s, int layer, Member& member) {
    const LayerWeights<T>& weights = s.layer[layer];
    const Range own = ownOf(s, member).panels;
    Term<T> scalars[5], vectors[3];
    int count = 0;
    for (int m = 0; m < 5; ++m)
        if (layer > 0 || m != 3)
            scalars[count++] = {s.gProject + m * features(s), &weights.projectT[m], own};
    for (int m = 0; m < 3; ++m)
        vectors[m] = {s.gu + 3 * m * features(s), &weights.vectorT[m], own};
    Products<T> products;
    products.add(s.gNormal, s.gNormalParts + member.index * features(s), s.atoms, scalars, count,
                 own);
    if (layer > 0)
        products.add(s.gv[(layer + 1) % 2], s.gvParts + 3 * member.index * features(s),
                     3 * s.atoms, vectors, 3, own, true);
    multiply<T, W>(products.list, products.count,
                   layer > 0 ? weightsAt<T, W>(s.layer[layer - 1].outputT[2], 0, own.begin)
                             : nullptr);
}

/// dE/dx of the layer's input, and the rest of dE/dv.
template <class T, int W>
void normalizeAdjoint(const State<T>& s, int layer, Member& member) {
    const LayerWork<T>& work = s.work[layer];
    const Range atoms = ownAtoms(s, member);
    for (int owner = 0; owner < member.count; ++owner)
        addParts<T, W>(s, s.gNormal, s.gNormalParts, s.atoms, atoms, owner, member.count);
    if (layer > 0)
        addParts<T, W>(s, s.gv[(layer + 1) % 2], s.gvParts, 3 * s.atoms, {0, 3 * s.atoms},
                       member.index, member.count);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        normalizeAtomAdjoint<T, W>(s, work.normal, work.deviation[atom], s.gNormal, atom);
        for (int b = 0; b < s.blocks; ++b)
            add<T, W>(at<T, W>(s.gx, s.atoms, b, atom),
                      load<T, W>(at<T, W>(s.gNormal, s.atoms, b, atom)));
    }
}

}  // namespace
}  // namespace molspectra::native
