// Chemical elements: symbol and atomic number.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace molspectra {

/// Highest atomic number known here.
inline constexpr int maxElement = 118;

/// Symbol of an atomic number in [1, 118]. @throws Error outside that range.
std::string symbolOf(int atomicNumber);

/// Atomic number of a symbol, in any letter case. @throws Error if there is no such element.
int atomicNumberOf(std::string_view symbol);

}  // namespace molspectra
