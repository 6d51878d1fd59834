// The fine-tuning objective: deviations of energies and forces from their labels.
// SPDX-License-Identifier: MIT
#include "trainer/objectives/EnergyForces.h"

#include <ATen/ATen.h>

namespace molspectra {
namespace {

at::Tensor deviation(const at::Tensor& predicted, const at::Tensor& labels,
                     const std::string& loss) {
    if (loss == "smooth-l1")
        return at::smooth_l1_loss(predicted, labels);
    if (loss == "squared")
        return at::mse_loss(predicted, labels);
    if (predicted.dim() == 1)
        return (predicted - labels).abs().mean();
    // Far below any label's noise, it keeps the gradient finite at a perfect prediction.
    constexpr double softening = 1e-12;
    return ((predicted - labels).square().sum(1) + softening).sqrt().mean();
}

}  // namespace

EnergyForcesLoss energyForcesLoss(const EnergyForces& predicted, const at::Tensor& energyLabels,
                                  const at::Tensor& forceLabels,
                                  const EnergyForcesOptions& options) {
    const at::Tensor energy = deviation(predicted.energy, energyLabels, options.loss);
    const at::Tensor forces = deviation(predicted.forces, forceLabels, options.loss);
    const double scale = options.energyGradientScale;
    const at::Tensor scaled = scale * energy + (1.0 - scale) * energy.detach();
    return {options.energyWeight * scaled + options.forcesWeight * forces, energy.detach(),
            forces.detach()};
}

}  // namespace molspectra
