// Division of frames into training, validation and test sets.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace molspectra {

/// Frame numbers of each part, in the order they are used.
struct Split {
    std::vector<int64_t> train;
    std::vector<int64_t> validation;
    std::vector<int64_t> test;
};

/// How many frames each part gets. A value below 0 means "all that are left", of one part only; but
/// where training takes them, tests may ask for them too and get none.
struct SplitCounts {
    int64_t train = -1;
    int64_t validation = 50;
    int64_t test = -1;
};

/// A random split: the same seed gives the same split on every machine.
/// @throws Error if the counts exceed `frames` (both numbers are named)
Split randomSplit(int64_t frames, const SplitCounts& counts, uint64_t seed);

/// Reads an index file: NPZ with idx_train, idx_val, idx_test (zero-based; idx_test may be absent).
/// @throws Error for indices that are out of range, or in two parts
Split readSplit(const std::string& path, int64_t frames);

/// Writes the same kind of file. @throws Error naming the file
void writeSplit(const std::string& path, const Split& split);

}  // namespace molspectra
