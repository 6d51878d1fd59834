// Keeps one of the two directions of what the common search finds, and decides when to repeat it.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/PairList.h"

#include <utility>

namespace molspectra::native {

namespace {

/// Of a pair's two directions, whose shifts are exactly opposite, the one that is listed.
bool listed(const HalfPair& pair) {
    return pair.i < pair.j || (pair.i == pair.j && pair.shift > std::array<double, 3>{});
}

std::vector<HalfPair> halfOf(const NeighborPairs& pairs) {
    std::vector<HalfPair> half;
    half.reserve(pairs.size() / 2);
    for (size_t p = 0; p < pairs.size(); ++p) {
        const double* shift = &pairs.shift[3 * p];
        const HalfPair pair{static_cast<int>(pairs.receiver[p]),
                            static_cast<int>(pairs.sender[p]),
                            {shift[0], shift[1], shift[2]}};
        if (listed(pair))
            half.push_back(pair);
    }
    return half;
}

}  // namespace

bool PairList::stillValid(std::span<const double> positions,
                          const std::optional<Cell>& cell) const {
    if (searches_ == 0 || !(skin_ > 0) || positions.size() != positions_.size() || cell != cell_)
        return false;
    const double farthest = skin_ * skin_ / 4;
    for (size_t k = 0; k < positions.size(); k += 3) {
        double squared = 0;
        for (size_t d = k; d < k + 3; ++d) {
            const double moved = positions[d] - positions_[d];
            squared += moved * moved;
        }
        // Written so that positions which are no numbers lead to the search, which refuses them.
        if (!(squared <= farthest))
            return false;
    }
    return true;
}

std::span<const HalfPair> PairList::update(std::span<const double> positions,
                                           const std::optional<Cell>& cell) {
    if (stillValid(positions, cell))
        return pairs_;
    // Everything that can fail comes first, so that a refused search leaves the list as it was.
    std::vector<HalfPair> found = halfOf(findPairs(positions, cutoff_ + skin_, cell));
    std::vector<double> searched(positions.begin(), positions.end());
    pairs_ = std::move(found);
    positions_ = std::move(searched);
    cell_ = cell;
    ++searches_;
    return pairs_;
}

}  // namespace molspectra::native
