// A measured spectrum at the points of a grid: interpolated, or its peaks broadened.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "trainer/data/MeasuredSpectrum.h"

#include <algorithm>
#include <cmath>

namespace molspectra {

namespace {

/// How far beyond its ends a spectrum still counts, in steps of the grid: positions are rounded.
constexpr double endTolerance = 1e-3;

struct Covered {
    int64_t first = 0, count = 0, negative = 0;
};

Covered interpolate(const MeasuredSpectrum& spectrum, const SpectrumGrid& grid, double scale,
                    std::vector<float>& values) {
    const std::vector<double>& x = spectrum.positions;
    Covered covered;
    size_t right = 1;
    for (int64_t n = 0; n < grid.points; n++) {
        const double wanted = (grid.start + grid.step * double(n)) * scale;
        const double at = std::clamp(wanted, x.front(), x.back());
        if (std::abs(at - wanted) > endTolerance * grid.step)
            continue;
        while (x[right] < at)
            right++;
        const double part = (at - x[right - 1]) / (x[right] - x[right - 1]);
        const double value = spectrum.intensities[right - 1] +
                             part * (spectrum.intensities[right] - spectrum.intensities[right - 1]);
        covered.first = covered.count == 0 ? n : covered.first;
        covered.count++;
        covered.negative += value < 0;
        values[size_t(n)] = float(std::max(value, 0.0));
    }
    return covered;
}

Covered broaden(const MeasuredSpectrum& spectrum, const SpectrumGrid& grid, double scale,
                double width, std::vector<float>& values) {
    Spectrum lines;
    for (size_t n = 0; n < spectrum.positions.size(); n++) {
        lines.positions.push_back(float(spectrum.positions[n] / scale));
        lines.intensities.push_back(float(std::max(spectrum.intensities[n], 0.0)));
    }
    values = onGrid(lines, grid, width);
    return {0, grid.points, 0};
}

std::string rangeText(const SpectrumGrid& grid, int64_t first, int64_t count) {
    return cat(toFixed(grid.start + grid.step * double(first), 2), " to ",
               toFixed(grid.start + grid.step * double(first + count - 1), 2));
}

}  // namespace

GridCurve onGrid(const MeasuredSpectrum& spectrum, SpectrumKind kind, const SpectrumGrid& grid,
                 const GridOptions& options) {
    const double scale = kind == SpectrumKind::UV ? 1.0 : options.frequencyScale;
    GridCurve made{std::vector<float>(size_t(grid.points), 0.0f), {}};
    const Covered covered =
        spectrum.lines ? broaden(spectrum, grid, scale, options.width, made.values)
                       : interpolate(spectrum, grid, scale, made.values);
    double sum = 0;
    for (const float value : made.values)
        sum += double(value);
    if (!(sum > 0))
        fail("taking the ", nameOf(kind), " spectrum of ", spectrum.path,
             ": it is zero or absent from ", rangeText(grid, 0, grid.points),
             ", expected intensities there");
    if (covered.count < grid.points)
        made.remarks.push_back(cat("it covers ", rangeText(grid, covered.first, covered.count),
                                   " of ", rangeText(grid, 0, grid.points), " ",
                                   kind == SpectrumKind::UV ? "eV" : "1/cm",
                                   "; elsewhere it is taken as zero"));
    if (covered.negative > 0)
        made.remarks.push_back(cat(covered.negative, " negative points are taken as zero"));
    if (options.meanIntensity > 0)
        for (float& value : made.values)
            value *= float(options.meanIntensity * double(covered.count) / sum);
    return made;
}

}  // namespace molspectra
