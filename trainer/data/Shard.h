// Shards: NPZ files of molecules with their spectra, the one form that training reads.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <string>
#include <vector>

namespace molspectra {

/// The molecules of one file, read whole; trainer/data/README.md lists its arrays.
class Shard {
public:
    /// @throws Error naming file and array: missing, of another shape, not finite, offsets that do
    ///         not ascend, negative intensities, unknown elements, or a truncated file
    explicit Shard(const std::string& path);

    size_t size() const { return molecules_.size(); }
    const Molecule& operator[](size_t n) const { return molecules_[n]; }
    const std::vector<Molecule>& molecules() const { return molecules_; }

private:
    std::vector<Molecule> molecules_;
};

/// Number of molecules of a shard, without reading its large arrays. @throws Error as Shard
int64_t shardSize(const std::string& path);

/// Writes a shard beside and renames it. Curves of one kind must share one grid. @throws Error
void writeShard(const std::string& path, const std::vector<Molecule>& molecules);

/// The .npz files that a path means: itself, or those of a folder by name.
/// @throws Error if there are none
std::vector<std::string> shardPaths(const std::vector<std::string>& paths);

}  // namespace molspectra
