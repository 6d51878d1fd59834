// Positions come from inverting the integral of the density; look-up from bins of equal width.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Knots.h"

#include <algorithm>
#include <cmath>

namespace molspectra::native {

namespace {

constexpr size_t binsPerKnot = 8;
constexpr int bisections = 60;

}  // namespace

KnotGrid::KnotGrid(double first, double last, size_t count, double contrast, double rate) {
    const auto integral = [&](double r) {
        return (r - first) + contrast / rate * (1.0 - std::exp(-rate * (r - first)));
    };
    for (size_t knot = 0; knot < count; ++knot) {
        const double wanted =
            integral(last) * static_cast<double>(knot) / static_cast<double>(count - 1);
        double low = first, high = last;
        for (int i = 0; i < bisections; ++i) {
            const double middle = 0.5 * (low + high);
            (integral(middle) < wanted ? low : high) = middle;
        }
        knots_.push_back(knot == 0 ? first : knot + 1 == count ? last : high);
    }
    const size_t bins = binsPerKnot * count;
    binsPerAngstrom_ = static_cast<double>(bins) / (last - first);
    for (size_t bin = 0; bin <= bins; ++bin) {
        const double r = first + static_cast<double>(bin) / binsPerAngstrom_;
        const auto after = std::upper_bound(knots_.begin(), knots_.end() - 1, r);
        start_.push_back(static_cast<size_t>(after - knots_.begin()) - 1);
    }
}

size_t KnotGrid::before(double r) const {
    const auto bin = static_cast<size_t>((r - first()) * binsPerAngstrom_);
    // Rounding may put r into the bin after its own: one knot back is early enough.
    size_t knot = start_[std::min(bin, start_.size() - 1)];
    if (knot > 0)
        --knot;
    while (knot + 2 < knots_.size() && knots_[knot + 1] <= r)
        ++knot;
    return knot;
}

}  // namespace molspectra::native
