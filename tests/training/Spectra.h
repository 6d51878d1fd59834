// Small molecules with spectra for the tests of pre-training.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Random.h"
#include "core/SpectraConfig.h"
#include "trainer/data/MoleculeStream.h"

#include <memory>
#include <string>
#include <vector>

namespace molspectra {

/// A SpecFormer small enough for tests, with overlapping patches.
inline SpectraConfig smallSpectra() {
    SpectraConfig config;
    config.spectra = {{"uv", 1.0, 0.5, 21, 6, 3, 1.0}, {"ir", 500.0, 100.0, 33, 8, 4, 1.0}};
    config.channels = 8;
    config.layers = 3;
    config.heads = 2;
    config.hidden = 12;
    config.outputs = 16;
    return config;
}

/// Three atoms in a bent line and a few lines in each spectrum, all drawn by the number.
inline Molecule molecule(int64_t number) {
    Random random(static_cast<uint64_t>(number) + 100);
    Molecule made;
    made.numbers = {8, 1, number % 2 == 0 ? 1 : 6};
    made.positions = {0, 0, 0, 0.96, 0, 0, -0.3, 1.0, 0};
    for (double& x : made.positions)
        x += 0.05 * random.normal();
    made.index = number;
    const auto lines = [&](double from, double to) {
        Spectrum spectrum;
        for (int n = 0; n < 4; n++) {
            spectrum.positions.push_back(
                static_cast<float>(from + (to - from) * random.uniform()));
            spectrum.intensities.push_back(static_cast<float>(10 * random.uniform()));
        }
        return spectrum;
    };
    made.spectra[0] = lines(1, 11);
    made.spectra[1] = lines(500, 3700);
    return made;
}

inline std::vector<Draw> draws(const std::vector<int64_t>& numbers) {
    std::vector<Draw> list;
    for (const int64_t number : numbers)
        list.push_back({std::make_shared<Molecule>(molecule(number)),
                        static_cast<uint64_t>(number)});
    return list;
}

/// Shards of molecules 0..sum-1 in a folder. @return their paths
inline std::vector<std::string> writeShards(const std::string& folder,
                                            const std::vector<int64_t>& sizes) {
    std::vector<std::string> paths;
    int64_t number = 0;
    for (const int64_t size : sizes) {
        std::vector<Molecule> molecules;
        for (int64_t n = 0; n < size; n++)
            molecules.push_back(molecule(number++));
        paths.push_back(folder + "/shard-" + std::to_string(paths.size()) + ".npz");
        writeShard(paths.back(), molecules);
    }
    return paths;
}

}  // namespace molspectra
