// Reads that bypass L1, of weights that fit into L2. A large piece of shared memory keeps one block
// on a multiprocessor.
// SPDX-License-Identifier: MIT
#include "Card.h"
#include "Measurements.h"
#include "Results.h"

#include <numeric>

namespace measure {

namespace {

constexpr int readThreads = 1024;
constexpr int unrolled = 8;
constexpr size_t aloneShared = 100 * 1024;  // two of these do not fit into 163 KiB or 227 KiB
constexpr size_t weights = 1343488;         // of the network with 6 layers of 128 channels
constexpr int fewBlocks = 16;
constexpr int timedRounds = 200;

enum class Part { whole, own };

__device__ uint32_t sumOf(uint4 value) {
    return value.x + value.y + value.z + value.w;
}

/// Sums the words of a part of `data` in each round; the sum tells whether all of it was read.
template <Part part>
__global__ void __launch_bounds__(readThreads, 1) readKernel(const uint4* data, unsigned quads,
                                                          unsigned rounds, uint32_t* sums) {
    const unsigned share = part == Part::own ? quads / gridDim.x : quads;
    const uint4* begin = data + (part == Part::own ? blockIdx.x * share : 0u);
    uint32_t sum = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        unsigned quad = threadIdx.x;
        for (; quad + (unrolled - 1) * readThreads < share; quad += unrolled * readThreads) {
            uint4 values[unrolled];
#pragma unroll
            for (int k = 0; k < unrolled; ++k)
                asm volatile("ld.global.cg.v4.u32 {%0, %1, %2, %3}, [%4];"
                             : "=r"(values[k].x), "=r"(values[k].y), "=r"(values[k].z),
                               "=r"(values[k].w)
                             : "l"(__cvta_generic_to_global(begin + quad + k * readThreads)));
#pragma unroll
            for (int k = 0; k < unrolled; ++k)
                sum += sumOf(values[k]);
        }
        for (; quad < share; quad += readThreads)
            sum += sumOf(__ldcg(begin + quad));
    }
    atomicAdd(sums + blockIdx.x, sum);
}

/// What the blocks must have summed to after one round, in a row of blocks or the same for all.
uint32_t expectedSum(const std::vector<uint32_t>& words, Part part, int blocks, int block) {
    if (part == Part::whole)
        return std::accumulate(words.begin(), words.end(), 0u);
    const size_t share = words.size() / 4 / size_t(blocks) * 4;
    const auto begin = words.begin() + std::ptrdiff_t(size_t(block) * share);
    return std::accumulate(begin, begin + std::ptrdiff_t(share), 0u);
}

template <Part part>
void measureReads(const Card& card, Results& results, int blocks, int cluster, bool quick) {
    const std::string what = std::to_string(blocks) + " blocks" +
                             (cluster ? " of one cluster" : "") +
                             (part == Part::own ? ", each its own share" : ", each all weights");
    Shape shape{blocks, readThreads, aloneShared};
    shape.cluster = cluster;
    const auto* kernel = reinterpret_cast<const void*>(readKernel<part>);
    if (const std::string why = obstacle(card, kernel, shape); !why.empty())
        return results.addMissing(what, why);
    std::vector<uint32_t> words(weights);
    for (size_t i = 0; i < words.size(); ++i)
        words[i] = uint32_t(i * 2654435761u);
    Stream stream;
    Array<uint32_t> data(words), sums{size_t(blocks)};
    const auto run = [&](int rounds) {
        launch(readKernel<part>, shape, stream, reinterpret_cast<const uint4*>(data.data),
               unsigned(weights / 4), unsigned(rounds), sums.data);
    };
    run(1);
    check(cudaStreamSynchronize(stream), "reading weights");
    const std::vector<uint32_t> found = sums.read();
    unsigned wrong = 0;
    for (int block = 0; block < blocks; ++block)
        wrong += found[size_t(block)] != expectedSum(words, part, blocks, block);
    const double time = perRound(stream, quick ? 2 : timedRounds, run);
    const double bytes = 4.0 * weights * (part == Part::own ? 1 : blocks);
    char note[64];
    std::snprintf(note, sizeof note, "%.1f GB/s a multiprocessor, %.2f us a round",
                  bytes / time / 1e3 / blocks, time);
    results.add(what, bytes / time / 1e3, "GB/s", verdict(wrong, size_t(blocks)), note);
}

}  // namespace

void measureL2(const Card& card, Results& results, bool quick) {
    for (const int blocks : {1, fewBlocks, card.processors})
        measureReads<Part::whole>(card, results, blocks, 0, quick);
    for (const int blocks : {fewBlocks, card.processors})
        measureReads<Part::own>(card, results, blocks, 0, quick);
    measureReads<Part::own>(card, results, fewBlocks, fewBlocks, quick);
}

}  // namespace measure
