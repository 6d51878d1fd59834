// The stages for what every processor of the architecture has.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Readout.h"

namespace molspectra::native {

const Stages<float> baselineFloat = stagesFor<float, 8>();
const Stages<double> baselineDouble = stagesFor<double, 8>();

}  // namespace molspectra::native
