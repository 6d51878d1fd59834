// Brings positions and pairs from OpenMM's arrays into those of a network, on the device.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelArrays.h"
#include "plugin/include/internal/AtomSelection.h"

#include <openmm/common/ComputeContext.h>

#include <array>
#include <vector>

namespace MolSpectraPlugin {

/// What decides which pairs there are.
struct PairSettings {
    double cutoff = 0.0;           ///< angstrom
    bool periodic = false;         ///< whether images of the Context's box are seen
    bool doublePrecision = false;  ///< of the network's arithmetic
};

/// Every function is called with OpenMM's context current.
class ModelInputs {
public:
    ModelInputs(OpenMM::ComputeContext& context, const AtomSelection& atoms,
                const PairSettings& settings);
    ModelInputs(const ModelInputs&) = delete;
    ModelInputs& operator=(const ModelInputs&) = delete;

    /// Writes the Context's present positions and their pairs. Waits until the number of pairs is
    /// known, and makes more places when there are too few.
    /// @return false if the positions cannot be evaluated: not finite, too far, or coinciding, or
    ///         come of forces that were not finite
    bool write();

    /// Adds the network's forces to OpenMM's.
    /// @param scale  kJ/mol/nm for one of their unit
    void addForces(double scale);

    /// Forces that were refused are no longer looked at.
    void forgetForces();

    ModelArrays& arrays() { return arrays_; }

private:
    class Listener;
    using Box = std::array<OpenMM::Vec3, 3>;

    void makeArrays(const AtomSelection& atoms);
    void makeKernels();
    void followOrder();
    void gather();
    int listPairs();
    void setCapacity(int capacity);
    int placesFor(int pairs) const;
    void setPairArguments(OpenMM::ComputeKernel& kernel, int first, const Box& box) const;

    OpenMM::ComputeContext& context;
    PairSettings settings;
    std::vector<int> particles;          ///< [N]
    ModelArrays arrays_;
    bool reordered = true;               ///< whether `slots` is older than OpenMM's order of atoms
    std::vector<int> slots;              ///< [N], where OpenMM keeps each atom
    std::vector<OpenMM::mm_int4> images; ///< [N], how many boxes away it keeps it
    OpenMM::ComputeArray deviceSlots, deviceImages;
    OpenMM::ComputeArray counts;         ///< [N] int, pairs that an atom receives
    OpenMM::ComputeArray total;          ///< [1] int, pairs, or a mark
    OpenMM::ComputeKernel gatherKernel, countKernel, writeKernel, forceKernel;
    OpenMM::ComputeEvent counted;
};

}  // namespace MolSpectraPlugin
