// Repeats an evaluation and keeps its fastest and its median time.
// SPDX-License-Identifier: MIT
#pragma once

#include "benchmarks/kernels/Cases.h"

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

/// Evaluates with forces for about `seconds` a network that was made with Options::profile, after
/// some rounds that are not counted.
/// @return times, operations and calls of one evaluation, on average
std::vector<native::StageTime> stagesOf(Case& molecule, double seconds);

}  // namespace molspectra
