// Names of the kinds of spectra, and lines broadened onto a grid.
// SPDX-License-Identifier: MIT
#include "trainer/data/Molecule.h"

#include "core/Error.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace molspectra {

namespace {

/// Grids read from text or single precision differ in the last digits; the largest difference of
/// any two points counts, in steps.
constexpr double sameGridTolerance = 1e-3;

bool sameGrid(const SpectrumGrid& a, const SpectrumGrid& b) {
    const double allowed = sameGridTolerance * std::abs(b.step);
    const auto last = double(b.points - 1);
    return a.points == b.points && std::abs(a.start - b.start) < allowed &&
           std::abs(a.start - b.start + (a.step - b.step) * last) < allowed;
}

std::string describe(const SpectrumGrid& grid) {
    return cat(grid.points, " points from ", grid.start, " in steps of ", grid.step);
}

/// Adds area * (w / 2 pi) / (x^2 + w^2 / 4) with x = first + n step. A sum in single precision with
/// nothing else in the loop, so that the compiler makes vector code of it.
void addLorentzian(std::vector<float>& curve, float first, float step, float halfWidth,
                   float area) {
    const float height = area * halfWidth / float(std::numbers::pi);
    const float square = halfWidth * halfWidth;
    const auto points = int32_t(curve.size());
    float* const values = curve.data();
    for (int32_t n = 0; n < points; n++) {
        const float x = first + float(n) * step;
        values[n] += height / (x * x + square);
    }
}

}  // namespace

const char* nameOf(SpectrumKind kind) {
    constexpr std::array names{"uv", "ir", "raman"};
    return names[size_t(kind)];
}

SpectrumKind spectrumKind(const std::string& name) {
    for (const SpectrumKind kind : spectrumKinds)
        if (name == nameOf(kind))
            return kind;
    fail("naming a spectrum: \"", name, "\" was found, expected uv, ir or raman");
}

std::vector<int> formulaOf(std::span<const int> numbers) {
    std::vector<int> formula(numbers.begin(), numbers.end());
    std::sort(formula.begin(), formula.end());
    return formula;
}

std::vector<float> onGrid(const Spectrum& spectrum, const SpectrumGrid& grid, double width) {
    if (!spectrum.sticks) {
        if (!sameGrid(spectrum.grid, grid))
            fail("taking a spectrum: its grid has ", describe(spectrum.grid), ", expected ",
                 describe(grid));
        return spectrum.intensities;
    }
    if (!(width > 0))
        fail("broadening a spectrum: the width is ", width, ", expected a positive one");
    std::vector<float> curve(size_t(grid.points), 0.0f);
    for (size_t k = 0; k < spectrum.positions.size(); k++)
        if (spectrum.positions[k] >= 0)
            addLorentzian(curve, float(grid.start - double(spectrum.positions[k])),
                          float(grid.step), float(width / 2), spectrum.intensities[k]);
    return curve;
}

}  // namespace molspectra
