// The molecules that native kernels are measured with, and evaluations of them.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Network.h"

#include <string>
#include <vector>

namespace molspectra {

struct Molecule {
    std::string name;
    std::vector<int> numbers;       ///< atomic numbers [N]
    std::vector<double> positions;  ///< [N,3], angstrom
};

/// One of tests/golden/geometries.json. @throws Error for a name that is not there
Molecule readMolecule(const std::string& name);

/// A network with random weights and one molecule.
class Case {
public:
    Case(const Molecule& molecule, const ModelConfig& config, const native::Options& options);

    /// One evaluation. @return the energy, so that nothing can be left out
    double evaluate(bool forces);

    native::Network& network() { return network_; }
    size_t pairs() const { return pairs_.size(); }

private:
    Molecule molecule_;
    std::vector<native::HalfPair> pairs_;
    native::Network network_;
    std::vector<double> forces_;
};

}  // namespace molspectra
