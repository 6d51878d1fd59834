// Everything that the stages of one evaluation read and write, as plain pointers: the stages are
// compiled for several instruction sets and must not share functions, so nothing here has any.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace molspectra::native {

// Letters as in model/README.md. W is the number of channels that a vector holds, a block; two
// blocks are a panel, and G = F/(2 W) is the number of panels. A feature of R rows (N atoms, or 3N
// with row 3 i + d for component d of atom i) is stored as [G,R,2 W], so that the rows of a panel
// lie together. C is F/2 rounded up to whole panels, the width between the head's blocks.

/// Pairs whose lanes are summed together: until then these stay in the caches.
enum { chunkPairs = 256 };

/// A weight matrix as Gemm.h reads it: panel by panel [panels, inputs, 2 W].
template <class T>
struct Packed {
    const T* data = nullptr;
    const T* bias = nullptr;  ///< [outputs], or none
    int inputs = 0;           ///< panels
    int outputs = 0;          ///< panels
};

/// Filters of one layer: cubic splines, as coefficients of B-splines, of which four make a value
/// and the same four its slope. Neighboring pieces share three of them, so that a table is a
/// quarter of one of pieces by powers, and pairs at similar distances read the same rows.
template <class T>
struct Filters {
    const T* table = nullptr;   ///< [filters, G, rows, 2 W]
    const T* self = nullptr;    ///< at r = 0 [filters F]
    T* exact = nullptr;  ///< value, slope and two rows of zeros for each pair outside the table
                         ///< [filters, G, pairs, 4, 2 W]
    const double* weight = nullptr;  ///< [filters F, K]
    const double* bias = nullptr;    ///< [filters F]
};

template <class T>
struct WhiteningWeights {
    const T* weight = nullptr;  ///< [F]
    double regularization[3] = {};
};

template <class T>
struct LayerWeights {
    Packed<T> project[5], projectT[5];  ///< q, k, v0, v1, v2 (6)
    Packed<T> vector[3], vectorT[3];    ///< u1, u2, u3 (11)
    Packed<T> output[3], outputT[3];    ///< o1, o2, o3 (11)
    Filters<T> filters;                 ///< Dk, phi D0, phi D1, phi D2 (7)
    const T* normWeight = nullptr;      ///< of (13) [F], or none
    const T* normBias = nullptr;
    WhiteningWeights<T> whitening;
};

template <class T>
struct HeadWeights {
    Packed<T> length0, direction0, hiddenX0, hiddenP0, scalar0, gate0;
    Packed<T> length0T, direction0T, hiddenX0T, hiddenP0T, scalar0T, gate0T;
    Packed<T> length1, hiddenX1, hiddenP1;
    Packed<T> length1T, hiddenX1T, hiddenP1T;
    const T* output = nullptr;  ///< [C], times energy_scale
    double bias = 0.0;          ///< times energy_scale
};

template <class T>
struct EmbeddingWeights {
    Filters<T> filters;           ///< phi (W e + b) (5)
    const T* neighbor = nullptr;  ///< B[z] [elements,F]
    const T* start = nullptr;     ///< A[z], or W [A[z] ; 0] + b with neighbors [elements,F]
    Packed<T> combine, combineT;
};

/// One pair of neighbors with its place in the tables.
template <class T>
struct PairPlace {
    int i, j;
    int offsetI, offsetJ;  ///< 2 W i and 2 W j: where the atoms' rows lie in a panel
    int row;         ///< where its four rows begin in a column of the table; if below zero, ~row
                     ///< is where they begin in one of `exact`
    int later;       ///< row of a pair that comes some pairs later, for the cache alone
    T value[4];      ///< factors of the rows that make a filter's value
    T slope[4];      ///< and its slope, 1/angstrom
    T unit[3];       ///< d / r
    T inverseDistance;  ///< 1/angstrom
};

/// What a layer keeps for its adjoint.
template <class T>
struct LayerWork {
    T* normal;    ///< (x - mean) / deviation [G,N,2 W]
    T* deviation; ///< one over it [N]
    T* project;   ///< q, k, v0, v1, v2 [5,G,N,2 W]
    T* v;         ///< vectors coming in [G,3N,2 W], none in the first layer
    T* u;         ///< [3,G,3N,2 W]
    T* o;         ///< [3,G,N,2 W]
    T* score;     ///< argument of sigma in (8): pairs i from j and j from i, then atoms [H,S]
    T* vOut;      ///< vectors going out, before whitening [G,3N,2 W]
    T* outNormal; ///< with layerNorms: as `normal` for (13)
    T* outDeviation;
    double* whitening;  ///< means, eigenvectors and eigenvalues [N,15]
};

template <class T>
struct HeadWork {
    T *p0, *length0, *direction0, *hidden0, *active0, *scalar, *gate, *x1, *v1;
    T *p1, *length1, *hidden1, *active1;
    T *gHidden1, *gX1, *gP1, *gGate, *gDirection0, *gHidden0, *gP0;
    double* energy;  ///< [N]
};

/// One evaluation.
template <class T>
struct State {
    // Sizes.
    int atoms, channels, blocks, heads, headBlocks, layers, radial;
    int headPanels;   ///< of C
    int pairs;        ///< closer than the cutoff
    int selfStart;    ///< where the atoms' own scores begin: 2 pairs rounded up to W
    int scores;       ///< S
    int rows;         ///< of a column of the filters' tables
    bool neighborEmbedding, vectorCutoff;
    bool vectorNorm;   ///< whitening at the end

    // Weights.
    EmbeddingWeights<T> embedding;
    const LayerWeights<T>* layer;
    WhiteningWeights<T> finalWhitening;
    HeadWeights<T> head;

    // Geometry.
    const int* numbers;
    const PairPlace<T>* place;
    int exactPairs;             ///< those outside the table
    const double* radialValue;  ///< e and phi, then their slopes, of these [exactPairs,2,K+1]

    // Features.
    T* x;          ///< [G,N,2 W]
    T* around;     ///< n of (5) [G,N,2 W]
    T* m;          ///< [G,N,2 W]
    T* w;          ///< [G,3N,2 W]
    const LayerWork<T>* work;
    T *normal, *deviation;  ///< of the final norm
    T* v;                   ///< final vectors [G,3N,2 W]
    T* vWhite;              ///< the same after whitening
    double* whitening;
    HeadWork<T> out;

    // Adjoints.
    T* gx;         ///< [G,N,2 W]
    T* gv[2];      ///< of the vectors after odd and even layers [G,3N,2 W]
    T *go, *gu;    ///< [3,G,N,2 W], [3,G,3N,2 W]
    T* gm;
    T* gProject;   ///< [5,G,N,2 W]
    T* gNormal;    ///< [G,N,2 W]
    T *gmParts, *gNormalParts, *gvParts;  ///< of each member, for the others [members,...]
    T* scratch;    ///< rows of lanes to be summed, for each member [count, scratchSize]
    size_t scratchSize;
    T* selfSums;   ///< dE/da of the atoms with themselves [H,N]
    T* perPair;    ///< for each member: dE/dr and dE/d(unit) of its channels [count, pairRoom, 4]
    int pairRoom;  ///< pairs rounded up to W
    T* gradient;   ///< dE/d(displacement) [pairs,3]
};

class Member;

/// One step of an evaluation: all members call it, each does its share, and none reads what
/// another writes in the same stage.
template <class T>
using Stage = void (*)(const State<T>& state, int layer, Member& member);

/// The stages as one instruction set has them. The driver calls them in this order.
template <class T>
struct Stages {
    int width;  ///< W
    Stage<T> exactFilters;  ///< of a layer, or of the embedding if the layer is -1
    Stage<T> neighbors, combine;
    Stage<T> normalize, project, attend, output, update, norms;
    Stage<T> finish, head[6];
    Stage<T> headAdjoint[5], finishAdjoint;
    Stage<T> normsAdjoint, updateAdjoint, outputAdjoint, attendAdjoint, projectAdjoint;
    Stage<T> normalizeAdjoint;
    Stage<T> neighborsAdjoint, gather;
};

extern const Stages<float> baselineFloat, avx2Float, avx512Float;
extern const Stages<double> baselineDouble, avx2Double, avx512Double;

}  // namespace molspectra::native
