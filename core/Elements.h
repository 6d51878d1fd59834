// Chemical elements: symbol, atomic number and covalent radius.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace molspectra {

/// Highest atomic number known here.
inline constexpr int maxElement = 118;

/// Symbol of an atomic number in [1, 118]. @throws Error outside that range.
std::string symbolOf(int atomicNumber);

/// Symbols of several, "H, C, O". @throws Error as symbolOf
std::string symbolsOf(const std::vector<int>& atomicNumbers);

/// Atomic number of a symbol, in any letter case. @throws Error if there is no such element.
int atomicNumberOf(std::string_view symbol);

/// Covalent radius (Cordero et al. 2008; that of curium beyond it), angstrom.
/// @throws Error as symbolOf
double covalentRadius(int atomicNumber);

}  // namespace molspectra
