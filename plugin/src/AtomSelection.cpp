// Every message names the particle as the System counts it, not as the network does.
// SPDX-License-Identifier: MIT
#include "plugin/include/internal/AtomSelection.h"

#include "core/Elements.h"
#include "core/Text.h"

#include <openmm/OpenMMException.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace MolSpectraPlugin {

using molspectra::cat;

namespace {

std::string describeElement(int number) {
    if (number < 1 || number > molspectra::maxElement)
        return cat("atomic number ", number);
    return cat(molspectra::symbolOf(number), " (atomic number ", number, ")");
}

std::string listElements(const std::vector<int>& numbers) {
    std::vector<std::string> symbols;
    for (const int number : numbers)
        symbols.push_back(molspectra::symbolOf(number));
    return molspectra::join(symbols, ", ");
}

}  // namespace

AtomSelection::AtomSelection(const OpenMM::System& system, const MolSpectraForce& force,
                             const molspectra::ModelDescription& description)
    : forceName_(force.getName()), periodic_(force.usesPeriodicBoundaryConditions()),
      atomicNumbers_(force.getAtomicNumbers()) {
    takeParticles(system, force);
    checkCounts(force);
    checkElements(description.species, force.getModelName());
}

std::vector<std::pair<int, int>> AtomSelection::bonds() const {
    std::vector<std::pair<int, int>> chain;
    for (size_t i = 1; !periodic_ && i < size(); ++i)
        chain.emplace_back(particles_[i - 1], particles_[i]);
    return chain;
}

void AtomSelection::refuse(const std::string& text) const {
    const std::string name = forceName_ == "MolSpectraForce" ? "" : cat(" \"", forceName_, "\"");
    throw OpenMM::OpenMMException(cat("MolSpectraForce", name, ": ", text));
}

void AtomSelection::takeParticles(const OpenMM::System& system, const MolSpectraForce& force) {
    const int count = system.getNumParticles();
    particles_ = force.getParticles();
    if (particles_.empty()) {
        particles_.resize(static_cast<size_t>(count));
        std::iota(particles_.begin(), particles_.end(), 0);
    }
    std::vector<bool> taken(static_cast<size_t>(count), false);
    for (const int particle : particles_) {
        if (particle < 0 || particle >= count)
            refuse(cat("setParticles names particle ", particle, ", expected indices from 0 to ",
                       count - 1, " of the System's particles"));
        if (taken[static_cast<size_t>(particle)])
            refuse(cat("setParticles names particle ", particle,
                       " twice, expected each particle at most once"));
        taken[static_cast<size_t>(particle)] = true;
    }
}

void AtomSelection::checkCounts(const MolSpectraForce& force) const {
    const char* source = force.getParticles().empty() ? "particles of the System"
                                                      : "particles of setParticles";
    if (atomicNumbers_.empty())
        refuse(cat("no atomic numbers were given, expected one for each of the ", size(), " ",
                   source, "; call setAtomicNumbers"));
    if (atomicNumbers_.size() != size())
        refuse(cat(atomicNumbers_.size(), " atomic numbers were given, expected one for each of ",
                   "the ", size(), " ", source,
                   "; to act on some particles only, call setParticles"));
}

void AtomSelection::checkElements(const std::vector<int>& species,
                                  const std::string& modelName) const {
    for (size_t i = 0; i < size(); ++i)
        if (!std::ranges::binary_search(species, atomicNumbers_[i]))
            refuse(cat("particle ", particles_[i], " is ", describeElement(atomicNumbers_[i]),
                       ", but ", modelName, " was trained on ", listElements(species),
                       " only; use a model that knows the element"));
}

void AtomSelection::checkPositions(std::span<const double> positions) const {
    for (size_t i = 0; i < positions.size(); ++i)
        if (!(std::abs(positions[i]) < farthest))
            refuse(cat("the position of particle ", particles_[i / 3],
                       " is not finite or absurdly far away, expected less than ", farthest,
                       " angstrom; try a smaller time step or minimize the energy first"));
}

void AtomSelection::checkDistances(std::span<const double> positions,
                                   const molspectra::NeighborPairs& pairs) const {
    for (size_t p = 0; p < pairs.size(); ++p) {
        const auto i = static_cast<size_t>(pairs.receiver[p]);
        const auto j = static_cast<size_t>(pairs.sender[p]);
        double squared = 0.0;
        for (size_t d = 0; d < 3; ++d) {
            const double sender = positions[3 * j + d] + pairs.shift[3 * p + d];
            const double step = sender - positions[3 * i + d];
            squared += step * step;
        }
        if (squared < coincidence * coincidence)
            refuse(cat("particles ", particles_[i], " and ", particles_[j], " are ",
                       molspectra::toText(std::sqrt(squared)),
                       " angstrom apart, expected distinct positions; check the coordinates"));
    }
}

void AtomSelection::checkResult(double energy, std::span<const double> forces) const {
    for (size_t i = 0; i < forces.size(); ++i)
        if (!std::isfinite(forces[i]))
            refuse(cat("the model's force on particle ", particles_[i / 3],
                       " is not finite, expected numbers; the geometry may be far from anything "
                       "the model was trained on"));
    if (!std::isfinite(energy))
        refuse("the model's energy is not finite, expected a number; the geometry may be far from "
               "anything the model was trained on");
}

}  // namespace MolSpectraPlugin
