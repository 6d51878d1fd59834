// Beside the kernels only what costs little: a small molecule's evaluation takes some 100 us.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/src/NativeModel.h"

#include "core/Text.h"

#include <algorithm>

namespace MolSpectraPlugin {

using molspectra::cat;
namespace native = molspectra::native;

namespace {

native::Options optionsFor(const molspectra::ModelDescription& description, size_t atoms,
                           int threads) {
    const size_t features = atoms * static_cast<size_t>(description.config.channels);
    const size_t useful = std::max<size_t>(1, features / NativeModel::featuresPerThread);
    native::Options options;
    options.doublePrecision = description.dtype == "float64" || description.config.whitens();
    options.instructions = native::bestInstructionSet();
    options.threads = static_cast<int>(std::min(useful, static_cast<size_t>(threads)));
    return options;
}

double squaredDistance(std::span<const double> positions, const native::HalfPair& pair) {
    const double* from = &positions[3 * static_cast<size_t>(pair.i)];
    const double* to = &positions[3 * static_cast<size_t>(pair.j)];
    double squared = 0.0;
    for (size_t d = 0; d < 3; ++d) {
        const double step = to[d] + pair.shift[d] - from[d];
        squared += step * step;
    }
    return squared;
}

}  // namespace

std::string nativeObstacle(const molspectra::ModelConfig& config,
                           const molspectra::Tensors& tensors) {
    const std::string difference = molspectra::differenceFrom(config, tensors);
    if (!difference.empty())
        return cat("it is not the network of its configuration: ", difference);
    return native::obstacle(config);
}

NativeModel::NativeModel(const molspectra::ModelDescription& description,
                         const molspectra::Tensors& tensors, const AtomSelection& atoms,
                         int threads)
    : atoms_(atoms), cutoff_(description.config.cutoff),
      options_(optionsFor(description, atoms.size(), threads)),
      pairs_(cutoff_, skin),
      network_(description.config, tensors, options_) {}

double NativeModel::evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                             const std::optional<molspectra::Cell>& cell,
                             std::span<double> forces) {
    const auto pairs = pairs_.update(positions, cell);
    checkDistances(positions, cell, pairs);
    return network_.evaluate(atomicNumbers, positions, pairs, forces);
}

/// The smallest distance is found on the way; only a bad one is worth the words.
void NativeModel::checkDistances(std::span<const double> positions,
                                 const std::optional<molspectra::Cell>& cell,
                                 std::span<const native::HalfPair> pairs) const {
    constexpr double smallest = AtomSelection::coincidence * AtomSelection::coincidence;
    const bool bad = std::ranges::any_of(pairs, [&](const native::HalfPair& pair) {
        return squaredDistance(positions, pair) < smallest;
    });
    if (bad)
        atoms_.checkDistances(positions, molspectra::findPairs(positions, cutoff_, cell));
}

std::string NativeModel::describe() const {
    const int threads = network_.threads();
    return cat("native: ", nameOf(network_.instructions()), ", ", threads,
               threads == 1 ? " thread, " : " threads, ",
               options_.doublePrecision ? "double" : "single", " precision");
}

}  // namespace MolSpectraPlugin
