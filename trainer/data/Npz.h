// NumPy archives: reading arrays of numbers from .npz files, and writing stored ones.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Zip.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace molspectra {

/// A numeric array in C order, converted to double or 64-bit integers on reading.
struct NpyArray {
    std::vector<size_t> shape;  ///< empty for a scalar
    std::string dtype;          ///< as in the file, "<f8"
    std::vector<double> values; ///< of any numeric dtype

    size_t size() const { return values.size(); }
    /// "[2000, 9, 3]", for messages
    std::string shapeText() const;
};

/// The arrays of an .npz file (numpy 1 and 2, stored or deflated; f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 and
/// bool; Fortran order is transposed; text arrays are listed but not read).
class NpzFile {
public:
    /// @throws Error naming the file if it is missing, truncated or not an NPZ archive
    explicit NpzFile(const std::string& path);
    explicit NpzFile(ZipArchive archive) : archive_(std::move(archive)) {}

    const std::string& path() const { return archive_.path(); }
    /// Names of all arrays, without ".npy".
    std::vector<std::string> keys() const;
    bool contains(const std::string& key) const;
    /// @throws Error naming file and key: missing (present ones are listed), unknown dtype, or a
    ///         header that contradicts the data
    NpyArray read(const std::string& key) const;

private:
    ZipArchive archive_;
};

/// Writes arrays of doubles, or of integers where `dtype` is "<i8" or "|u1", uncompressed.
/// @throws Error naming the file
void writeNpz(const std::string& path, const std::map<std::string, NpyArray>& arrays);

}  // namespace molspectra
