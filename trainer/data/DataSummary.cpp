// Plain counting.
// SPDX-License-Identifier: MIT
#include "trainer/data/DataSummary.h"

#include <algorithm>
#include <set>

namespace molspectra {

namespace {

void count(const Spectrum& spectrum, SpectrumSummary& summary) {
    if (!spectrum.sticks) {
        summary.curves++;
        if (std::find(summary.grids.begin(), summary.grids.end(), spectrum.grid) ==
            summary.grids.end())
            summary.grids.push_back(spectrum.grid);
        return;
    }
    for (const float position : spectrum.positions) {
        summary.lowest = std::min(summary.lowest, double(position));
        summary.highest = std::max(summary.highest, double(position));
    }
    summary.sticks++;
}

}  // namespace

uint64_t shortKey(const Molecule& molecule) {
    const std::string key = moleculeKey(molecule.numbers, molecule.positions);
    return std::stoull(key.substr(0, 16), nullptr, 16);
}

void DataSummary::add(const Molecule& molecule, uint64_t key) {
    const auto size = int64_t(molecule.numbers.size());
    fewest = molecules == 0 ? size : std::min(fewest, size);
    most = std::max(most, size);
    molecules++;
    atoms += size;
    duplicates += keys_.insert(key).second ? 0 : 1;
    for (const int number : std::set<int>(molecule.numbers.begin(), molecule.numbers.end()))
        elements[number]++;
    for (size_t kind = 0; kind < spectra.size(); kind++)
        if (molecule.spectra[kind])
            count(*molecule.spectra[kind], spectra[kind]);
}

}  // namespace molspectra
