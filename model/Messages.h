// Sums over neighbours of one layer, fused: what training by first derivatives spends its time on.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

namespace molspectra {

/// Neighbour pairs of a batch, sorted by receiver, every atom's pair with itself among them.
struct MessagePairs {
    at::Tensor receiver, sender;  ///< [P], int64
    at::Tensor radial;            ///< [P,K]
    at::Tensor phi;               ///< [P]
    at::Tensor direction;         ///< [P,3]
    std::vector<int64_t> parts;   ///< pairs before each part, the last entry is P; atoms of
                                  ///< different parts are no neighbours: a thread takes one each
    int64_t heads = 1;
    bool smooth = true;           ///< the cutoff multiplies vector messages as well
};

/// Equations (7)-(10) of model/README.md: m [N,F] and w [N,3,F]. Gradients go to the weights and to
/// what other atoms know, not to positions; they cannot be differentiated again.
///
/// @param q   [N,F]
/// @param kv  [N,4F]
/// @param v   [N,3,F], undefined in the first layer
/// All are float32 in host memory; distances influence both keys and values.
std::pair<at::Tensor, at::Tensor> sumMessages(const at::Tensor& q, const at::Tensor& kv,
                                              const at::Tensor& v, const at::Tensor& filterWeight,
                                              const at::Tensor& filterBias,
                                              std::shared_ptr<const MessagePairs> pairs);

}  // namespace molspectra
