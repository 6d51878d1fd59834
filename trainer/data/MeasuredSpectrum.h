// A measured spectrum, out of any file, as a curve like those that a network was trained on.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <optional>
#include <string>
#include <vector>

namespace molspectra {

struct MeasuredSpectrum {
    std::string path;                 ///< for what is said of it
    std::vector<double> positions;    ///< ascending; eV for UV, else 1/cm
    std::vector<double> intensities;  ///< absorbance, or as the file has it
    bool lines = false;               ///< peaks, not points of a curve
    std::vector<std::string> remarks; ///< what was assumed or changed, a sentence each
    bool calculated = false;          ///< the intensities are those of a calculation's lines
};

/// Reads JCAMP-DX (told by its first characters) or text of two columns, with commas, semicolons,
/// tabs or spaces between them and "#" before comments; both may be compressed by gzip.
/// - Positions become eV for UV and 1/cm otherwise, from 1/cm, nm, micrometers or eV. JCAMP-DX
///   tells the unit, text may in a first line of titles ("wavelength (nm), absorbance"), which may
///   be a comment; without one it is 1/cm, or for UV nm where the positions are beyond 50 and eV
///   otherwise.
/// - Transmittance, a fraction or percent by its values, becomes absorbance where it is told, and
///   logarithms of absorptivity become absorptivity.
/// - Intensities in km/mol, A^4/amu or oscillator strengths are single lines, as of a calculation.
/// Absorbance at a position is proportional to the strength per energy there, so that nothing else
/// changes with the unit of positions.
/// @throws Error naming the file and its line: no such file, ragged rows, not finite, an unknown
///         unit, a spectrum of another kind, or positions that neither ascend nor descend
MeasuredSpectrum readMeasured(const std::string& path, SpectrumKind kind);

/// Ends of a part of an axis, eV for UV, else 1/cm.
struct AxisRange {
    double low = 0.0, high = 0.0;
};

struct GridOptions {
    /// Measured vibrations are this times the harmonic ones: the measured axis is divided by it.
    /// Not for UV.
    double frequencyScale = 1.0;
    double width = 0.0;                ///< of peaks, which become lines, the unit of the grid
    std::optional<AxisRange> range{};  ///< of the measured axis; what is outside counts as unknown
    /// Wavelength that measured Raman intensities were excited with, nm: they become scattering
    /// activities, but for a calculation's. 0 takes them as that already.
    double ramanLaser = 0.0;
};

/// Intensities at the points of a grid, of which a part is known.
struct GridCurve {
    std::vector<float> values;         ///< [points], zero where it is unknown
    int64_t first = 0, known = 0;      ///< the points first..first+known-1 are
    std::vector<std::string> remarks;  ///< what was assumed or changed, a sentence each
};

/// The spectrum on a grid: linear between its points, the mean over a step of the grid where that
/// holds several of them, unknown outside of them, zero where negative.
/// @throws Error if it has nothing on the grid
GridCurve onGrid(const MeasuredSpectrum& spectrum, SpectrumKind kind, const SpectrumGrid& grid,
                 const GridOptions& options);

/// Forgets what lies outside of a part of the grid's axis.
void limitTo(const AxisRange& range, const SpectrumGrid& grid, GridCurve& curve);

/// Scales a curve so that the mean over its known points is this; one of zeros stays.
void scaleMean(double mean, GridCurve& curve);

}  // namespace molspectra
