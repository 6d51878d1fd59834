// Numbers of every step, summed on the device until somebody asks for them.
// SPDX-License-Identifier: MIT
#include "trainer/training/StepSums.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

namespace molspectra {

void StepSums::add(const std::vector<at::Tensor>& numbers) {
    const at::NoGradGuard noGradients;
    last_ = at::stack(numbers).to(at::kDouble);
    sums_ = steps_ == 0 ? last_ : sums_ + last_;
    steps_++;
}

StepSums::Taken StepSums::take() {
    if (steps_ == 0)
        return {};
    const at::Tensor both = at::cat({sums_, last_}).cpu();
    const double* values = both.const_data_ptr<double>();
    const int64_t count = last_.numel();
    return {std::exchange(steps_, 0), {values, values + count},
            {values + count, values + 2 * count}};
}

}  // namespace molspectra
