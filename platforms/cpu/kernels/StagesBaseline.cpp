// The stages for what every processor of the architecture has.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Readout.h"

namespace molspectra::native {

const Stages<float> baselineFloat = stagesFor<float, 4>();
const Stages<double> baselineDouble = stagesFor<double, 2>();

}  // namespace molspectra::native
