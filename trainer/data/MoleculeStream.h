// Molecules of shards in a shuffled order, of which only a window is in memory.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Random.h"
#include "trainer/data/Shard.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace molspectra {

struct StreamOptions {
    int64_t batch = 70;         ///< molecules of a step, those of all processes
    int64_t validation = 100;   ///< molecules held back, drawn by the seed
    int64_t window = 16384;     ///< molecules that are in memory and shuffled together, about
    uint64_t seed = 1;
    bool groupIsomers = false;  ///< molecules of one formula come one after the other
};

/// One molecule of a batch. Its number is the same wherever it stands in the order, and another in
/// every epoch: what noise is drawn by.
struct Draw {
    std::shared_ptr<const Molecule> molecule;
    uint64_t number = 0;
    std::string file{};  ///< that it is from, for messages
};

/// Each epoch puts the shards in a new order and cuts them into windows, whose molecules are
/// shuffled, or whose formulas are. What fills no last batch is left out until the next epoch. The
/// order depends on seed and files alone, so that a stopped run can go on at any step.
class MoleculeStream {
public:
    /// @param paths  shards, or folders of them
    /// @throws Error naming a file, or if there are fewer molecules than validation and one batch
    ///         need
    MoleculeStream(const std::vector<std::string>& paths, const StreamOptions& options);

    int64_t molecules() const { return molecules_; }
    const StreamOptions& options() const { return options_; }
    int64_t stepsPerEpoch() const { return (molecules_ - options_.validation) / options_.batch; }
    const std::vector<std::string>& files() const { return files_; }
    const std::vector<Draw>& validation() const { return validation_; }

    /// The molecules of a step. Steps in ascending order are the fast ones. @throws Error as Shard
    std::vector<Draw> batch(int64_t step);

    /// The first molecules of each file that are not held back and have spectra, about equally many
    /// and at most `count` together.
    std::vector<Draw> withSpectra(size_t count) const;

    /// Elements of all molecules that were read so far.
    const std::set<int>& elements() const { return elements_; }

private:
    struct File {
        int64_t size = 0, before = 0;        ///< molecules in it and in the files before it
        std::vector<int64_t> heldBack;       ///< places in it, ascending
        int64_t train() const { return size - static_cast<int64_t>(heldBack.size()); }
    };
    using Place = std::pair<size_t, int64_t>;  ///< a file, and a place in it
    struct Window {
        std::vector<size_t> files;
        int64_t start = 0, count = 0;  ///< places in the epoch's order
    };

    void holdBack();
    void startEpoch(int64_t epoch);
    void enter(size_t window);
    void groupIsomers(Random& random);
    std::shared_ptr<const Shard> load(size_t file);
    Draw draw(const std::shared_ptr<const Shard>& shard, size_t file, int64_t place) const;

    StreamOptions options_;
    std::vector<std::string> files_;
    std::vector<File> index_;
    int64_t molecules_ = 0;
    std::vector<Draw> validation_;
    std::set<int> elements_;

    int64_t epoch_ = -1;
    std::vector<Window> windows_;
    size_t window_ = 0;
    std::map<size_t, std::shared_ptr<const Shard>> loaded_;
    std::vector<Place> order_;  ///< of the present window
};

}  // namespace molspectra
