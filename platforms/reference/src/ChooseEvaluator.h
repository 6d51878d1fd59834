// Which evaluator a Context gets: what the Force asks for, the platform's habit, and obstacles.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/MolSpectraForce.h"
#include "plugin/include/internal/AtomSelection.h"
#include "plugin/include/internal/Evaluator.h"

#include <memory>

namespace MolSpectraPlugin {

/// What a platform does where the Force leaves the choice to it.
struct PlatformHabit {
    bool native;           ///< whether "auto" evaluates natively where it can
    int nativeThreads;     ///< most threads of one native evaluation
    int torchThreads;      ///< most threads of one evaluation by LibTorch
};

/// Loads the model of a Force.
/// @throws OpenMMException if the model cannot be used, or not natively though the Force asks for
///         it
std::unique_ptr<Evaluator> chooseEvaluator(const MolSpectraForce& force, const AtomSelection& atoms,
                                           const PlatformHabit& habit);

}  // namespace MolSpectraPlugin
