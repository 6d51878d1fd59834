// Small labelled molecules for the tests of model and training.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "core/Random.h"
#include "trainer/data/Dataset.h"

namespace molspectra {

/// A network small enough for tests.
inline ModelConfig smallConfig() {
    ModelConfig config;
    config.channels = 16;
    config.layers = 2;
    config.heads = 2;
    config.radialFunctions = 8;
    return config;
}

/// Water near its equilibrium, labelled by springs between all pairs: E = sum k/2 (r - r0)^2.
inline Frame springWater(Random& random) {
    Frame frame{{8, 1, 1}, {0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0}, 0.0, std::vector<double>(9), {}};
    for (double& x : frame.positions)
        x += 0.1 * random.normal();
    constexpr double stiffness[] = {300.0, 300.0, 60.0}, rest[] = {0.96, 0.96, 1.5};
    constexpr size_t first[] = {0, 0, 1}, second[] = {1, 2, 2};
    for (size_t bond = 0; bond < 3; bond++) {
        const double* a = &frame.positions[3 * first[bond]];
        const double* b = &frame.positions[3 * second[bond]];
        const double r = std::hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
        frame.energy += 0.5 * stiffness[bond] * (r - rest[bond]) * (r - rest[bond]);
        for (size_t axis = 0; axis < 3; axis++) {
            const double pull = stiffness[bond] * (r - rest[bond]) * (b[axis] - a[axis]) / r;
            frame.forces[3 * first[bond] + axis] += pull;
            frame.forces[3 * second[bond] + axis] -= pull;
        }
    }
    frame.energy -= 47000.0;  // as far from zero as total energies are
    return frame;
}

inline std::vector<Frame> springWaters(size_t count, uint64_t seed = 7) {
    Random random(seed);
    std::vector<Frame> frames;
    for (size_t n = 0; n < count; n++)
        frames.push_back(springWater(random));
    return frames;
}

inline std::vector<const Frame*> pointers(const std::vector<Frame>& frames) {
    std::vector<const Frame*> list;
    for (const Frame& frame : frames)
        list.push_back(&frame);
    return list;
}

}  // namespace molspectra
