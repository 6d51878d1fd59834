// Neighbour search: every ordered pair of atoms within the cutoff, open or periodic.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace molspectra {

/// Rows are the cell vectors a, b, c; length unit as the positions. Any triclinic cell of non-zero
/// volume; it need not be in reduced form.
using Cell = std::array<std::array<double, 3>, 3>;

/// Ordered pairs (i receives from j): P entries, sorted by receiver, then sender.
struct NeighborPairs {
    std::vector<int64_t> receiver;  ///< i of each pair [P]
    std::vector<int64_t> sender;    ///< j of each pair [P]
    std::vector<double> shift;      ///< x_j + shift - x_i is the displacement [P,3]

    size_t size() const { return receiver.size(); }
};

/// All ordered pairs with distance strictly below `cutoff`, without a limit on their number.
///
/// Periodic cells may be smaller than the cutoff: each image is a pair of its own, and an atom may
/// pair with its own images. The pair of an atom with itself at zero shift is never listed. A
/// cell list is used where it pays, so that the cost is linear in atoms for large systems.
///
/// @param positions  [N,3], any unit
/// @param cutoff     same unit
/// @param cell       none for open boundaries
/// @throws Error for a cell without volume or positions that are not finite
NeighborPairs findPairs(std::span<const double> positions, double cutoff,
                        const std::optional<Cell>& cell = std::nullopt);

}  // namespace molspectra
