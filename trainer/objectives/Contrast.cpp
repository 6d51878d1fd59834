// The contrastive objective: a molecule's features point where those of its spectra do.
// SPDX-License-Identifier: MIT
#include "trainer/objectives/Contrast.h"

#include <ATen/ATen.h>

#include <cmath>

namespace molspectra {
namespace {

/// Molecules whose features vanish have no direction; dividing by this leaves them where they are.
constexpr double smallestLength = 1e-8;

at::Tensor direction(const at::Tensor& features) {
    return features / features.norm(2, {1}, true).clamp_min(smallestLength);
}

at::Tensor ownAmongRow(const at::Tensor& logits) {
    return (logits.logsumexp({1}) - logits.diagonal()).mean();
}

}  // namespace

at::Tensor alignment(const at::Tensor& molecules, const at::Tensor& spectra,
                     const at::Tensor& logScale) {
    // The limit is not for the gradient: a learned scale beyond it could never come back.
    const at::Tensor limited =
        logScale + (logScale.clamp_max(std::log(100.0)) - logScale).detach();
    return at::matmul(direction(molecules), direction(spectra).t()) * limited.exp();
}

at::Tensor contrastiveLoss(const at::Tensor& logits, bool symmetric) {
    const at::Tensor forward = ownAmongRow(logits);
    return symmetric ? 0.5 * (forward + ownAmongRow(logits.t())) : forward;
}

}  // namespace molspectra
