// Where the filters' tables have their knots: dense where the radial functions are narrow.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace molspectra::native {

/// Ascending distances, and which of them comes before a given one.
class KnotGrid {
public:
    /// No knots: everything is evaluated exactly.
    KnotGrid() = default;

    /// The spacing at r is proportional to 1 / (1 + contrast exp(-rate (r - first))).
    /// @param first, last     angstrom
    /// @param count           at least 2
    /// @param rate            1/angstrom
    KnotGrid(double first, double last, size_t count, double contrast, double rate);

    bool empty() const { return knots_.empty(); }
    size_t size() const { return knots_.size(); }
    double operator[](size_t knot) const { return knots_[knot]; }
    double first() const { return knots_.front(); }

    /// The last knot but one that is not beyond r, for r between the first and the last.
    size_t before(double r) const;

private:
    std::vector<double> knots_;
    std::vector<size_t> start_;  ///< a knot not beyond the begin of each bin
    double binsPerAngstrom_ = 0.0;
};

}  // namespace molspectra::native
