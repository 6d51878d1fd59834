// Molecules of shards in a shuffled order, of which only a window is in memory.
// SPDX-License-Identifier: MIT
#include "trainer/data/MoleculeStream.h"

#include "core/Error.h"

#include <algorithm>

namespace molspectra {
namespace {

constexpr uint64_t validationPurpose = 3, filePurpose = 4, windowPurpose = 5;

bool hasSpectrum(const Molecule& molecule) {
    return std::any_of(molecule.spectra.begin(), molecule.spectra.end(),
                       [](const auto& spectrum) { return spectrum.has_value(); });
}

/// A copy of the molecule, which does not keep its whole shard in memory.
Draw alone(const Draw& draw) {
    return {std::make_shared<const Molecule>(*draw.molecule), draw.number, draw.file};
}

}  // namespace

MoleculeStream::MoleculeStream(const std::vector<std::string>& paths, const StreamOptions& options)
    : options_(options), files_(shardPaths(paths)) {
    for (const std::string& path : files_) {
        index_.push_back({shardSize(path), molecules_, {}});
        molecules_ += index_.back().size;
    }
    if (molecules_ < options_.validation + options_.batch)
        fail("reading ", join(paths, ", "), ": found ", molecules_, " molecules, expected at ",
             "least ", options_.validation + options_.batch, ": ", options_.validation,
             " to validate and a batch of ", options_.batch);
    holdBack();
}

/// Floyd's way to draw without a list of all.
void MoleculeStream::holdBack() {
    Random random = randomFor(options_.seed, validationPurpose, 0);
    std::set<int64_t> chosen;
    for (int64_t n = molecules_ - options_.validation; n < molecules_; n++) {
        const auto drawn = static_cast<int64_t>(random.below(static_cast<uint64_t>(n) + 1));
        chosen.insert(chosen.contains(drawn) ? n : drawn);
    }
    for (size_t file = 0; file < index_.size(); file++) {
        File& here = index_[file];
        const auto from = chosen.lower_bound(here.before);
        const auto to = chosen.lower_bound(here.before + here.size);
        if (from == to)
            continue;
        const std::shared_ptr<const Shard> shard = load(file);
        for (auto each = from; each != to; ++each) {
            here.heldBack.push_back(*each - here.before);
            validation_.push_back(alone(draw(shard, file, here.heldBack.back())));
        }
    }
}

std::shared_ptr<const Shard> MoleculeStream::load(size_t file) {
    auto shard = std::make_shared<const Shard>(files_[file]);
    if (static_cast<int64_t>(shard->size()) != index_[file].size)
        fail("reading ", files_[file], ": it has ", shard->size(), " molecules, expected the ",
             index_[file].size, " that it had at the start of the run");
    for (const Molecule& molecule : shard->molecules())
        elements_.insert(molecule.numbers.begin(), molecule.numbers.end());
    return shard;
}

Draw MoleculeStream::draw(const std::shared_ptr<const Shard>& shard, size_t file,
                          int64_t place) const {
    const auto epoch = static_cast<uint64_t>(std::max<int64_t>(epoch_, 0));
    return {{shard, &(*shard)[static_cast<size_t>(place)]},
            epoch * static_cast<uint64_t>(molecules_) +
                static_cast<uint64_t>(index_[file].before + place),
            files_[file]};
}

void MoleculeStream::startEpoch(int64_t epoch) {
    epoch_ = epoch;
    windows_.clear();
    order_.clear();
    int64_t start = 0;
    for (const int64_t number : randomFor(options_.seed, filePurpose, static_cast<uint64_t>(epoch))
                                    .permutation(static_cast<int64_t>(files_.size()))) {
        const auto file = static_cast<size_t>(number);
        if (windows_.empty() || windows_.back().count >= options_.window)
            windows_.push_back({{}, start, 0});
        windows_.back().files.push_back(file);
        windows_.back().count += index_[file].train();
        start += index_[file].train();
    }
}

void MoleculeStream::enter(size_t number) {
    const Window& window = windows_[number];
    std::erase_if(loaded_, [&](const auto& item) {
        return std::find(window.files.begin(), window.files.end(), item.first) ==
               window.files.end();
    });
    std::vector<size_t> files = window.files;
    std::sort(files.begin(), files.end());
    std::vector<Place> places;
    for (const size_t file : files) {
        if (!loaded_.contains(file))
            loaded_[file] = load(file);
        const std::vector<int64_t>& heldBack = index_[file].heldBack;
        for (int64_t place = 0; place < index_[file].size; place++)
            if (!std::binary_search(heldBack.begin(), heldBack.end(), place))
                places.emplace_back(file, place);
    }
    const auto stream = static_cast<uint64_t>(epoch_) << 24 | static_cast<uint64_t>(number);
    Random random = randomFor(options_.seed, windowPurpose, stream);
    order_.clear();
    for (const int64_t n : random.permutation(static_cast<int64_t>(places.size())))
        order_.push_back(places[static_cast<size_t>(n)]);
    if (options_.groupIsomers)
        groupIsomers(random);
    window_ = number;
}

/// Formulas in random order, each of them as its molecules were shuffled.
void MoleculeStream::groupIsomers(Random& random) {
    std::map<std::vector<int>, std::vector<Place>> byFormula;
    for (const auto& [file, place] : order_) {
        const Molecule molecule = (*loaded_.at(file))[static_cast<size_t>(place)];
        byFormula[formulaOf(molecule.numbers)].emplace_back(file, place);
    }
    std::vector<std::vector<Place>> groups;
    for (const auto& [formula, members] : byFormula)
        groups.push_back(members);
    order_.clear();
    for (const int64_t n : random.permutation(static_cast<int64_t>(groups.size()))) {
        const std::vector<Place>& members = groups[static_cast<size_t>(n)];
        order_.insert(order_.end(), members.begin(), members.end());
    }
}

std::vector<Draw> MoleculeStream::batch(int64_t step) {
    if (step / stepsPerEpoch() != epoch_)
        startEpoch(step / stepsPerEpoch());
    const int64_t start = (step % stepsPerEpoch()) * options_.batch;
    std::vector<Draw> draws;
    for (int64_t n = start; n < start + options_.batch; n++) {
        size_t number = order_.empty() || n < windows_[window_].start ? 0 : window_;
        while (n >= windows_[number].start + windows_[number].count)
            number++;
        if (order_.empty() || number != window_)
            enter(number);
        const auto [file, place] = order_[static_cast<size_t>(n - windows_[number].start)];
        draws.push_back(draw(loaded_.at(file), file, place));
    }
    return draws;
}

std::vector<Draw> MoleculeStream::withSpectra(size_t count) const {
    std::vector<Draw> draws;
    // As many of each file as of the others, unless those before have fewer: kinds and sizes of
    // molecules may differ between them.
    for (size_t file = 0; file < files_.size(); file++) {
        const size_t share = draws.size() + (count - draws.size()) / (files_.size() - file);
        const auto shard = std::make_shared<const Shard>(files_[file]);
        const std::vector<int64_t>& heldBack = index_[file].heldBack;
        for (int64_t place = 0; place < index_[file].size && draws.size() < share; place++)
            if (!std::binary_search(heldBack.begin(), heldBack.end(), place) &&
                hasSpectrum((*shard)[static_cast<size_t>(place)]))
                draws.push_back(alone(draw(shard, file, place)));
    }
    return draws;
}

}  // namespace molspectra
