// Lists of pairs as the kernels make them and as core/Neighbors.h does, made comparable.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Neighbors.h"
#include "opencl/Device.h"
#include "opencl/Dialect.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

namespace opencl {

/// The types of the dialect in one of OpenMM's precisions.
template <Precision P>
struct Types {
    static constexpr Precision precision = P;
    static constexpr bool wide = P == Precision::Double;
    using Real = std::conditional_t<wide, cl_double, cl_float>;
    using Real4 = std::conditional_t<wide, cl_double4, cl_float4>;
    using Mixed4 = std::conditional_t<P == Precision::Single, cl_float4, cl_double4>;
    using Model = Real;
    using Model4 = Real4;
};

using Single = Types<Precision::Single>;
using Mixed = Types<Precision::Mixed>;
using Double = Types<Precision::Double>;

template <typename Vector4>
Vector4 vector4(double x, double y, double z) {
    using Element = std::remove_cvref_t<decltype(Vector4{}.s[0])>;
    return {{static_cast<Element>(x), static_cast<Element>(y), static_cast<Element>(z), 0}};
}

template <typename Vector4>
Vector4 vector4(const std::array<double, 3>& values) {
    return vector4<Vector4>(values[0], values[1], values[2]);
}

inline constexpr double cutoff = 5.0;         // angstrom
inline constexpr double coincidence = 0.01;   // angstrom
inline constexpr double farthest = 1e6;       // angstrom

/// In OpenMM's reduced form, angstrom. The small one is narrower than the cutoff in every
/// direction, so that atoms see themselves; of the wide one only nearest images are within it.
inline constexpr molspectra::Cell smallCell = {{{4.0, 0, 0}, {1.0, 4.4, 0}, {-1.2, 0.9, 4.8}}};
inline constexpr molspectra::Cell wideCell = {{{14.0, 0, 0}, {-3.0, 12.0, 0}, {2.0, 4.0, 13.0}}};

/// Points that keep their distance from each other, within a cube of `edge`. [N,3]
std::vector<double> scatter(int atoms, double edge);

/// A pair, and in which image of the cell its sender is.
struct ListedPair {
    int64_t receiver, sender;
    std::array<int64_t, 3> image;
    auto operator<=>(const ListedPair&) const = default;
};

/// @throws std::runtime_error for a shift that is no sum of cell vectors within 1e-3 angstrom
ListedPair listedPair(int64_t receiver, int64_t sender, const std::array<double, 3>& shift,
                      const std::optional<molspectra::Cell>& cell);

/// What findPairs lists, sorted by receiver, sender and image.
/// @throws std::runtime_error if rounding could decide about a pair
std::vector<ListedPair> expectedPairs(const std::vector<double>& positions,
                                      const std::optional<molspectra::Cell>& cell);

/// What countPairs and writePairs leave behind.
struct PairRun {
    std::vector<cl_long> pairs;   ///< [2,C]
    std::vector<double> shifts;   ///< [C,3]
    std::vector<cl_int> counts;   ///< [N]
    int total;

    size_t capacity() const { return pairs.size() / 2; }
    ListedPair at(size_t place, const std::optional<molspectra::Cell>& cell) const;
    bool isPadding(size_t place) const;
};

/// How many images on either side are looked at: more than enough for every cell here.
cl_int4 imagesToLookAt(const std::optional<molspectra::Cell>& cell);

/// @param positions   [N,3], angstrom
/// @param lastForces  [N,3] of the evaluation before, empty for zeros
template <typename T>
PairRun listPairs(const Device& device, const Program& program,
                  const std::vector<double>& positions,
                  const std::optional<molspectra::Cell>& cell, int capacity, const Shape& shape,
                  const std::vector<double>& lastForces = {}) {
    using Model = typename T::Model;
    const cl_int atoms = static_cast<cl_int>(positions.size() / 3);
    std::vector<Model> rows(positions.begin(), positions.end());
    std::vector<Model> forces(lastForces.begin(), lastForces.end());
    forces.resize(rows.size());
    rows.resize(rows.size() + 3);
    const Buffer<Model> before(device, forces);
    const Buffer<Model> places(device, rows);
    const Buffer<cl_long> pairs(device, 2 * static_cast<size_t>(capacity));
    const Buffer<Model> shifts(device, 3 * static_cast<size_t>(capacity));
    const Buffer<cl_int> counts(device, static_cast<size_t>(atoms));
    const Buffer<cl_int> total(device, 1);
    const molspectra::Cell box = cell.value_or(wideCell);
    const auto run = [&](const char* kernel, const auto&... more) {
        program.run(kernel, shape, atoms, Model(cutoff), Model(coincidence), Model(farthest),
                    vector4<typename T::Model4>(box[0]), vector4<typename T::Model4>(box[1]),
                    vector4<typename T::Model4>(box[2]), imagesToLookAt(cell), places, pairs,
                    shifts, counts, more...);
    };
    run("countPairs", before);
    run("writePairs", cl_int(capacity), total);
    const std::vector<Model> narrow = shifts.read();
    return {pairs.read(), {narrow.begin(), narrow.end()}, counts.read(), total.read()[0]};
}

}  // namespace opencl
