// What the processor can do at best: multiplications and additions of registers, nothing else.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Network.h"

namespace molspectra {

/// Operations a second in single precision, in 1e9, of all threads together: the best of some
/// tries. A fused multiplication and addition counts as two, as it does in StageTime.
/// The set must be supported.
double peakGflops(native::InstructionSet set, int threads);

}  // namespace molspectra
