// A data set as a folder of shards, written one after the other.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <string>
#include <vector>

namespace molspectra {

/// Collects molecules and writes them as shard-00000.npz, shard-00001.npz, ... into FOLDER.part,
/// which becomes FOLDER in the end, so that a folder of shards is a whole one.
class ShardFolder {
public:
    /// Shards that an interrupted run left in FOLDER.part are removed.
    /// @param size  molecules of a shard
    /// @throws Error if the folder is there and not empty, or cannot be made
    ShardFolder(const std::string& folder, int64_t size);
    /// Removes what was written if it was not finished.
    ~ShardFolder();
    ShardFolder(const ShardFolder&) = delete;
    ShardFolder& operator=(const ShardFolder&) = delete;

    /// @throws Error as writeShard
    void add(Molecule&& molecule);
    /// Writes the last shard and gives the folder its name. @throws Error
    void finish();

    int64_t shards() const { return shards_; }

private:
    void write();

    std::string folder_, part_;
    size_t size_;
    int64_t shards_ = 0;
    bool finished_ = false;
    std::vector<Molecule> molecules_;
};

}  // namespace molspectra
