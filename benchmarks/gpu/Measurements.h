// Each adds its rows to the results. `quick` means so few rounds that only the checks count.
// SPDX-License-Identifier: MIT
#pragma once

namespace measure {

struct Card;
class Results;

/// A chain of 40 empty kernels in a CUDA graph: time of a kernel, cost of the launch on the CPU.
void measureGraph(const Card& card, Results& results, bool quick);

/// A barrier of as many blocks as the card has multiprocessors.
void measureGridBarrier(const Card& card, Results& results, bool quick);

/// The barrier of a cluster of 8 and of 16 blocks.
void measureClusterBarrier(const Card& card, Results& results, bool quick);

/// 16 blocks each give 1/16 of 43 KB, and all of them get the whole.
void measureGather(const Card& card, Results& results, bool quick);

/// 16 blocks each have 43 KB, and get 1/16 of the sum.
void measureScatter(const Card& card, Results& results, bool quick);

/// The network's weights read from the L2 cache by 1, 16 and all multiprocessors.
void measureL2(const Card& card, Results& results, bool quick);

/// Products of matrices in three products of half precision each, by one block.
void measureProduct(const Card& card, Results& results, bool quick);

}  // namespace measure
