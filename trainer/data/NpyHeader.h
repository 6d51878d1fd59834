// The header of a NumPy array: type, order and shape of the numbers that follow it.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace molspectra {

struct NpyHeader {
    std::string dtype;  ///< as in the file, "<f8"
    bool fortranOrder = false;
    std::vector<size_t> shape;
    size_t size = 0;    ///< bytes before the numbers
};

/// Reads the header of an array. @param where  opens the text of errors
/// @throws Error for a damaged header, an unknown version or a type that is no plain number
NpyHeader readNpyHeader(std::string_view content, const std::string& where);

/// A header of version 1, padded so that the numbers are aligned.
std::string npyHeader(const std::string& dtype, const std::vector<size_t>& shape);

}  // namespace molspectra
