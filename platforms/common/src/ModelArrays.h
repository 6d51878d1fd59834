// The arrays on the device through which OpenMM's kernels and LibTorch share one evaluation.
// SPDX-License-Identifier: MIT
#pragma once

#include <openmm/common/ComputeArray.h>

namespace MolSpectraPlugin {

/// N atoms in the order of the AtomSelection, and C places for pairs. "Real" is the type of the
/// network's arithmetic, float or double.
///
/// Unused places hold pairs of one more atom, number N, with itself. It is a molecule of its own,
/// so that the first molecule's energy and its derivatives know nothing of it, whatever the model.
struct ModelArrays {
    int atoms = 0;                       ///< N
    int capacity = 0;                    ///< C
    bool doublePrecision = false;        ///< whether Real is double
    OpenMM::ComputeArray numbers;        ///< [N+1] int64, atomic numbers; never changes
    OpenMM::ComputeArray molecule;       ///< [N+1] int64, N times 0 and one 1; never changes
    OpenMM::ComputeArray positions;      ///< [N+1,3] Real, angstrom
    OpenMM::ComputeArray pairs;          ///< [2,C] int64, receivers, senders
    OpenMM::ComputeArray shifts;         ///< [C,3] Real, angstrom
    OpenMM::ComputeArray forces;         ///< [N,3] Real, model's energy unit/angstrom; a result
    OpenMM::ComputeArray energy;         ///< [1] Real, model's energy unit; a result
};

}  // namespace MolSpectraPlugin
