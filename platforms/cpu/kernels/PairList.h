// Candidate pairs that stay valid while atoms move little: a neighbor list with a skin.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Neighbors.h"
#include "platforms/cpu/kernels/Pairs.h"

#include <optional>
#include <span>
#include <vector>

namespace molspectra::native {

/// Holds every pair closer than cutoff + skin at the time of the last search. While no atom has
/// moved by more than half the skin since, and the cell is the same, every pair closer than the
/// cutoff is among them. The order of pairs is by i, then j, then shift, so that results do not
/// depend on when the last search was.
class PairList {
public:
    /// @param cutoff  angstrom
    /// @param skin    angstrom; 0 searches every time
    PairList(double cutoff, double skin) : cutoff_(cutoff), skin_(skin) {}

    /// @param positions  [N,3], angstrom
    /// @param cell       none for open boundaries
    /// @return candidates, valid until the next call
    /// @throws Error as findPairs()
    std::span<const HalfPair> update(std::span<const double> positions,
                                     const std::optional<Cell>& cell);

    /// Searches made so far.
    long searches() const { return searches_; }

private:
    bool stillValid(std::span<const double> positions, const std::optional<Cell>& cell) const;

    double cutoff_, skin_;
    std::vector<HalfPair> pairs_;
    std::vector<double> positions_;  ///< at the last search [N,3]
    std::optional<Cell> cell_;
    long searches_ = 0;
};

}  // namespace molspectra::native
