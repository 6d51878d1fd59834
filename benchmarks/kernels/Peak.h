// What the processor can do at best: multiplications and additions of registers, nothing else.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Network.h"
#include "platforms/cpu/kernels/Threads.h"

namespace molspectra {

/// Operations a second in single precision of all threads together. A fused multiplication and
/// addition counts as two, as it does in StageTime.
class Peak {
public:
    /// The set must be supported.
    Peak(native::InstructionSet set, int threads);

    /// Works for some milliseconds.
    void tryAgain();

    /// The best of all tries so far, in 1e9.
    double gflops() const { return best_; }

private:
    double (*loop_)();
    native::Team team_;
    double best_ = 0.0;
};

}  // namespace molspectra
