// The stages for AVX-512.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Readout.h"

namespace molspectra::native {

const Stages<float> avx512Float = stagesFor<float, 16>();
const Stages<double> avx512Double = stagesFor<double, 8>();

}  // namespace molspectra::native
