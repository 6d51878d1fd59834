// Where the filters' tables have their knots: dense where the radial functions are narrow.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

namespace molspectra::native {

/// Ascending distances: those at which a smooth coordinate along r is 0, 1, 2, ...
class KnotGrid {
public:
    /// A distance among the knots.
    struct Place {
        size_t knot;      ///< the last but one that is not beyond it
        double fraction;  ///< how far the coordinate is beyond the knot's: 0 to 1
        double slope;     ///< of the coordinate, 1/angstrom
    };

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

    /// For r between the first and the last knot.
    Place place(double r) const;

private:
    double coordinate(double r) const;

    std::vector<double> knots_;
    double first_ = 0.0, contrast_ = 0.0, rate_ = 0.0, scale_ = 0.0;
};

}  // namespace molspectra::native
