// All-gather: each of 16 blocks gives a slice, and every block gets the row of all slices.
// SPDX-License-Identifier: MIT
#pragma once

#include "Exchange.cuh"

namespace measure {

/// Rounds use two rows in turn: a block sends its slice of one round only after it has the whole
/// row of the round before, so nobody overwrites a row that another still reads.
constexpr size_t gatherShared = 2 * rowQuads * sizeof(float4);
constexpr size_t gatherScratchQuads = 2 * rowQuads;

/// Turn k of a thread that handles all quads of the 15 other slices, the next block's first.
struct Foreign {
    static constexpr int all = (exchangeBlocks - 1) * sliceQuads;
    static constexpr int turns = (all + exchangeThreads - 1) / exchangeThreads;

    __device__ Foreign(int rank, int turn) : index(turn * exchangeThreads + int(threadIdx.x)),
        block((rank + 1 + index / sliceQuads) % exchangeBlocks), quad(index % sliceQuads) {}
    __device__ bool exists() const { return index < all; }
    __device__ int place() const { return block * sliceQuads + quad; }

    int index, block, quad;
};

__device__ inline void gatherByLoads(float4* row, int rank) {
    clusterBarrier();
    float4 values[Foreign::turns];
#pragma unroll
    for (int turn = 0; turn < Foreign::turns; ++turn)
        if (const Foreign foreign(rank, turn); foreign.exists())
            values[turn] = loadAt(foreign.block, row + foreign.place());
#pragma unroll
    for (int turn = 0; turn < Foreign::turns; ++turn)
        if (const Foreign foreign(rank, turn); foreign.exists())
            row[foreign.place()] = values[turn];
    __syncthreads();
}

__device__ inline void gatherByStores(float4* row, int rank, Arrivals* arrivals) {
    const float4* own = row + rank * sliceQuads;
    __syncthreads();
#pragma unroll
    for (int turn = 0; turn < Foreign::turns; ++turn)
        if (const Foreign foreign(rank, turn); foreign.exists())
            storeAt(foreign.block, row + rank * sliceQuads + foreign.quad, own[foreign.quad],
                    arrivals);
}

__device__ inline void gatherByCopies(float4* row, int rank, Arrivals* arrivals) {
    float4* own = row + rank * sliceQuads;
    fenceShared();
    __syncthreads();
    if (threadIdx.x < exchangeBlocks - 1)
        copyAt((rank + 1 + int(threadIdx.x)) % exchangeBlocks, own, own, sliceBytes, arrivals);
}

/// Writes the own slice where the others read it.
__device__ inline float4* publish(const float4* row, int rank, float4* scratch) {
    float4* mine = scratch + rank * sliceQuads;
    for (int quad = int(threadIdx.x); quad < sliceQuads; quad += exchangeThreads)
        mine[quad] = row[rank * sliceQuads + quad];
    return mine;
}

__device__ inline void gatherByMulticast(float4* row, int rank, float4* scratch,
                                         Arrivals* arrivals) {
    const float4* mine = publish(row, rank, scratch);
    fenceGlobal();
    __syncthreads();
    if (threadIdx.x == 0)
        copyToAll(0xffff, row + rank * sliceQuads, mine, sliceBytes, arrivals);
}

template <Way way>
__device__ void gatherByCache(float4* row, int rank, float4* scratch, const ExchangeMemory& memory,
                              unsigned round) {
    publish(row, rank, scratch);
    exchangeBarrier<way>(memory, round);
    float4 values[Foreign::turns];
#pragma unroll
    for (int turn = 0; turn < Foreign::turns; ++turn)
        if (const Foreign foreign(rank, turn); foreign.exists())
            values[turn] = loadCached(scratch + foreign.place());
#pragma unroll
    for (int turn = 0; turn < Foreign::turns; ++turn)
        if (const Foreign foreign(rank, turn); foreign.exists())
            row[foreign.place()] = values[turn];
    __syncthreads();
}

template <Way way>
__device__ void gatherOnce(float4* row, int rank, Arrivals* arrivals, const ExchangeMemory& memory,
                           unsigned round) {
    float4* scratch = memory.scratch + (round & 1) * rowQuads;
    if (sends(way) && threadIdx.x == 0)
        arrivals->expect((way == Way::multicast ? exchangeBlocks : exchangeBlocks - 1) *
                         sliceBytes);
    if constexpr (way == Way::loads)
        gatherByLoads(row, rank);
    if constexpr (way == Way::stores)
        gatherByStores(row, rank, arrivals);
    if constexpr (way == Way::copies)
        gatherByCopies(row, rank, arrivals);
    if constexpr (way == Way::multicast)
        gatherByMulticast(row, rank, scratch, arrivals);
    if constexpr (way == Way::cache || way == Way::grid)
        gatherByCache<way>(row, rank, scratch, memory, round);
    if (sends(way))
        arrivals->wait(int(round >> 1));
}

__device__ inline void writeSlice(float4* row, int rank, unsigned round) {
    for (int quad = int(threadIdx.x); quad < sliceQuads; quad += exchangeThreads)
        row[rank * sliceQuads + quad] = exchangeQuad(rank, quad, round);
}

__device__ inline void checkRow(const float4* row, unsigned round, unsigned* wrong) {
    unsigned count = 0;
    for (int place = int(threadIdx.x); place < rowQuads; place += exchangeThreads)
        count += differing(row[place],
                           exchangeQuad(place / sliceQuads, place % sliceQuads, round));
    if (count > 0)
        atomicAdd(wrong, count);
}

/// One cluster of 16 blocks, or 16 blocks of a cooperative launch. That one block fits on a
/// multiprocessor leaves the compiler the registers to keep all loads of a thread under way.
/// @tparam checked  writes new slices every round and looks at every row, not only at the last
template <Way way, bool checked>
__global__ void __launch_bounds__(exchangeThreads, 1) gatherKernel(ExchangeMemory memory) {
    extern __shared__ __align__(128) float4 rows[];
    __shared__ Arrivals arrivals[2];
    const int rank = int(blockIdx.x);
    if (sends(way) && threadIdx.x == 0)
        for (Arrivals& each : arrivals)
            each.open();
    for (unsigned round = 0; round < 2; ++round)
        writeSlice(rows + round * rowQuads, rank, round);
    __syncthreads();
    if (way != Way::grid)
        clusterBarrier();
    for (unsigned round = 0; round < memory.rounds; ++round) {
        float4* row = rows + (round & 1) * rowQuads;
        if constexpr (checked) {
            writeSlice(row, rank, round);
            __syncthreads();
        }
        gatherOnce<way>(row, rank, arrivals + (round & 1), memory, round);
        if (checked || round + 1 == memory.rounds) {
            checkRow(row, checked ? round : round & 1, memory.wrong);
            __syncthreads();
        }
    }
    if (way != Way::grid)
        clusterBarrier();
}

}  // namespace measure
