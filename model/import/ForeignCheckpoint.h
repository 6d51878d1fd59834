// A checkpoint of another program: its tensors by one name for all versions, and its options.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/TorchArchive.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace molspectra {

struct ForeignTensor {
    std::string name;  ///< as the checkpoint has it
    StoredTensor stored;
};

/// A Lightning checkpoint, or a bare dictionary of tensors.
class ForeignCheckpoint {
public:
    /// @throws Error naming the file, and the tensor that is none or is there under two names
    explicit ForeignCheckpoint(const std::string& path);

    const std::string& path() const { return archive_.path(); }

    /// By canonicalName.
    const std::map<std::string, ForeignTensor>& tensors() const { return tensors_; }

    /// The values of a tensor of tensors(). @throws Error naming it if one is not finite
    Tensor read(const ForeignTensor& tensor) const;

    bool isZero(const ForeignTensor& tensor) const;

    /// @throws Error if there are none
    nlohmann::json hyperParameters() const;

    /// What stands beside the tensors under this key, or null.
    nlohmann::json remark(const std::string& key) const;

private:
    TorchArchive archive_;
    std::map<std::string, ForeignTensor> tensors_;
};

}  // namespace molspectra
