// How many processor threads LibTorch uses, and how they calculate.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace molspectra {

/// Sets the number of threads; 0 leaves the machine's default.
void setThreads(int64_t count);

/// The number in use.
int64_t threads();

/// Counts denormal numbers (below 1e-38 in single precision) as zero, on this thread and on those
/// that it starts later. Radial functions of distant atoms, and their products with slopes, are
/// such numbers, and Intel's processors multiply them a hundred times slower than others.
/// @return false if the processor cannot
bool flushDenormals();

}  // namespace molspectra
