// Geometries of molecules that are known by their bonds only.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <functional>
#include <string>

namespace RDKit {
class RWMol;
}

namespace molspectra {

/// Adds hydrogens and makes a geometry, the same every time: ETKDG, then MMFF, or UFF where MMFF
/// lacks an atom type.
/// @param mol  sanitised, one molecule; gets the hydrogens and the geometry as well
/// @return the reason why there is none, or ""
std::string makeGeometry(RDKit::RWMol& mol, Molecule& molecule);

/// Does `work`, which gives the reason why there is no molecule, or "". @return that, or the first
/// line of what RDKit throws
std::string reasonOf(const std::function<std::string()>& work);

}  // namespace molspectra
