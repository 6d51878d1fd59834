// The reconstruction objective: what the SpecFormer says of the patches it could not see.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

namespace molspectra {

/// Sum over the masked patches of one kind of their mean squared deviation [].
///
/// @param predicted  [B,T,P]
/// @param clean      patches of the whole curves [B,T,P]
/// @param masked     [B,T], bool
at::Tensor maskedPatchError(const at::Tensor& predicted, const at::Tensor& clean,
                            const at::Tensor& masked);

}  // namespace molspectra
