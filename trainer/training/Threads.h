// How many processor threads LibTorch uses.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace molspectra {

/// Sets the number of threads; 0 leaves the machine's default.
void setThreads(int64_t count);

/// The number in use.
int64_t threads();

}  // namespace molspectra
