// A measured spectrum at the points of a grid: resampled, or its peaks broadened.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "trainer/data/MeasuredSpectrum.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace molspectra {

namespace {

/// How far beyond its ends a spectrum still counts, in steps of the grid: positions are rounded.
constexpr double endTolerance = 1e-3;

/// The spectrum as straight lines between its points, and its integral from the first one on.
class Polyline {
public:
    explicit Polyline(const MeasuredSpectrum& spectrum)
        : x_(spectrum.positions), y_(spectrum.intensities), areas_(x_.size(), 0.0) {
        for (size_t k = 1; k < x_.size(); k++)
            areas_[k] = areas_[k - 1] + (x_[k] - x_[k - 1]) * (y_[k - 1] + y_[k]) / 2;
    }

    /// @param at  within the spectrum, and so all that follow
    double value(double at) const {
        const size_t right = pointAfter(at);
        const double part = (at - x_[right - 1]) / (x_[right] - x_[right - 1]);
        return y_[right - 1] + part * (y_[right] - y_[right - 1]);
    }

    double mean(double from, double to) const { return (areaTo(to) - areaTo(from)) / (to - from); }

    /// Whether there is more than one point between, as in a spectrum that is finer than a grid.
    bool hasSeveral(double from, double to) const {
        return std::upper_bound(x_.begin(), x_.end(), to) -
                   std::upper_bound(x_.begin(), x_.end(), from) > 1;
    }

private:
    /// Right end of the line at this position.
    size_t pointAfter(double at) const {
        const auto found = std::lower_bound(x_.begin() + 1, x_.end() - 1, at);
        return size_t(found - x_.begin());
    }

    double areaTo(double at) const {
        const size_t left = pointAfter(at) - 1;
        return areas_[left] + (at - x_[left]) * (y_[left] + value(at)) / 2;
    }

    const std::vector<double>&x_, &y_;
    std::vector<double> areas_;
};

/// Intensities of measured Stokes lines are activities times (nu0 - nu)^4 over
/// nu (1 - exp(-hc nu/kT)) at room temperature, as of harmonic vibrations; this turns that back.
/// @param shift  1/cm
/// @param laser  nm; 0 leaves them as they are
double activityOfIntensity(double shift, double laser) {
    if (laser == 0)
        return 1;
    constexpr double planckOverBoltzmann = 1.438776877;  // hc/k, cm K
    constexpr double temperature = 298.15, nmOfWavenumber = 1e7;
    const double cold = -std::expm1(-planckOverBoltzmann * shift / temperature);
    return shift * cold / std::pow(1 - shift * laser / nmOfWavenumber, 4);
}

/// A point of the grid is the spectrum there, or its mean over the point's cell where that holds
/// several points: sharp lines keep their strength wherever the grid happens to meet them.
GridCurve resample(const MeasuredSpectrum& spectrum, const SpectrumGrid& grid, double scale,
                   double laser) {
    const double low = spectrum.positions.front(), high = spectrum.positions.back();
    const Polyline curve(spectrum);
    const double half = 0.5 * grid.step * scale;
    GridCurve made{std::vector<float>(size_t(grid.points), 0.0f), 0, 0, {}};
    int64_t negative = 0;
    for (int64_t n = 0; n < grid.points; n++) {
        const double wanted = (grid.start + grid.step * double(n)) * scale;
        const double at = std::clamp(wanted, low, high);
        if (std::abs(at - wanted) > endTolerance * grid.step)
            continue;
        const double from = std::max(at - half, low), to = std::min(at + half, high);
        const double value = curve.hasSeveral(from, to) ? curve.mean(from, to) : curve.value(at);
        made.first = made.known == 0 ? n : made.first;
        made.known++;
        negative += value < 0;
        made.values[size_t(n)] = float(std::max(value, 0.0) * activityOfIntensity(at, laser));
    }
    if (negative > 0)
        made.remarks.push_back(cat(negative, " negative points are taken as zero"));
    return made;
}

GridCurve broaden(const MeasuredSpectrum& spectrum, const SpectrumGrid& grid, double scale,
                  double width, double laser) {
    Spectrum lines;
    for (size_t n = 0; n < spectrum.positions.size(); n++) {
        lines.positions.push_back(float(spectrum.positions[n] / scale));
        lines.intensities.push_back(float(std::max(spectrum.intensities[n], 0.0) *
                                          activityOfIntensity(spectrum.positions[n], laser)));
    }
    return {onGrid(lines, grid, width), 0, grid.points, {}};
}

std::string rangeText(const SpectrumGrid& grid, int64_t first, int64_t count) {
    return cat(toFixed(grid.start + grid.step * double(first), 2), " to ",
               toFixed(grid.start + grid.step * double(first + count - 1), 2));
}

double sumOf(const GridCurve& curve) {
    return std::accumulate(curve.values.begin(), curve.values.end(), 0.0);
}

}  // namespace

void limitTo(const AxisRange& range, const SpectrumGrid& grid, GridCurve& curve) {
    const int64_t knownEnd = curve.first + curve.known;
    // Clamped before it becomes an integer, for an end may be as far away as it likes.
    const auto place = [&](double at) {
        return std::clamp((at - grid.start) / grid.step, -1.0, double(grid.points));
    };
    const auto first = int64_t(std::ceil(place(range.low) - endTolerance));
    const auto end = int64_t(std::floor(place(range.high) + endTolerance)) + 1;
    curve.first = std::clamp(first, curve.first, knownEnd);
    curve.known = std::clamp(end, curve.first, knownEnd) - curve.first;
    std::fill_n(curve.values.begin(), curve.first, 0.0f);
    std::fill(curve.values.begin() + curve.first + curve.known, curve.values.end(), 0.0f);
}

void scaleMean(double mean, GridCurve& curve) {
    const double sum = sumOf(curve);
    if (sum > 0)
        for (float& value : curve.values)
            value *= float(mean * double(curve.known) / sum);
}

GridCurve onGrid(const MeasuredSpectrum& spectrum, SpectrumKind kind, const SpectrumGrid& grid,
                 const GridOptions& options) {
    const double scale = kind == SpectrumKind::UV ? 1.0 : options.frequencyScale;
    const bool measured = kind == SpectrumKind::Raman && !spectrum.calculated;
    const double laser = measured ? options.ramanLaser : 0;
    GridCurve made = spectrum.lines ? broaden(spectrum, grid, scale, options.width, laser)
                                    : resample(spectrum, grid, scale, laser);
    if (options.range)
        limitTo({options.range->low / scale, options.range->high / scale}, grid, made);
    if (!(sumOf(made) > 0))
        fail("taking the ", nameOf(kind), " spectrum of ", spectrum.path,
             ": it is zero or absent from ", rangeText(grid, 0, grid.points),
             options.range ? ", or from the range that was asked for" : "",
             ", expected intensities there");
    if (made.known < grid.points)
        made.remarks.push_back(cat("it covers ", rangeText(grid, made.first, made.known), " of ",
                                   rangeText(grid, 0, grid.points), " ",
                                   kind == SpectrumKind::UV ? "eV" : "1/cm",
                                   "; the rest is taken as unknown"));
    return made;
}

}  // namespace molspectra
