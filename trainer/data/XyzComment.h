// The comment line of extended XYZ, and words and numbers of any of its lines.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/TextLines.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace molspectra {

/// Key and value; a key alone has an empty value.
using XyzEntries = std::map<std::string, std::string>;

/// Columns of the lines of atoms.
struct Property {
    size_t first, width;
};
using Properties = std::map<std::string, Property>;

/// "reading FILE line 7: ", of the last line.
std::string here(const TextLines& lines);

/// Splits at white space.
void words(std::string_view line, std::vector<std::string_view>& parts);

/// @param what  "a force", for the error
/// @throws Error if it is none
double finite(std::string_view text, const char* what, const TextLines& lines);
long integer(std::string_view text, const char* what, const TextLines& lines);

/// @throws Error for a quotation without an end
XyzEntries parseXyzComment(std::string_view line, const TextLines& lines);

/// Of the value of Properties=.
/// @param columns  becomes how many there are
/// @throws Error if they are not name:type:columns three by three
Properties parseProperties(const std::string& text, size_t& columns, const TextLines& lines);

}  // namespace molspectra
