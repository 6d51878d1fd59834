// Blocks prove to each other after every barrier that they saw what was written before it.
// SPDX-License-Identifier: MIT
#include "Card.h"
#include "Cluster.cuh"
#include "GridBarrier.cuh"
#include "Measurements.h"
#include "Results.h"

#include <cooperative_groups.h>

namespace measure {

namespace {

constexpr int barrierThreads = 256;
constexpr int checkedRounds = 200;
constexpr int timedRounds = 5000;
constexpr int neighbor = 5;  // the block whose word is looked at; coprime to 8 and 16

enum class Kind { counter, flags, cooperative };

struct BarrierMemory {
    unsigned* flags;  ///< [blocks], zero; the counter is the first of them
    unsigned* words;  ///< [2,blocks]
    unsigned* wrong;
    unsigned rounds;
};

template <Kind kind>
__device__ void gridBarrier(const BarrierMemory& memory, unsigned round) {
    if constexpr (kind == Kind::counter)
        counterBarrier(memory.flags, round + 1);
    if constexpr (kind == Kind::flags)
        flagBarrier(memory.flags, round + 1);
    if constexpr (kind == Kind::cooperative)
        cooperative_groups::this_grid().sync();
}

/// Words are written in turns of two, so that nobody overwrites one that is still to be read.
template <Kind kind, bool checked>
__global__ void __launch_bounds__(barrierThreads, 1) gridKernel(BarrierMemory memory) {
    const unsigned blocks = gridDim.x, other = (blockIdx.x + neighbor) % blocks;
    for (unsigned round = 0; round < memory.rounds; ++round) {
        volatile unsigned* words = memory.words + (round & 1) * blocks;
        if (checked && threadIdx.x == barrierThreads - 1)
            words[blockIdx.x] = round + 1;
        gridBarrier<kind>(memory, round);
        if (checked && threadIdx.x == 0 && words[other] != round + 1)
            atomicAdd(memory.wrong, 1u);
    }
}

template <bool checked>
__global__ void __launch_bounds__(barrierThreads, 1) clusterKernel(BarrierMemory memory) {
    __shared__ float4 words[2];
    const int other = int((blockIdx.x + neighbor) % gridDim.x);
    for (unsigned round = 0; round < memory.rounds; ++round) {
        float4* word = words + (round & 1);
        if (checked && threadIdx.x == barrierThreads - 1)
            *word = {float(blockIdx.x), float(round), 0.0f, 0.0f};
        clusterBarrier();
        if (checked && threadIdx.x == 0) {
            const float4 seen = loadAt(other, word);
            if (seen.x != float(other) || seen.y != float(round))
                atomicAdd(memory.wrong, 1u);
        }
    }
    clusterBarrier();
}

__global__ void __launch_bounds__(barrierThreads, 1) meetingKernel(BarrierMemory memory) {
    for (unsigned round = 0; round < memory.rounds; ++round)
        clusterMeeting();
}

using Kernel = void (*)(BarrierMemory);

void measureBarrier(const Card& card, Results& results, const std::string& what, Kernel checked,
                    Kernel timed, const Shape& shape, bool quick) {
    for (const Kernel kernel : {checked, timed})
        if (const std::string why = obstacle(card, reinterpret_cast<const void*>(kernel), shape);
            !why.empty())
            return results.addMissing(what, why);
    Stream stream;
    const size_t blocks = size_t(shape.blocks);
    Array<unsigned> flags(blocks), words(2 * blocks), wrong(1);
    const auto run = [&](Kernel kernel, int rounds) {
        check(cudaMemsetAsync(flags.data, 0, blocks * sizeof(unsigned), stream), "clearing flags");
        launch(kernel, shape, stream,
               BarrierMemory{flags.data, words.data, wrong.data, unsigned(rounds)});
    };
    run(checked, checkedRounds);
    check(cudaStreamSynchronize(stream), "waiting at barriers");
    const std::string right = verdict(wrong.read()[0], checkedRounds * blocks);
    const double time = perRound(stream, quick ? 4 : timedRounds,
                                 [&](int rounds) { run(timed, rounds); });
    results.add(what, time, "us a barrier", right);
}

void measureMeeting(const Card& card, Results& results, const Shape& shape, bool quick) {
    const std::string what = "cluster of " + std::to_string(shape.blocks) + ", nothing ordered";
    if (const std::string why =
            obstacle(card, reinterpret_cast<const void*>(meetingKernel), shape); !why.empty())
        return results.addMissing(what, why);
    Stream stream;
    const double time = perRound(stream, quick ? 4 : timedRounds, [&](int rounds) {
        launch(meetingKernel, shape, stream, BarrierMemory{nullptr, nullptr, nullptr,
                                                           unsigned(rounds)});
    });
    results.add(what, time, "us a barrier", "", "barrier.cluster.arrive.relaxed");
}

}  // namespace

void measureGridBarrier(const Card& card, Results& results, bool quick) {
    for (const int blocks : {card.processors, 16}) {
        Shape shape{blocks, barrierThreads};
        shape.cooperative = true;
        const std::string what = std::to_string(blocks) + " blocks, ";
        measureBarrier(card, results, what + "one counter", gridKernel<Kind::counter, true>,
                       gridKernel<Kind::counter, false>, shape, quick);
        measureBarrier(card, results, what + "a flag a block", gridKernel<Kind::flags, true>,
                       gridKernel<Kind::flags, false>, shape, quick);
        measureBarrier(card, results, what + "cooperative groups'",
                       gridKernel<Kind::cooperative, true>, gridKernel<Kind::cooperative, false>,
                       shape, quick);
    }
}

void measureClusterBarrier(const Card& card, Results& results, bool quick) {
    for (const int blocks : {8, 16}) {
        Shape shape{blocks, barrierThreads};
        shape.cluster = blocks;
        measureBarrier(card, results, "cluster of " + std::to_string(blocks), clusterKernel<true>,
                       clusterKernel<false>, shape, quick);
        measureMeeting(card, results, shape, quick);
    }
}

}  // namespace measure
