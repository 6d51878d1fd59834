// Forces go to OpenMM's fixed point: exactly what the host's arithmetic gives, and nowhere else.
// SPDX-License-Identifier: MIT
#include "opencl/Fixture.h"

#include <cmath>

using namespace opencl;

namespace {

template <typename T>
class AddForces : public ModelArrays<T> {};
TYPED_TEST_SUITE(AddForces, ModelPrecisions, PrecisionNames);

/// What other forces have left, of either sign. [3,padded]
std::vector<cl_ulong> othersForces() {
    std::vector<cl_ulong> forces;
    for (int i = 0; i < 3 * paddedAtoms; ++i)
        forces.push_back(static_cast<cl_ulong>((i % 2 ? -1 : 1) * (cl_long(1) << 33) * i));
    return forces;
}

}  // namespace

TYPED_TEST(AddForces, AddsMinusTheGradientToTheSubset) {
    using Model = typename TypeParam::Model;
    const Model scale = Model(41.84);
    const Model one = Model(4294967296.0);
    for (const int atoms : sizes)
        for (const Shape& shape : shapes) {
            std::vector<Model> given;
            for (int i = 0; i < 3 * atoms; ++i)
                given.push_back(Model(30 * std::sin(1.3 * i + 0.4)));
            const auto slots = slotsOf(atoms);
            auto expected = othersForces();
            for (size_t i = 0; i < slots.size(); ++i)
                for (size_t d = 0; d < 3; ++d) {
                    const Model force = scale * given[3 * i + d];
                    expected[size_t(slots[i]) + d * paddedAtoms] +=
                        static_cast<cl_ulong>(static_cast<cl_long>(force * one));
                }
            const Buffer<cl_ulong> forces(*this->device, othersForces());
            this->program(false).run("addForces", shape, cl_int(atoms),
                                     Buffer<cl_int>(*this->device, slots),
                                     Buffer<Model>(*this->device, given), scale, forces);
            EXPECT_EQ(forces.read(), expected);
        }
}
