// MD17 and rMD17 archives: their layouts, and each thing that can be wrong with one.
// SPDX-License-Identifier: MIT
#include "trainer/data/Npz.h"
#include "trainer/data/Readers.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;
using Arrays = std::map<std::string, NpyArray>;

namespace {

/// Two frames of three atoms with the labels of the fixtures.
Arrays example() {
    Arrays arrays = {{"z", {{3}, "|u1", {8, 1, 1}}},
                     {"R", {{2, 3, 3}, "<f8", {}}},
                     {"E", {{2, 1}, "<f8", {energyOf(0), energyOf(1)}}},
                     {"F", {{2, 3, 3}, "<f8", {}}}};
    for (size_t k = 0; k < 18; k++) {
        arrays["R"].values.push_back(positionOf(k / 9, k / 3 % 3, k % 3));
        arrays["F"].values.push_back(forceOf(k / 9, k / 3 % 3, k % 3));
    }
    return arrays;
}

std::vector<Frame> readBack(const Arrays& arrays) {
    const TemporaryFolder folder;
    writeNpz(folder / "x.npz", arrays);
    return readMolecularNpz(folder / "x.npz");
}

/// Error of reading the example after one change.
std::string misreading(const std::function<void(Arrays&)>& change) {
    Arrays arrays = example();
    change(arrays);
    return errorOf([&] { readBack(arrays); });
}

void expectFormula(const Frame& frame, size_t t) {
    EXPECT_EQ(frame.energy, energyOf(t));
    EXPECT_FALSE(frame.cell);
    ASSERT_EQ(frame.positions.size(), 3 * frame.numbers.size());
    ASSERT_EQ(frame.forces.size(), 3 * frame.numbers.size());
    for (size_t k = 0; k < frame.positions.size(); k++) {
        EXPECT_EQ(frame.positions[k], positionOf(t, k / 3, k % 3));
        EXPECT_EQ(frame.forces[k], forceOf(t, k / 3, k % 3));
    }
}

}  // namespace

TEST(MolecularNpz, EveryLayout_GivesTheSameFrames) {
    for (const char* name : {"numpy2_stored.npz", "numpy2_deflated.npz", "classic_stored.npz",
                             "classic_deflated.npz", "fortran.npz", "rmd17.npz"}) {
        const std::vector<Frame> frames = readMolecularNpz(fixture(name));
        ASSERT_EQ(frames.size(), 3u) << name;
        for (size_t t = 0; t < 3; t++) {
            EXPECT_EQ(frames[t].numbers, (std::vector<int>{8, 1}));
            expectFormula(frames[t], t);
        }
    }
}

TEST(MolecularNpz, Padding_IsLeftOut) {
    const std::vector<Frame> frames = readMolecularNpz(fixture("padded.npz"));
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[0].numbers, (std::vector<int>{6}));
    EXPECT_EQ(frames[1].numbers, (std::vector<int>{8, 1}));
    EXPECT_EQ(frames[2].numbers, (std::vector<int>{8, 1, 1}));
    for (size_t t = 0; t < 3; t++)
        expectFormula(frames[t], t);
}

TEST(MolecularNpz, Energies_MayHaveAnyShapeOfOneAFrame) {
    for (const std::vector<size_t>& shape : {std::vector<size_t>{2}, {2, 1}, {1, 2}, {2, 1, 1}}) {
        Arrays arrays = example();
        arrays["E"].shape = shape;
        EXPECT_EQ(readBack(arrays)[1].energy, energyOf(1));
    }
}

TEST(MolecularNpz, OneFrame_MayHaveAScalarEnergy) {
    Arrays arrays = example();
    for (const char* key : {"R", "F"}) {
        arrays[key].shape = {1, 3, 3};
        arrays[key].values.resize(9);
    }
    arrays["E"] = {{}, "<f8", {energyOf(0)}};
    expectFormula(readBack(arrays).at(0), 0);
}

TEST(MolecularNpz, MissingKeys_AreNamedWithThoseFound) {
    EXPECT_THAT(misreading([](Arrays& a) { a.erase("F"), a.erase("E"); }),
                HasSubstr("missing E, F; arrays found: R, z; expected z, R, E, F or "
                          "nuclear_charges, coords, energies, forces"));
    EXPECT_THAT(misreading([](Arrays& a) {
                    a = {{"coords", a["R"]}, {"energies", a["E"]}, {"nuclear_charges", a["z"]}};
                }),
                HasSubstr("missing forces; arrays found: coords, energies, nuclear_charges"));
}

TEST(MolecularNpz, WrongShapes_AreNamedOnBothSides) {
    EXPECT_THAT(misreading([](Arrays& a) { a["F"].shape = {3, 2, 3}; }),
                HasSubstr("F has the shape [3, 2, 3], expected [2, 3, 3], that of R"));
    EXPECT_THAT(misreading([](Arrays& a) { a["E"] = {{3}, "<f8", {1, 2, 3}}; }),
                HasSubstr("E has the shape [3], expected one energy for each of the 2 frames"));
    EXPECT_THAT(misreading([](Arrays& a) { a["R"].shape = {6, 3}; }),
                HasSubstr("R has the shape [6, 3], expected [frames, atoms, 3]"));
    EXPECT_THAT(misreading([](Arrays& a) { a["z"] = {{2}, "|u1", {8, 1}}; }),
                HasSubstr("z has the shape [2], expected [3] or [2, 3], to match R [2, 3, 3]"));
}

TEST(MolecularNpz, NoFrames_AreRefused) {
    EXPECT_THAT(misreading([](Arrays& a) {
                    a["R"] = a["F"] = {{0, 3, 3}, "<f8", {}};
                    a["E"] = {{0}, "<f8", {}};
                }),
                HasSubstr("expected at least one frame and one atom"));
}

TEST(MolecularNpz, LabelsThatAreNotFinite_AreNamedWithTheirFrame) {
    EXPECT_THAT(misreading([](Arrays& a) { a["F"].values[9] = NAN; }),
                HasSubstr("a force of frame 1 (counted from 0) is nan"));
    EXPECT_THAT(misreading([](Arrays& a) { a["E"].values[0] = -INFINITY; }),
                HasSubstr("the energy of frame 0 (counted from 0) is -inf"));
    EXPECT_THAT(misreading([](Arrays& a) { a["R"].values[17] = INFINITY; }),
                HasSubstr("a position of frame 1 (counted from 0) is inf"));
}

TEST(MolecularNpz, UnknownElements_AreRefused) {
    EXPECT_THAT(misreading([](Arrays& a) { a["z"].values[1] = 119; }),
                HasSubstr("z of atom 1 in frame 0 is 119, expected an atomic number in [1, 118]"));
    EXPECT_THAT(misreading([](Arrays& a) { a["z"].values[2] = 0; }), HasSubstr("is 0, expected"));
    EXPECT_THAT(misreading([](Arrays& a) { a["z"] = {{3}, "<f8", {8, 1.5, 1}}; }),
                HasSubstr("is 1.5, expected"));
    EXPECT_THAT(misreading([](Arrays& a) { a["z"] = {{2, 3}, "|u1", {8, 1, 1, 0, 0, 0}}; }),
                HasSubstr("frame 1 (counted from 0) has no atoms"));
}
