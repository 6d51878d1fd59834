// Readers of labelled geometries: NPZ in MD17's and rMD17's layout, extended XYZ.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Dataset.h"

#include <string>

namespace molspectra {

/// NPZ with keys z,R,E,F (MD17, MD22, sGDML) or nuclear_charges,coords,energies,forces (rMD17).
/// z is [N], or [T,N] with zeros as padding of smaller molecules (positions and forces padded
/// likewise). Labels and positions are taken as they are: no unit is converted.
/// @throws Error as readDataset
std::vector<Frame> readMolecularNpz(const std::string& path);

/// What its texts e_unit and r_unit tell, as sGDML writes them; empty where it has none.
struct ToldUnits {
    std::string energy{}, length{};
};
ToldUnits unitsOfNpz(const std::string& path);

/// Extended XYZ: any number of frames of any molecules; Properties= with species or Z, pos and
/// forces (force, REF_forces, dft_forces as well), energy= (or REF_energy, dft_energy, Energy) and
/// an optional Lattice= with pbc="T T T".
/// @throws Error naming file and line
std::vector<Frame> readExtendedXyz(const std::string& path);

}  // namespace molspectra
