// A device for tests: memory that only LibTorch's operations can reach, as a graphics card's.
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace molspectra {

/// The device. Operations run on the processor, with the same results, but refuse what a graphics
/// card refuses: tensors of the host (but for single numbers) beside its own. Its addresses are
/// none of the host's, so that whoever reads them directly ends the program. LibTorch uses one such
/// device in a process: from the first call on, no graphics card.
c10::Device otherDevice();

/// How many tensors and single numbers have been read back from the device so far.
int64_t readsOfOtherDevice();

}  // namespace molspectra
