// What a data set holds, counted molecule by molecule.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <limits>
#include <map>
#include <unordered_set>
#include <vector>

namespace molspectra {

/// A molecule's key in 64 bits, enough to tell millions apart.
uint64_t shortKey(const Molecule& molecule);

struct SpectrumSummary {
    int64_t sticks = 0;  ///< molecules with lines
    int64_t curves = 0;  ///< molecules with a curve
    std::vector<SpectrumGrid> grids;  ///< of the curves, each once
    /// Of the positions of lines, eV for UV, else 1/cm; the other way round where there are none.
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -std::numeric_limits<double>::infinity();
};

class DataSummary {
public:
    /// @param key  as shortKey has it
    void add(const Molecule& molecule, uint64_t key);
    /// Whether a molecule of this key was added.
    bool contains(uint64_t key) const { return keys_.contains(key); }

    int64_t molecules = 0;
    int64_t duplicates = 0;          ///< molecules whose key was there before
    int64_t atoms = 0;
    int64_t fewest = 0, most = 0;    ///< atoms of a molecule
    std::map<int, int64_t> elements; ///< molecules that have each
    std::array<SpectrumSummary, 3> spectra;  ///< by SpectrumKind

private:
    std::unordered_set<uint64_t> keys_;
};

}  // namespace molspectra
