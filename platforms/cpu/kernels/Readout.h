// The stages after the layers: final norms and energy head, equations (13)-(17), and their
// adjoints. Atoms do not meet here, so a member goes through all stages with atoms of its own and
// waits for nobody.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Layer.h"

namespace molspectra::native {
namespace {

/// All panels of c for some atoms, of which c has `each` rows.
template <class T, int C>
inline Product<T> ofAtoms(const State<T>& s, T* c, const Term<T> (&terms)[C], Range atoms,
                          int each = 1) {
    Product<T> product{c, each * s.atoms, terms, C, {0, terms[0].matrix->outputs}};
    product.part = {each * atoms.begin, each * atoms.end};
    return product;
}

template <class T>
inline T* finalVectors(const State<T>& s) {
    return s.vectorNorm ? s.vWhite : s.v;
}

template <class T, int W>
void finish(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        s.deviation[atom] = normalizeAtom<T, W>(s, s.x, s.normal, atom);
        if (s.vectorNorm)
            whitenAtom<T, W>(s, s.finalWhitening, s.v, s.vWhite, s.whitening + 15 * atom, atom);
    }
}

/// (15): lengths of vectors [blocks,3N,W] -> [blocks,N,W].
template <class T, int W>
inline void lengths(const State<T>& s, T* p, T* length, int blocks, Range atoms) {
    for (int block = 0; block < blocks; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom) {
            const T* from = at<T, W>(p, 3 * s.atoms, block, 3 * atom);
            auto sum = zero<T, W>();
            for (int d = 0; d < 3; ++d)
                sum += load<T, W>(from + d * 2 * W) * load<T, W>(from + d * 2 * W);
            for (int lane = 0; lane < W; ++lane)
                sum[lane] = T(__builtin_sqrt(sum[lane]));
            store<T, W>(at<T, W>(length, s.atoms, block, atom), sum);
        }
}

/// Adjoint of (15): 0 at a zero vector.
template <class T, int W>
inline void lengthsAdjoint(const State<T>& s, T* p, T* length, T* gLength, T* gp, int blocks,
                           Range atoms) {
    for (int block = 0; block < blocks; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom) {
            const auto size = load<T, W>(at<T, W>(length, s.atoms, block, atom));
            const auto g = load<T, W>(at<T, W>(gLength, s.atoms, block, atom));
            const auto factor = size > T(0) ? g / size : zero<T, W>();
            const T* from = at<T, W>(p, 3 * s.atoms, block, 3 * atom);
            T* to = at<T, W>(gp, 3 * s.atoms, block, 3 * atom);
            for (int d = 0; d < 3; ++d)
                store<T, W>(to + d * 2 * W, factor * load<T, W>(from + d * 2 * W));
        }
}

/// active = SiLU(hidden).
template <class T, int W>
inline void activateAtoms(const State<T>& s, T* hidden, T* active, int blocks, Range atoms) {
    for (int block = 0; block < blocks; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom)
            store<T, W>(
                at<T, W>(active, s.atoms, block, atom),
                Silu<T, W>(load<T, W>(at<T, W>(hidden, s.atoms, block, atom))).value);
}

/// g <- g times the slope of SiLU at hidden.
template <class T, int W>
inline void activateAtomsAdjoint(const State<T>& s, T* hidden, T* g, int blocks, Range atoms) {
    for (int block = 0; block < blocks; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom) {
            T* to = at<T, W>(g, s.atoms, block, atom);
            store<T, W>(to,
                        load<T, W>(to) *
                            Silu<T, W>(load<T, W>(at<T, W>(hidden, s.atoms, block, atom))).slope);
        }
}

/// First block: W v of (15) and (17).
template <class T, int W>
void directions(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> length[] = {whole(finalVectors(s), s.head.length0)};
    const Term<T> direction[] = {whole(finalVectors(s), s.head.direction0)};
    const Product<T> products[] = {ofAtoms(s, s.out.p0, length, atoms, 3),
                                   ofAtoms(s, s.out.direction0, direction, atoms, 3)};
    multiply<T, W>(products, 2, s.head.hiddenX0.data);
    lengths<T, W>(s, s.out.p0, s.out.length0, s.blocks, atoms);
}

/// First block: hidden layer of (16).
template <class T, int W>
void hidden0(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> terms[] = {whole(s.normal, s.head.hiddenX0),
                             whole(s.out.length0, s.head.hiddenP0)};
    const Product<T> product = ofAtoms(s, s.out.hidden0, terms, atoms);
    multiply<T, W>(&product, 1, s.head.scalar0.data);
    activateAtoms<T, W>(s, s.out.hidden0, s.out.active0, s.blocks, atoms);
}

/// First block: (16) and (17).
template <class T, int W>
void gate(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> scalar[] = {whole(s.out.active0, s.head.scalar0)};
    const Term<T> gate[] = {whole(s.out.active0, s.head.gate0)};
    const Product<T> products[] = {ofAtoms(s, s.out.scalar, scalar, atoms),
                                   ofAtoms(s, s.out.gate, gate, atoms)};
    multiply<T, W>(products, 2, s.head.length1.data);
    activateAtoms<T, W>(s, s.out.scalar, s.out.x1, 2 * s.headPanels, atoms);
    for (int block = 0; block < 2 * s.headPanels; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom) {
            const auto factor = load<T, W>(at<T, W>(s.out.gate, s.atoms, block, atom));
            const T* direction = at<T, W>(s.out.direction0, 3 * s.atoms, block, 3 * atom);
            T* v = at<T, W>(s.out.v1, 3 * s.atoms, block, 3 * atom);
            for (int d = 0; d < 3; ++d)
                store<T, W>(v + d * 2 * W, factor * load<T, W>(direction + d * 2 * W));
        }
}

/// Second block: (15).
template <class T, int W>
void lengths1(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> length[] = {whole(s.out.v1, s.head.length1)};
    const Product<T> product = ofAtoms(s, s.out.p1, length, atoms, 3);
    multiply<T, W>(&product, 1, s.head.hiddenX1.data);
    lengths<T, W>(s, s.out.p1, s.out.length1, 2 * s.headPanels, atoms);
}

/// Second block: hidden layer of (16), and its adjoint, which needs nothing else.
template <class T, int W>
void hidden1(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> terms[] = {whole(s.out.x1, s.head.hiddenX1),
                             whole(s.out.length1, s.head.hiddenP1)};
    const Product<T> product = ofAtoms(s, s.out.hidden1, terms, atoms);
    multiply<T, W>(&product, 1, s.head.hiddenX1T.data);
    for (int block = 0; block < 2 * s.headPanels; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom) {
            const Silu<T, W> silu(load<T, W>(at<T, W>(s.out.hidden1, s.atoms, block, atom)));
            store<T, W>(at<T, W>(s.out.active1, s.atoms, block, atom), silu.value);
            store<T, W>(at<T, W>(s.out.gHidden1, s.atoms, block, atom),
                        silu.slope * load<T, W>(s.head.output + block * W));
        }
}

/// The atoms' energies, in double.
template <class T, int W>
void energies(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        auto sum = zero<T, W>();
        for (int block = 0; block < 2 * s.headPanels; ++block)
            sum += load<T, W>(at<T, W>(s.out.active1, s.atoms, block, atom)) *
                   load<T, W>(s.head.output + block * W);
        double energy = s.head.bias;
        for (int lane = 0; lane < W; ++lane)
            energy += static_cast<double>(sum[lane]);
        s.out.energy[atom] = energy;
    }
}

/// Adjoint of the second block: dE/dx1 and the adjoint of p1. Starts the pairs' sums.
template <class T, int W>
void hidden1Adjoint(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> x[] = {whole(s.out.gHidden1, s.head.hiddenX1T)};
    const Term<T> p[] = {whole(s.out.gHidden1, s.head.hiddenP1T)};
    const Product<T> products[] = {ofAtoms(s, s.out.gX1, x, atoms),
                                   ofAtoms(s, s.gm, p, atoms)};
    multiply<T, W>(products, 2, s.head.length1T.data);
    lengthsAdjoint<T, W>(s, s.out.p1, s.out.length1, s.gm, s.out.gP1, 2 * s.headPanels, atoms);
    const size_t size = static_cast<size_t>(s.pairRoom) * 4;
    __builtin_memset(s.perPair + member.index * size, 0, size * sizeof(T));
}

/// Adjoint of (17) for one row of channels of one atom.
template <class T, int W>
[[gnu::always_inline]] inline void gateAtomAdjoint(const State<T>& s, int block, int atom) {
    const auto factor = load<T, W>(at<T, W>(s.out.gate, s.atoms, block, atom));
    const T* gv = at<T, W>(s.out.v1, 3 * s.atoms, block, 3 * atom);
    const T* direction = at<T, W>(s.out.direction0, 3 * s.atoms, block, 3 * atom);
    T* to = at<T, W>(s.out.gDirection0, 3 * s.atoms, block, 3 * atom);
    auto sum = zero<T, W>();
    for (int d = 0; d < 3; ++d) {
        const auto g = load<T, W>(gv + d * 2 * W);
        sum += g * load<T, W>(direction + d * 2 * W);
        store<T, W>(to + d * 2 * W, g * factor);
    }
    store<T, W>(at<T, W>(s.out.gGate, s.atoms, block, atom), sum);
}

/// Adjoint of (17) and of the outer SiLU; dE/dv1 takes the place of v1, dE/ds that of dE/dx1.
template <class T, int W>
void gateAdjoint(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> length[] = {whole(s.out.gP1, s.head.length1T)};
    const Product<T> product = ofAtoms(s, s.out.v1, length, atoms, 3);
    multiply<T, W>(&product, 1, s.head.scalar0T.data);
    for (int block = 0; block < 2 * s.headPanels; ++block)
        for (int atom = atoms.begin; atom < atoms.end; ++atom)
            gateAtomAdjoint<T, W>(s, block, atom);
    activateAtomsAdjoint<T, W>(s, s.out.scalar, s.out.gX1, 2 * s.headPanels, atoms);
}

template <class T, int W>
void hidden0Adjoint(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> terms[] = {whole(s.out.gX1, s.head.scalar0T),
                             whole(s.out.gGate, s.head.gate0T)};
    const Product<T> product = ofAtoms(s, s.out.gHidden0, terms, atoms);
    multiply<T, W>(&product, 1, s.head.hiddenX0T.data);
    activateAtomsAdjoint<T, W>(s, s.out.hidden0, s.out.gHidden0, s.blocks, atoms);
}

template <class T, int W>
void lengths0Adjoint(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    const Term<T> x[] = {whole(s.out.gHidden0, s.head.hiddenX0T)};
    const Term<T> p[] = {whole(s.out.gHidden0, s.head.hiddenP0T)};
    const Product<T> products[] = {ofAtoms(s, s.gx, x, atoms), ofAtoms(s, s.gm, p, atoms)};
    multiply<T, W>(products, 2, s.head.length0T.data);
    lengthsAdjoint<T, W>(s, s.out.p0, s.out.length0, s.gm, s.out.gP0, s.blocks, atoms);
}

template <class T, int W>
void directionsAdjoint(const State<T>& s, int, Member& member) {
    const Term<T> terms[] = {whole(s.out.gP0, s.head.length0T),
                             whole(s.out.gDirection0, s.head.direction0T)};
    const Product<T> product =
        ofAtoms(s, s.gv[(s.layers - 1) % 2], terms, ownAtoms(s, member), 3);
    multiply<T, W>(&product, 1);
}

/// Adjoint of the final norms.
template <class T, int W>
void finishAdjoint(const State<T>& s, int, Member& member) {
    const Range atoms = ownAtoms(s, member);
    for (int atom = atoms.begin; atom < atoms.end; ++atom) {
        normalizeAtomAdjoint<T, W>(s, s.normal, s.deviation[atom], s.gx, atom);
        if (s.vectorNorm)
            whitenAtomAdjoint<T, W>(s, s.finalWhitening.weight, s.v, s.gv[(s.layers - 1) % 2],
                                    s.whitening + 15 * atom, atom);
    }
}

/// All stages for scalar T with W channels a block.
template <class T, int W>
constexpr Stages<T> stagesFor() {
    return {W,
            exactFilters<T, W>,
            neighbors<T, W>,
            combine<T, W>,
            normalize<T, W>,
            project<T, W>,
            attend<T, W>,
            output<T, W>,
            update<T, W>,
            norms<T, W>,
            finish<T, W>,
            {directions<T, W>, hidden0<T, W>, gate<T, W>, lengths1<T, W>, hidden1<T, W>,
             energies<T, W>},
            {hidden1Adjoint<T, W>, gateAdjoint<T, W>, hidden0Adjoint<T, W>,
             lengths0Adjoint<T, W>, directionsAdjoint<T, W>},
            finishAdjoint<T, W>,
            normsAdjoint<T, W>,
            updateAdjoint<T, W>,
            outputAdjoint<T, W>,
            attendAdjoint<T, W>,
            projectAdjoint<T, W>,
            normalizeAdjoint<T, W>,
            neighborsAdjoint<T, W>,
            gather<T, W>};
}

}  // namespace
}  // namespace molspectra::native
