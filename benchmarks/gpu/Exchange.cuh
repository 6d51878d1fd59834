// How 16 blocks exchange 43 KB: what is exchanged, and what it must be afterwards.
// SPDX-License-Identifier: MIT
#pragma once

#include "Cluster.cuh"
#include "GridBarrier.cuh"

namespace measure {

/// x and the vectors of aspirin, [4,21,128] floats, in sixteenths.
constexpr int exchangeBlocks = 16;
constexpr int rowFloats = 4 * 21 * 128;
constexpr int rowQuads = rowFloats / 4;
constexpr int sliceQuads = rowQuads / exchangeBlocks;
constexpr int sliceBytes = sliceQuads * 16;
constexpr int exchangeThreads = 256;
static_assert(sliceQuads * exchangeBlocks * 4 == rowFloats);

enum class Way {
    loads,      ///< ld.shared::cluster from the others
    stores,     ///< st.async to the others
    copies,     ///< cp.async.bulk to the others
    multicast,  ///< through L2, then cp.async.bulk to all at once
    cache,      ///< through L2, with the cluster's barrier
    grid,       ///< through L2, with a barrier by flags; needs no cluster
};

/// Ways by which others write into one's shared memory, so that Arrivals count their bytes.
__device__ constexpr bool sends(Way way) {
    return way == Way::stores || way == Way::copies || way == Way::multicast;
}

/// What the kernels below work on.
struct ExchangeMemory {
    float4* scratch;   ///< global, as much as scratchQuads says
    unsigned* flags;   ///< [16], zero
    unsigned* wrong;   ///< count of wrong values
    unsigned rounds;
};

/// Small integers, whose sums are exact. They change with every round, so that stale ones are seen.
__device__ inline float exchangeValue(int block, int index, unsigned round) {
    return float((block * 31 + index * 7 + int(round) * 13) & 1023);
}

__device__ inline float4 exchangeQuad(int block, int quad, unsigned round) {
    const int index = 4 * quad;
    return {exchangeValue(block, index, round), exchangeValue(block, index + 1, round),
            exchangeValue(block, index + 2, round), exchangeValue(block, index + 3, round)};
}

__device__ inline unsigned differing(float4 a, float4 b) {
    return (a.x != b.x) + (a.y != b.y) + (a.z != b.z) + (a.w != b.w);
}

__device__ inline void add(float4& sum, float4 value) {
    sum.x += value.x;
    sum.y += value.y;
    sum.z += value.z;
    sum.w += value.w;
}

/// Between the two halves of an exchange through global memory.
template <Way way>
__device__ void exchangeBarrier(const ExchangeMemory& memory, unsigned round) {
    if constexpr (way == Way::grid)
        flagBarrier(memory.flags, round + 1);
    else
        clusterBarrier();
}

}  // namespace measure
