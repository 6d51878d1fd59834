// Sums over neighbours of one layer, fused: what training spends its time on.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/MessageKernels.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>
#include <vector>

namespace molspectra {

/// Messages of a batch in rows: those of a row have one distance and with it one filter, as the two
/// between neighbours, or all of atoms to themselves.
struct MessageRows {
    std::vector<MessagePair> pairs;  ///< row by row
    std::vector<int64_t> starts{0};  ///< pairs before each row, the last entry is their number
    std::vector<int64_t> parts{0};   ///< rows before each part, the last entry is their number;
                                     ///< parts have no atoms in common: a thread takes one each
    int64_t heads = 1;
    bool smooth = true;              ///< the cutoff multiplies vector messages as well
};

/// What a layer's sums are made of; all are float32 in host memory.
struct MessageInputs {
    at::Tensor q;             ///< [N,F]
    at::Tensor kv;            ///< [N,4F]
    at::Tensor v;             ///< [N,3,F], undefined in the first layer
    at::Tensor filterWeight;  ///< [4F,K]
    at::Tensor filterBias;    ///< [4F]
    at::Tensor radial;        ///< of rows [R,K]
    at::Tensor phi;           ///< [R]
    at::Tensor direction;     ///< [R,3]
};

/// Equations (7)-(10) of model/README.md, where distances influence both keys and values: m [N,F]
/// and w [N,3,F]. They can be differentiated twice.
std::pair<at::Tensor, at::Tensor> sumMessages(const MessageInputs& inputs,
                                              std::shared_ptr<const MessageRows> rows);

}  // namespace molspectra
