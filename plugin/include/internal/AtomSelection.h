// The atoms a MolSpectraForce acts on, and the checks whose messages name particles.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "core/Neighbors.h"
#include "plugin/include/MolSpectraForce.h"

#include <openmm/System.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace MolSpectraPlugin {

/// Particle index and element of each of the N atoms, as validated against System and model.
class MOLSPECTRA_EXPORT AtomSelection {
public:
    /// Distance below which two atoms count as coinciding, angstrom.
    static constexpr double coincidence = 1e-4;
    /// Coordinates beyond this have exploded, angstrom.
    static constexpr double farthest = 1e6;

    /// @throws OpenMMException if atomic numbers are missing or not as many as the atoms, an index
    ///         is outside the System or given twice, or the model does not know an element
    AtomSelection(const OpenMM::System& system, const MolSpectraForce& force,
                  const molspectra::ModelDescription& description);

    const std::vector<int>& particles() const { return particles_; }
    const std::vector<int>& atomicNumbers() const { return atomicNumbers_; }
    size_t size() const { return particles_.size(); }

    /// Pairs of particles that keep together what is one body: a chain through all atoms, which are
    /// taken where they are, or none where their periodic images are seen and any will do.
    std::vector<std::pair<int, int>> bonds() const;

    /// @param positions  [N,3]
    /// @throws OpenMMException naming the first particle whose position is not finite
    void checkPositions(std::span<const double> positions) const;

    /// @param positions  [N,3], angstrom
    /// @throws OpenMMException naming two particles that coincide, for which no force exists
    void checkDistances(std::span<const double> positions,
                        const molspectra::NeighborPairs& pairs) const;

    /// @param forces  [N,3], or empty if only the energy was asked for
    /// @throws OpenMMException naming the first particle whose force is not finite, or the energy
    void checkResult(double energy, std::span<const double> forces) const;

private:
    [[noreturn]] void refuse(const std::string& text) const;
    void takeParticles(const OpenMM::System& system, const MolSpectraForce& force);
    void checkCounts(const MolSpectraForce& force) const;
    void checkElements(const std::vector<int>& species, const std::string& modelName) const;

    std::string forceName_;
    bool periodic_;
    std::vector<int> particles_;
    std::vector<int> atomicNumbers_;
};

}  // namespace MolSpectraPlugin
