// The reconstruction objective: what the SpecFormer says of the patches it could not see.
// SPDX-License-Identifier: MIT
#include "trainer/objectives/MaskedPatches.h"

#include <ATen/ATen.h>

namespace molspectra {

at::Tensor maskedPatchError(const at::Tensor& predicted, const at::Tensor& clean,
                            const at::Tensor& masked) {
    return ((predicted - clean).square().mean(2) * masked).sum();
}

}  // namespace molspectra
