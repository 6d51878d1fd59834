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

/// "[2000, 9, 3]", for messages
std::string shapeText(const std::vector<size_t>& shape);

/// A numeric array in C order, its numbers converted to T on reading.
template <class T>
struct NumPyArray {
    std::vector<size_t> shape;  ///< empty for a scalar
    std::string dtype;          ///< as in the file, "<f8"
    std::vector<T> values;      ///< of any numeric dtype

    size_t size() const { return values.size(); }
    std::string shapeText() const { return molspectra::shapeText(shape); }
};

using NpyArray = NumPyArray<double>;
using NpyFloats = NumPyArray<float>;

/// The arrays of an .npz file (numpy 1 and 2, stored or deflated; f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8
/// and bool; Fortran order is transposed; single texts).
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
    /// The same in half the memory. @throws Error as read
    NpyFloats readFloats(const std::string& key) const;
    /// A single text, as UTF-8. @throws Error as read, or if it is no text
    std::string readText(const std::string& key) const;

private:
    template <class T>
    NumPyArray<T> readAs(const std::string& key) const;

    ZipArchive archive_;
};

/// Writes arrays of doubles, or of integers where `dtype` is "<i8" or "|u1", and of single
/// precision, uncompressed. @throws Error naming the file
void writeNpz(const std::string& path, const std::map<std::string, NpyArray>& arrays,
              const std::map<std::string, NpyFloats>& floats = {});

}  // namespace molspectra
