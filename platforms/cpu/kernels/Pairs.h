// The pairs that native kernels work on: each pair of neighbors once.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>

namespace molspectra::native {

/// One unordered pair of different atoms, i < j, or of an atom and one of its images, i == j, of
/// which only one of the two opposite shifts is listed. The displacement from i to j is
/// d = x_j + shift - x_i; the pair in the other direction has -d.
struct HalfPair {
    int i = 0;
    int j = 0;
    std::array<double, 3> shift{};  ///< angstrom
};

}  // namespace molspectra::native
