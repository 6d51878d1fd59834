// Molecules out of the golden geometries, with pairs listed once.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Cases.h"

#include "benchmarks/kernels/RandomWeights.h"
#include "core/Error.h"
#include "core/Files.h"
#include "platforms/cpu/kernels/PairList.h"

#include <nlohmann/json.hpp>

namespace molspectra {

namespace {

constexpr uint64_t seed = 1;

std::vector<native::HalfPair> pairsOf(const Molecule& molecule, double cutoff) {
    native::PairList list(cutoff, 0.0);
    const auto pairs = list.update(molecule.positions, std::nullopt);
    return {pairs.begin(), pairs.end()};
}

}  // namespace

Molecule readMolecule(const std::string& name) {
    const auto all = nlohmann::json::parse(readFile(GEOMETRIES));
    if (!all.contains(name)) {
        std::vector<std::string> names;
        for (const auto& [known, _] : all.items())
            names.push_back(known);
        fail("looking for a molecule: found no ", name, " in ", GEOMETRIES, ", expected one of ",
             join(names, ", "));
    }
    Molecule molecule{name, all[name]["numbers"], {}};
    for (const auto& position : all[name]["positions"])
        for (const double component : position)
            molecule.positions.push_back(component);
    return molecule;
}

Case::Case(const Molecule& molecule, const ModelConfig& config, const native::Options& options)
    : molecule_(molecule), pairs_(pairsOf(molecule, config.cutoff)),
      network_(config, randomWeights(config, seed), options),
      forces_(molecule.positions.size()) {}

double Case::evaluate(bool forces) {
    const std::span<double> wanted = forces ? std::span<double>(forces_) : std::span<double>();
    return network_.evaluate(molecule_.numbers, molecule_.positions, pairs_, wanted);
}

}  // namespace molspectra
