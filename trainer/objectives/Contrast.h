// The contrastive objective: a molecule's features point where those of its spectra do.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace molspectra {

/// Logits [n,n] of molecule i having the spectra j: cosine times the inverse temperature.
///
/// @param molecules  features [n,F]
/// @param spectra    features [n,F]
/// @param logScale   logarithm of the inverse temperature []; above log 100 it counts as that
at::Tensor alignment(const at::Tensor& molecules, const at::Tensor& spectra,
                     const at::Tensor& logScale);

/// InfoNCE (van den Oord and others 2018), a mean over molecules []: each must find its own spectra
/// among all; with `symmetric` the mean of that and of spectra that must find their molecules.
at::Tensor contrastiveLoss(const at::Tensor& logits, bool symmetric);

}  // namespace molspectra
