// The coordinate is the integral of the density of knots, which has a closed form; knots come from
// inverting it.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Knots.h"

#include <algorithm>
#include <cmath>

namespace molspectra::native {

namespace {

constexpr int bisections = 60;

}  // namespace

KnotGrid::KnotGrid(double first, double last, size_t count, double contrast, double rate)
    : first_(first), contrast_(contrast), rate_(rate), scale_(1.0) {
    scale_ = static_cast<double>(count - 1) / coordinate(last);
    for (size_t knot = 0; knot < count; ++knot) {
        double low = first, high = last;
        for (int i = 0; i < bisections; ++i) {
            const double middle = 0.5 * (low + high);
            (coordinate(middle) < static_cast<double>(knot) ? low : high) = middle;
        }
        knots_.push_back(knot == 0 ? first : knot + 1 == count ? last : high);
    }
}

double KnotGrid::coordinate(double r) const {
    const double beyond = r - first_;
    return scale_ * (beyond + contrast_ / rate_ * (1.0 - std::exp(-rate_ * beyond)));
}

KnotGrid::Place KnotGrid::place(double r) const {
    const double u = coordinate(r);
    const size_t knot = std::min(static_cast<size_t>(u), knots_.size() - 2);
    return {knot, u - static_cast<double>(knot),
            scale_ * (1.0 + contrast_ * std::exp(-rate_ * (r - first_)))};
}

}  // namespace molspectra::native
