// Numbers of a JCAMP-DX table: plain (AFFN), packed, squeezed, as differences and as repetitions.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace molspectra {

struct JcampLine {
    int64_t number = 0;  ///< in its file, from 1
    std::string text;    ///< without its comment
};

/// A table (X++(Y..Y)), before factors.
struct JcampOrdinates {
    /// What a line says of its place.
    struct Check {
        int64_t line = 0;
        double x = 0.0;
        double digit = 1.0;     ///< one in the last digit that is written of x
        size_t first = 0;       ///< number of the ordinate that x belongs to
        bool repeated = false;  ///< it is the last one of the line before, given again
    };

    std::vector<double> y;  ///< NaN where the instrument left a value out ("?")
    std::vector<Check> checks;
};

/// Decodes lines of an abscissa and ordinates. @param path  file named in errors
/// @throws Error naming the line: a character that belongs to no form, a difference or repetition
///         of nothing, or a last ordinate that the next line does not repeat
JcampOrdinates decodeOrdinates(const std::vector<JcampLine>& lines, const std::string& path);

/// Numbers of a table (XY..XY), all in a row. @throws Error naming the line
std::vector<double> decodeNumbers(const std::vector<JcampLine>& lines, const std::string& path);

}  // namespace molspectra
