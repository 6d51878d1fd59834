// Molecules for tests, built by bond lengths, angles and dihedral angles.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <array>
#include <cmath>
#include <numbers>

namespace molspectra::test {

/// An atom by its distance from an earlier atom (angstrom), the angle with a second and the
/// dihedral angle with a third (degrees).
struct ZRow {
    int number;
    std::array<size_t, 3> to{};
    double length = 0, angle = 0, dihedral = 0;
};

using Vector = std::array<double, 3>;

inline Vector minus(const Vector& a, const Vector& b) {
    return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline Vector cross(const Vector& a, const Vector& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline Vector unit(const Vector& a) {
    const double length = std::hypot(a[0], a[1], a[2]);
    return {a[0] / length, a[1] / length, a[2] / length};
}

/// Where the row's atom is: missing neighbours are replaced by points off the axis.
inline Vector placed(const ZRow& row, const std::vector<Vector>& atoms) {
    const size_t n = atoms.size();
    const Vector a = n > 0 ? atoms[row.to[0]] : Vector{};
    const Vector b = n > 1 ? atoms[row.to[1]] : Vector{a[0], a[1], a[2] + 1};
    const Vector c = n > 2 ? atoms[row.to[2]] : Vector{b[0] + 1, b[1], b[2] + 0.5};
    const double angle = row.angle * std::numbers::pi / 180;
    const double dihedral = row.dihedral * std::numbers::pi / 180;
    const Vector along = unit(minus(b, a)), normal = unit(cross(minus(c, b), along));
    const Vector side = cross(normal, along);
    Vector atom = a;
    for (size_t d = 0; d < 3; d++)
        atom[d] += row.length * (std::cos(angle) * along[d] +
                                 std::sin(angle) * (std::cos(dihedral) * side[d] +
                                                    std::sin(dihedral) * normal[d]));
    return atom;
}

inline Molecule build(const std::vector<ZRow>& rows) {
    Molecule molecule;
    std::vector<Vector> atoms;
    for (const ZRow& row : rows) {
        atoms.push_back(placed(row, atoms));
        molecule.numbers.push_back(row.number);
        molecule.positions.insert(molecule.positions.end(), atoms.back().begin(),
                                  atoms.back().end());
    }
    return molecule;
}

/// @param turn  degrees by which the hydroxyl group is turned about the C-O bond
inline Molecule ethanol(double turn = 180) {
    return build({{6}, {6, {0}, 1.52, 109.5, 0}, {8, {1, 0}, 1.43, 109.5, 0},
                  {1, {2, 1, 0}, 0.97, 108, turn},
                  {1, {1, 0, 2}, 1.09, 109.5, 120}, {1, {1, 0, 2}, 1.09, 109.5, 240},
                  {1, {0, 1, 2}, 1.09, 109.5, 60}, {1, {0, 1, 2}, 1.09, 109.5, 180},
                  {1, {0, 1, 2}, 1.09, 109.5, 300}});
}

inline Molecule dimethylEther() {
    return build({{6}, {8, {0}, 1.42, 109.5, 0}, {6, {1, 0}, 1.42, 111, 0},
                  {1, {0, 1, 2}, 1.09, 109.5, 60}, {1, {0, 1, 2}, 1.09, 109.5, 180},
                  {1, {0, 1, 2}, 1.09, 109.5, 300}, {1, {2, 1, 0}, 1.09, 109.5, 60},
                  {1, {2, 1, 0}, 1.09, 109.5, 180}, {1, {2, 1, 0}, 1.09, 109.5, 300}});
}

inline Molecule water() {
    return build({{8}, {1, {0}, 0.96, 0, 0}, {1, {0, 1}, 0.96, 104.5, 0}});
}

/// A ring of equal atoms in a plane, 1.4 angstrom apart, around a point on the x axis.
inline void addRing(Molecule& molecule, int count, int number, double centre) {
    const double radius = 0.7 / std::sin(std::numbers::pi / count);
    for (int k = 0; k < count; k++) {
        const double angle = 2 * std::numbers::pi * k / count;
        molecule.numbers.push_back(number);
        for (const double x : {centre + radius * std::cos(angle), radius * std::sin(angle), 0.0})
            molecule.positions.push_back(x);
    }
}

}  // namespace molspectra::test
