// Numbers of every step, summed on the device until somebody asks for them.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace molspectra {

/// Asking a graphics card for a number makes the host wait until all its work is done, so the
/// numbers of a step stay there, in double precision.
class StepSums {
public:
    /// What the steps since the last call of take() came to.
    struct Taken {
        int64_t steps = 0;
        std::vector<double> sums;
        std::vector<double> last;  ///< numbers of the last step alone
    };

    /// Adds the numbers of one step, each [], all on one device; does not wait for it.
    void add(const std::vector<at::Tensor>& numbers);

    /// Waits for the device. Both lists are empty if there was no step.
    Taken take();

private:
    at::Tensor sums_, last_;
    int64_t steps_ = 0;
};

}  // namespace molspectra
