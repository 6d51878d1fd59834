// Positions out of OpenMM's array: a subset in its own order, out of the boxes it was wrapped into.
// SPDX-License-Identifier: MIT
#include "opencl/Fixture.h"

#include <cmath>

using namespace opencl;
using molspectra::Cell;

namespace {

template <typename T>
class GatherPositions : public ModelArrays<T> {};
TYPED_TEST_SUITE(GatherPositions, Precisions, PrecisionNames);

/// Of single precision far from the origin; of mixed precision, which is kept relative to the
/// first atom, a few roundings.
template <typename T>
constexpr double tolerance = T::precision == Precision::Single  ? 2e-4
                             : T::precision == Precision::Mixed ? 5e-6
                                                                : 1e-11;  // angstrom

/// Atoms far from the origin as OpenMM keeps them, and where that is.
template <typename T>
struct Kept {
    std::vector<typename T::Real4> posq, correction;
    std::vector<std::array<double, 3>> places;  ///< nm

    Kept() {
        for (int slot = 0; slot < paddedAtoms; ++slot) {
            const double at = 0.37 * slot;
            add({40 + 3 * std::sin(at), 30 + 2 * std::cos(3 * at), -50 + 4 * std::sin(5 * at + 1)});
        }
    }

private:
    void add(const std::array<double, 3>& exact) {
        posq.push_back(vector4<typename T::Real4>(exact));
        std::array<double, 3> lost{}, place;
        for (size_t d = 0; d < 3 && T::precision == Precision::Mixed; ++d)
            lost[d] = exact[d] - double(posq.back().s[d]);
        correction.push_back(vector4<typename T::Real4>(lost));
        for (size_t d = 0; d < 3; ++d)
            place[d] = double(posq.back().s[d]) + double(correction.back().s[d]);
        places.push_back(place);
    }
};

/// Rows in nm.
Cell inNanometers(Cell cell) {
    for (auto& row : cell)
        for (double& value : row)
            value /= angstromsPerNanometer;
    return cell;
}

std::vector<cl_int4> imagesOf(int atoms) {
    std::vector<cl_int4> images;
    for (int i = 0; i < atoms; ++i)
        images.push_back({{i % 3 - 1, 2 - i % 4, i % 2, 0}});
    return images;
}

/// @return [N,3] angstrom
template <typename T>
std::vector<double> gather(const Device& device, const Program& program, const Cell& cell,
                           const std::vector<cl_int4>& images, const Shape& shape) {
    const Kept<T> kept;
    const int atoms = static_cast<int>(images.size());
    const Cell box = inNanometers(cell);
    const Buffer<typename T::Real4> posq(device, kept.posq);
    const Buffer<typename T::Real4> correction(device, kept.correction);
    const Buffer<cl_int> slots(device, slotsOf(atoms));
    const Buffer<cl_int4> boxes(device, images);
    const Buffer<typename T::Model> positions(device, 3 * images.size());
    const auto run = [&](const auto&... arrays) {
        program.run("gatherPositions", shape, cl_int(atoms), arrays..., slots, boxes,
                    vector4<typename T::Mixed4>(box[0]), vector4<typename T::Mixed4>(box[1]),
                    vector4<typename T::Mixed4>(box[2]), positions);
    };
    if constexpr (T::precision == Precision::Mixed)
        run(posq, correction);
    else
        run(posq);
    const auto values = positions.read();
    return {values.begin(), values.end()};
}

/// From the first atom to another one, without the boxes between them, angstrom.
template <typename T>
std::array<double, 3> wayTo(size_t atom, const Cell& cell, const std::vector<cl_int4>& images) {
    const Kept<T> kept;
    const std::vector<cl_int> slots = slotsOf(static_cast<int>(images.size()));
    const auto& from = kept.places[static_cast<size_t>(slots[0])];
    const auto& to = kept.places[static_cast<size_t>(slots[atom])];
    std::array<double, 3> way;
    for (size_t d = 0; d < 3; ++d) {
        way[d] = angstromsPerNanometer * (to[d] - from[d]);
        for (size_t row = 0; row < 3; ++row)
            way[d] -= (images[atom].s[row] - images[0].s[row]) * cell[row][d];
    }
    return way;
}

}  // namespace

TYPED_TEST(GatherPositions, TakesASubsetOutOfItsBoxes) {
    for (const int atoms : sizes)
        for (const Shape& shape : shapes) {
            const auto images = imagesOf(atoms);
            const auto found = gather<TypeParam>(*this->device, this->program(false), wideCell,
                                                 images, shape);
            for (size_t i = 0; i < images.size(); ++i) {
                const auto expected = wayTo<TypeParam>(i, wideCell, images);
                for (size_t d = 0; d < 3; ++d)
                    EXPECT_NEAR(found[3 * i + d], expected[d], tolerance<TypeParam>);
            }
        }
}

TYPED_TEST(GatherPositions, ChoosesTheImageNextToTheFirstAtom) {
    for (const int atoms : sizes)
        for (const Shape& shape : shapes) {
            const std::vector<cl_int4> images(static_cast<size_t>(atoms));
            const auto found = gather<TypeParam>(*this->device, this->program(true), smallCell,
                                                 images, shape);
            for (size_t i = 0; i < images.size(); ++i) {
                auto moved = wayTo<TypeParam>(i, smallCell, images);
                for (size_t d = 0; d < 3; ++d) {
                    EXPECT_LE(std::abs(found[3 * i + d]),
                              0.5 * smallCell[d][d] + tolerance<TypeParam>);
                    moved[d] -= found[3 * i + d];
                }
                EXPECT_NO_THROW(listedPair(0, 0, moved, smallCell));
            }
        }
}
