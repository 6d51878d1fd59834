// Labelled molecules ready for the network: pairs found once, offsets removed, joined to batches.
// SPDX-License-Identifier: MIT
#include "trainer/training/Batch.h"

#include "core/Error.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>
#include <set>

namespace molspectra {
namespace {

/// Least-squares energy of each element; the shortest solution where counts are proportional.
std::map<int, double> elementEnergies(std::span<const Frame* const> frames,
                                      const std::vector<double>& energies) {
    std::set<int> species;
    for (const Frame* frame : frames)
        species.insert(frame->numbers.begin(), frame->numbers.end());
    const std::vector<int> elements(species.begin(), species.end());
    const auto rows = static_cast<int64_t>(frames.size());
    const auto columns = static_cast<int64_t>(elements.size());
    at::Tensor counts = at::zeros({rows, columns}, at::kDouble);
    at::Tensor labels = at::empty({rows, 1}, at::kDouble);
    auto count = counts.accessor<double, 2>();
    auto label = labels.accessor<double, 2>();
    for (int64_t row = 0; row < rows; row++) {
        label[row][0] = energies[static_cast<size_t>(row)];
        for (const int z : frames[static_cast<size_t>(row)]->numbers)
            count[row][std::lower_bound(elements.begin(), elements.end(), z) - elements.begin()]++;
    }
    const at::Tensor solution =
        std::get<0>(at::linalg_lstsq(counts, labels, std::nullopt, "gelsd")).contiguous();
    std::map<int, double> table;
    for (int64_t column = 0; column < columns; column++)
        table[elements[static_cast<size_t>(column)]] = solution[column][0].item<double>();
    return table;
}

double standardDeviation(const std::vector<double>& values) {
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double sum = 0.0;
    for (const double value : values)
        sum += (value - mean) * (value - mean);
    return std::sqrt(sum / count);
}

/// Two atoms at one place have no direction to each other, and every sum over them is no number.
void refuseAtomsAtOnePlace(const MoleculeGraph& graph, size_t frame, size_t frames) {
    const auto apart = [&](size_t pair, size_t axis) {
        const auto i = static_cast<size_t>(graph.pairs.receiver[pair]);
        const auto j = static_cast<size_t>(graph.pairs.sender[pair]);
        return graph.positions[3 * j + axis] + graph.pairs.shift[3 * pair + axis] !=
               graph.positions[3 * i + axis];
    };
    for (size_t pair = 0; pair < graph.pairs.size(); pair++)
        if (!apart(pair, 0) && !apart(pair, 1) && !apart(pair, 2))
            fail("preparing frame ", frame, " (counted from 0) of ", frames, ": found atoms ",
                 graph.pairs.receiver[pair], " and ", graph.pairs.sender[pair],
                 " at the same place, expected a distance between them");
}

}  // namespace

std::vector<Sample> makeSamples(std::span<const Frame* const> frames, double cutoff,
                                const EnergyOffset& offset) {
    std::vector<Sample> samples;
    samples.reserve(frames.size());
    for (const Frame* frame : frames) {
        samples.push_back({moleculeGraph(frame->numbers, frame->positions, cutoff, frame->cell),
                           frame->energy - offset.of(frame->numbers), frame->forces});
        refuseAtomsAtOnePlace(samples.back().graph, samples.size() - 1, frames.size());
    }
    return samples;
}

Batch makeBatch(const std::vector<Sample>& samples, std::span<const int64_t> numbers,
                at::ScalarType type, c10::Device device) {
    std::vector<const MoleculeGraph*> graphs;
    std::vector<double> energies, forces;
    for (const int64_t number : numbers) {
        const Sample& sample = samples[static_cast<size_t>(number)];
        graphs.push_back(&sample.graph);
        energies.push_back(sample.energy);
        forces.insert(forces.end(), sample.forces.begin(), sample.forces.end());
    }
    const at::Tensor energy = at::tensor(energies, at::kDouble).to(type);
    const at::Tensor force = at::tensor(forces, at::kDouble).view({-1, 3}).to(type);
    return {joinGraphs(graphs, type).on(device), toDevice(energy, device),
            toDevice(force, device)};
}

Standardization standardize(std::span<const Frame* const> frames, bool singleMolecule,
                            std::span<const double> predicted) {
    std::vector<double> energies;
    for (size_t n = 0; n < frames.size(); n++)
        energies.push_back(frames[n]->energy - (predicted.empty() ? 0.0 : predicted[n]));
    Standardization result;
    if (singleMolecule)
        result.offset.perMolecule = std::accumulate(energies.begin(), energies.end(), 0.0) /
                                    static_cast<double>(energies.size());
    else
        result.offset.perElement = elementEnergies(frames, energies);
    for (size_t n = 0; n < frames.size(); n++)
        energies[n] -= result.offset.of(frames[n]->numbers);
    // Energies that the offset fits exactly leave only rounding errors, no scale to learn with.
    const double deviation = standardDeviation(energies);
    result.scale = deviation > 1e-6 ? deviation : 1.0;
    return result;
}

}  // namespace molspectra
