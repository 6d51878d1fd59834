// Reduce-scatter: each of 16 blocks has a row, and each gets one slice of the sum of all rows.
// SPDX-License-Identifier: MIT
#pragma once

#include "Exchange.cuh"

namespace measure {

/// Two rows of the block's own and, where others send, two of their slices, in turn.
constexpr size_t scatterShared(Way way) {
    const bool inbox = way == Way::stores || way == Way::copies;
    return (inbox ? 4 : 2) * rowQuads * sizeof(float4);
}
/// Global memory: a row of every block, twice.
constexpr size_t scatterScratchQuads = 2 * size_t(exchangeBlocks) * rowQuads;

/// Slice `rank` of the sum, in the order of the blocks, by a function of block and quad.
template <class SliceOf>
__device__ void sumSlices(float4* slice, const SliceOf& sliceOf) {
    if (const int quad = int(threadIdx.x); quad < sliceQuads) {
        float4 values[exchangeBlocks];
#pragma unroll
        for (int block = 0; block < exchangeBlocks; ++block)
            values[block] = sliceOf(block, quad);
        float4 sum = values[0];
#pragma unroll
        for (int block = 1; block < exchangeBlocks; ++block)
            add(sum, values[block]);
        slice[quad] = sum;
    }
    __syncthreads();
}
static_assert(sliceQuads <= exchangeThreads);

__device__ inline void sendByStores(const float4* row, int rank, float4* inbox,
                                    Arrivals* arrivals) {
    __syncthreads();
#pragma unroll
    for (int turn = 0; turn < (rowQuads + exchangeThreads - 1) / exchangeThreads; ++turn)
        if (const int index = turn * exchangeThreads + int(threadIdx.x); index < rowQuads) {
            const int block = (rank + index / sliceQuads) % exchangeBlocks;
            const int quad = index % sliceQuads;
            storeAt(block, inbox + rank * sliceQuads + quad, row[block * sliceQuads + quad],
                    arrivals);
        }
}

__device__ inline void sendByCopies(const float4* row, int rank, float4* inbox,
                                    Arrivals* arrivals) {
    fenceShared();
    __syncthreads();
    if (threadIdx.x < exchangeBlocks) {
        const int block = (rank + int(threadIdx.x)) % exchangeBlocks;
        copyAt(block, inbox + rank * sliceQuads, row + block * sliceQuads, sliceBytes, arrivals);
    }
}

__device__ inline void publishRow(const float4* row, float4* mine) {
#pragma unroll
    for (int turn = 0; turn < (rowQuads + exchangeThreads - 1) / exchangeThreads; ++turn)
        if (const int quad = turn * exchangeThreads + int(threadIdx.x); quad < rowQuads)
            mine[quad] = row[quad];
}

template <Way way>
__device__ void scatterOnce(const float4* row, float4* inbox, float4* slice, int rank,
                            Arrivals* arrivals, const ExchangeMemory& memory, unsigned round) {
    if constexpr (way == Way::loads) {
        clusterBarrier();
        sumSlices(slice, [&](int block, int quad) {
            return loadAt(block, row + rank * sliceQuads + quad);
        });
    }
    if constexpr (sends(way)) {
        if (threadIdx.x == 0)
            arrivals->expect(exchangeBlocks * sliceBytes);
        if constexpr (way == Way::stores)
            sendByStores(row, rank, inbox, arrivals);
        else
            sendByCopies(row, rank, inbox, arrivals);
        arrivals->wait(int(round >> 1));
        sumSlices(slice, [&](int block, int quad) { return inbox[block * sliceQuads + quad]; });
    }
    if constexpr (way == Way::cache || way == Way::grid) {
        float4* scratch = memory.scratch + (round & 1) * exchangeBlocks * rowQuads;
        publishRow(row, scratch + rank * rowQuads);
        exchangeBarrier<way>(memory, round);
        sumSlices(slice, [&](int block, int quad) {
            return loadCached(scratch + block * rowQuads + rank * sliceQuads + quad);
        });
    }
}

__device__ inline void writeRow(float4* row, int rank, unsigned round) {
    for (int quad = int(threadIdx.x); quad < rowQuads; quad += exchangeThreads)
        row[quad] = exchangeQuad(rank, quad, round);
}

__device__ inline void checkSlice(const float4* slice, int rank, unsigned round, unsigned* wrong) {
    if (const int quad = int(threadIdx.x); quad < sliceQuads) {
        float4 sum = {};
        for (int block = 0; block < exchangeBlocks; ++block)
            add(sum, exchangeQuad(block, rank * sliceQuads + quad, round));
        if (const unsigned count = differing(slice[quad], sum); count > 0)
            atomicAdd(wrong, count);
    }
}

/// One cluster of 16 blocks, or 16 blocks of a cooperative launch.
/// @tparam checked  writes new rows every round and looks at every sum, not only at the last
template <Way way, bool checked>
__global__ void __launch_bounds__(exchangeThreads, 1) scatterKernel(ExchangeMemory memory) {
    extern __shared__ __align__(128) float4 rows[];
    __shared__ Arrivals arrivals[2];
    __shared__ float4 slice[sliceQuads];
    const int rank = int(blockIdx.x);
    if (sends(way) && threadIdx.x == 0)
        for (Arrivals& each : arrivals)
            each.open();
    for (unsigned round = 0; round < 2; ++round)
        writeRow(rows + round * rowQuads, rank, round);
    __syncthreads();
    if (way != Way::grid)
        clusterBarrier();
    for (unsigned round = 0; round < memory.rounds; ++round) {
        float4* row = rows + (round & 1) * rowQuads;
        if constexpr (checked) {
            writeRow(row, rank, round);
            __syncthreads();
        }
        scatterOnce<way>(row, row + 2 * rowQuads, slice, rank, arrivals + (round & 1), memory,
                         round);
        if (checked || round + 1 == memory.rounds) {
            checkSlice(slice, rank, checked ? round : round & 1, memory.wrong);
            __syncthreads();
        }
    }
    if (way != Way::grid)
        clusterBarrier();
}

}  // namespace measure
