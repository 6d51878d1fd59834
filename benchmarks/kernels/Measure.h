// Repeats an evaluation and keeps its fastest and its median time, or the times of its stages.
// SPDX-License-Identifier: MIT
#pragma once

#include "benchmarks/kernels/Cases.h"
#include "benchmarks/kernels/Peak.h"

#include <vector>

namespace molspectra {

/// Milliseconds of one evaluation over many rounds.
struct Timing {
    double fastest = 0.0;
    double median = 0.0;
    long rounds = 0;
};

/// Repeats for about `seconds`, at least a few times.
Timing timeOf(Case& molecule, bool forces, double seconds);

/// Evaluates with forces for about `seconds` a network that was made with Options::profile, and
/// tries for the peak after every few rounds: a processor changes its clock within milliseconds,
/// and both shall have found it at its fastest.
/// @return the profile of one evaluation: for each call of a stage the shortest time of all rounds
std::vector<native::StageTime> stagesOf(Case& molecule, double seconds, Peak& peak);

/// The stages that are matrix products together, forward and adjoint, the whole network's.
/// @throws Error if one of them is not among the stages
native::StageTime productsOf(const std::vector<native::StageTime>& stages);

}  // namespace molspectra
