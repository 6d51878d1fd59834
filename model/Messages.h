// Sums over neighbours of one layer, fused: what training spends its time on.
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
    std::vector<int64_t> parts;   ///< pairs before each part, the last entry is P; atoms of
                                  ///< different parts are no neighbours: a thread takes one each
    int64_t heads = 1;
    bool smooth = true;           ///< the cutoff multiplies vector messages as well
};

/// What a layer's sums are made of; all are float32 in host memory.
struct MessageInputs {
    at::Tensor q;             ///< [N,F]
    at::Tensor kv;            ///< [N,4F]
    at::Tensor v;             ///< [N,3,F], undefined in the first layer
    at::Tensor filterWeight;  ///< [4F,K]
    at::Tensor filterBias;    ///< [4F]
    at::Tensor radial;        ///< [P,K]
    at::Tensor phi;           ///< [P]
    at::Tensor direction;     ///< [P,3]
};

/// Equations (7)-(10) of model/README.md, where distances influence both keys and values: m [N,F]
/// and w [N,3,F]. They can be differentiated twice.
std::pair<at::Tensor, at::Tensor> sumMessages(const MessageInputs& inputs,
                                              std::shared_ptr<const MessagePairs> pairs);

}  // namespace molspectra
