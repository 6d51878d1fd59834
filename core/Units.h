// Units of energy and length that data and model files may use, and their conversion.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace molspectra {

/// Canonical name: "kcal/mol", "kJ/mol", "eV" or "hartree"; the usual spellings are accepted
/// ("ev", "Eh", "kcal/mol", "kj/mol"). @throws Error listing what is known.
std::string energyUnit(std::string_view name);

/// Canonical name: "angstrom", "nm" or "bohr"; "A", "ang" and "a0" are accepted as well.
/// @throws Error listing what is known.
std::string lengthUnit(std::string_view name);

/// How many kJ/mol one such unit is (CODATA 2018; thermochemical calorie).
double kilojoulesPerMole(std::string_view unit);

/// How many angstrom one such unit is.
double angstroms(std::string_view unit);

/// How many `to` one `from` is.
double energyFactor(std::string_view from, std::string_view to);

}  // namespace molspectra
