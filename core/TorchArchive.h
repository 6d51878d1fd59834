// Files of torch.save without LibTorch: a zip archive of one pickle and the tensors it refers to.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Pickle.h"
#include "core/Tensors.h"
#include "core/Zip.h"

#include <optional>
#include <string>
#include <vector>

namespace molspectra {

/// A tensor as the pickle describes it: a view into a storage, which others may share.
struct StoredTensor {
    std::string dtype;             ///< "float32", "float64", "float16", "bfloat16", "int64", ...
    std::string storage;           ///< its member in the archive
    int64_t offset = 0;            ///< first element
    std::vector<int64_t> shape;
    std::vector<int64_t> strides;  ///< elements
};

class TorchArchive {
public:
    /// @throws Error naming the file if it is missing, truncated, of the old format that is no zip
    ///         archive, TorchScript, or big-endian
    explicit TorchArchive(const std::string& path);

    const std::string& path() const { return zip_.path(); }
    /// What torch.load would have returned.
    const PickleValue& root() const { return pickle_.root(); }

    /// The tensor that a value is. @throws Error naming `name` if it is something else
    StoredTensor tensor(const PickleValue& value, const std::string& name) const;

    /// The values in row-major order; integers and halves become doubles exactly.
    /// @throws Error naming `name` if it reaches beyond its storage
    Tensor read(const StoredTensor& tensor, const std::string& name) const;

private:
    ZipArchive zip_;
    std::string folder_;  // of all members, with its slash
    Pickle pickle_;
};

/// Sizes in brackets, "[3,128]".
std::string shapeText(const std::vector<int64_t>& shape);

}  // namespace molspectra
