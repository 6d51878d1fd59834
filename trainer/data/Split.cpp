// Random splits by the portable generator, and index files in the layout of TorchMD-Net.
// SPDX-License-Identifier: MIT
#include "trainer/data/Split.h"

#include "core/Error.h"
#include "core/Random.h"
#include "trainer/data/Npz.h"

#include <cmath>

namespace molspectra {

namespace {

[[noreturn]] void failCounts(int64_t frames, const SplitCounts& counts) {
    std::string wanted;
    const auto add = [&](int64_t count, const char* part) {
        if (count > 0)
            wanted += cat(wanted.empty() ? "" : " + ", count, " for ", part);
    };
    add(counts.train, "training");
    add(counts.validation, "validation");
    add(counts.test, "test");
    fail("splitting ", frames, " frames: ", wanted, " are wanted; give more frames, or a ",
         "smaller --validation",
         counts.train > 0 ? " or --train" : "", counts.test > 0 ? " or --test" : "");
}

/// Replaces the one negative count, if any, by what the others leave.
SplitCounts resolve(int64_t frames, SplitCounts counts) {
    const SplitCounts asked = counts;
    if (counts.train < 0 && counts.test < 0)
        counts.test = 0;
    int64_t left = frames;
    int64_t* rest = nullptr;
    for (int64_t* count : {&counts.train, &counts.validation, &counts.test}) {
        if (*count >= 0) {
            if (*count > left)
                failCounts(frames, asked);
            left -= *count;
        } else if (rest != nullptr) {
            fail("splitting ", frames, " frames: two parts get all that are left (--train does by ",
                 "default), expected one at most");
        } else {
            rest = count;
        }
    }
    if (rest != nullptr)
        *rest = left;
    return counts;
}

/// Frame numbers of one part, each marked as taken.
std::vector<int64_t> readPart(const NpzFile& file, const std::string& key,
                              std::vector<const char*>& takenBy, const char* part) {
    const NpyArray array = file.read(key);
    if (array.shape.size() != 1)
        fail("reading ", file.path(), ": ", key, " has the shape ", array.shapeText(),
             ", expected one dimension");
    std::vector<int64_t> indices;
    indices.reserve(array.size());
    for (double value : array.values) {
        if (!(value >= 0 && value < double(takenBy.size())) || value != std::floor(value))
            fail("reading ", file.path(), ": ", key, " contains ", value,
                 ", expected frame numbers in [0, ", takenBy.size(), ")");
        const char*& owner = takenBy[size_t(value)];
        if (owner != nullptr)
            fail("reading ", file.path(), ": frame ", size_t(value), " is in ", owner, " and in ",
                 part, ", expected each frame once");
        owner = part;
        indices.push_back(int64_t(value));
    }
    return indices;
}

NpyArray indexArray(const std::vector<int64_t>& indices) {
    return {{indices.size()}, "<i8", {indices.begin(), indices.end()}};
}

}  // namespace

Split randomSplit(int64_t frames, const SplitCounts& counts, uint64_t seed) {
    const SplitCounts sizes = resolve(frames, counts);
    const std::vector<int64_t> order = Random(seed).permutation(frames);
    const auto validation = order.begin() + sizes.train;
    const auto test = validation + sizes.validation;
    return {{order.begin(), validation}, {validation, test}, {test, test + sizes.test}};
}

Split readSplit(const std::string& path, int64_t frames) {
    const NpzFile file(path);
    std::vector<const char*> takenBy(size_t(frames > 0 ? frames : 0), nullptr);
    Split split;
    split.train = readPart(file, "idx_train", takenBy, "idx_train");
    split.validation = readPart(file, "idx_val", takenBy, "idx_val");
    if (file.contains("idx_test"))
        split.test = readPart(file, "idx_test", takenBy, "idx_test");
    return split;
}

void writeSplit(const std::string& path, const Split& split) {
    writeNpz(path, {{"idx_train", indexArray(split.train)},
                    {"idx_val", indexArray(split.validation)},
                    {"idx_test", indexArray(split.test)}});
}

}  // namespace molspectra
