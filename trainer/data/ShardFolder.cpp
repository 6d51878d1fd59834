// Only shards by their own names are ever removed.
// SPDX-License-Identifier: MIT
#include "trainer/data/ShardFolder.h"

#include "core/Error.h"
#include "trainer/data/Shard.h"

#include <filesystem>

namespace molspectra {

namespace fs = std::filesystem;

namespace {

std::string nameOf(int64_t number) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 5 ? 5 - digits.size() : 0, '0');
    return cat("shard-", digits, ".npz");
}

void removeShards(const std::string& folder) {
    std::vector<fs::path> shards;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("shard-") && (name.ends_with(".npz") || name.ends_with(".npz.part")))
            shards.push_back(entry.path());
    }
    for (const fs::path& shard : shards)
        fs::remove(shard);
}

}  // namespace

ShardFolder::ShardFolder(const std::string& folder, int64_t size)
    : folder_((fs::path(folder) / "").parent_path().string()), part_(folder_ + ".part"),
      size_(size_t(size)) {
    if (size < 1)
        fail("writing ", folder, ": shards of ", size, " molecules, expected at least 1");
    std::error_code error;
    if (fs::exists(folder_) && !(fs::is_directory(folder_) && fs::is_empty(folder_)))
        fail("writing ", folder, ": it is there and not empty; name another folder or remove it");
    fs::create_directories(part_, error);
    if (error)
        fail("writing ", part_, ": ", error.message());
    removeShards(part_);
}

/// Of a conversion that failed nothing is kept, as nothing can be made of a part of it.
ShardFolder::~ShardFolder() {
    if (finished_)
        return;
    try {
        removeShards(part_);
        fs::remove(part_);
    } catch (const fs::filesystem_error&) {
        // What is left there the next run removes.
    }
}

void ShardFolder::add(Molecule&& molecule) {
    molecules_.push_back(std::move(molecule));
    if (molecules_.size() == size_)
        write();
}

void ShardFolder::write() {
    writeShard((fs::path(part_) / nameOf(shards_)).string(), molecules_);
    shards_++;
    molecules_.clear();
}

void ShardFolder::finish() {
    if (!molecules_.empty())
        write();
    finished_ = true;
    std::error_code error;
    fs::rename(part_, folder_, error);
    if (error)
        fail("writing ", folder_, ": ", part_, ", which has all shards, could not be renamed: ",
             error.message());
}

}  // namespace molspectra
