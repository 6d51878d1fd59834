// The stages for AVX2 with fused multiply-add.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Readout.h"

namespace molspectra::native {

const Stages<float> avx2Float = stagesFor<float, 8>();
const Stages<double> avx2Double = stagesFor<double, 4>();

}  // namespace molspectra::native
