// A molecule to pre-train on: geometry and whatever spectra of it are known.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace molspectra {

enum class SpectrumKind { UV, IR, Raman };

inline constexpr std::array<SpectrumKind, 3> spectrumKinds{SpectrumKind::UV, SpectrumKind::IR,
                                                           SpectrumKind::Raman};

/// "uv", "ir" or "raman"
const char* nameOf(SpectrumKind kind);
/// @throws Error naming the text and the three names
SpectrumKind spectrumKind(const std::string& name);

/// Equidistant points of a curve: start + step * n for n = 0..points-1; eV for UV, else 1/cm.
struct SpectrumGrid {
    double start = 0.0;
    double step = 1.0;
    int64_t points = 0;

    bool operator==(const SpectrumGrid&) const = default;
};

/// One spectrum, as lines that are still to be broadened, or as a curve.
struct Spectrum {
    bool sticks = true;
    std::vector<float> positions;    ///< of the lines, eV for UV, else 1/cm; empty for a curve
    std::vector<float> intensities;  ///< of the lines (oscillator strength, km/mol, A^4/amu), or of
                                     ///< the points of the curve (the same per eV or per 1/cm)
    SpectrumGrid grid;               ///< of a curve
};

struct Molecule {
    std::vector<int> numbers;       ///< atomic numbers [N]
    std::vector<double> positions;  ///< [N,3], angstrom
    int64_t index = 0;              ///< in the collection it came from
    std::array<std::optional<Spectrum>, 3> spectra;  ///< by SpectrumKind
};

/// Full widths at half maximum of broadened lines.
struct LineWidths {
    double uv = 0.3;            ///< eV
    double vibrational = 12.0;  ///< 1/cm
};

/// The spectrum on a grid: lines become Lorentzians whose area is their intensity (lines at
/// negative positions, imaginary modes, are left out); a curve is taken as it is.
/// @param width  full width at half maximum, the unit of the grid
/// @throws Error if a curve has another grid (both are named)
std::vector<float> onGrid(const Spectrum& spectrum, const SpectrumGrid& grid, double width);

/// Atomic numbers, ascending: the same for isomers.
std::vector<int> formulaOf(std::span<const int> numbers);

/// What two geometries of the same molecule have in common, conformers included: elements and which
/// atoms are bonded, by covalent radii. Equal for equal molecules, in any order of atoms.
std::string moleculeKey(std::span<const int> numbers, std::span<const double> positions);

}  // namespace molspectra
