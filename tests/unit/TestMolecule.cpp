// Molecules: the same one is recognised in any conformer and order; lines become Lorentzians.
// SPDX-License-Identifier: MIT
#include "core/Random.h"
#include "trainer/data/Molecule.h"
#include "unit/BuildMolecule.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>
#include <set>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;

namespace {

/// Single precision, sums of a few lines.
constexpr double singleTolerance = 1e-5;
const SpectrumGrid vibrational{500, 1, 3501};

std::string keyOf(const Molecule& molecule) {
    return moleculeKey(molecule.numbers, molecule.positions);
}

Molecule reordered(const Molecule& molecule, uint64_t seed) {
    Molecule result;
    for (const int64_t i : Random(seed).permutation(int64_t(molecule.numbers.size()))) {
        result.numbers.push_back(molecule.numbers[size_t(i)]);
        for (size_t d = 0; d < 3; d++)
            result.positions.push_back(molecule.positions[3 * size_t(i) + d]);
    }
    return result;
}

Spectrum sticks(std::vector<float> positions, std::vector<float> intensities) {
    return {true, std::move(positions), std::move(intensities), {}};
}

}  // namespace

TEST(MoleculeKey, Conformers_HaveOneKey) {
    const std::string key = keyOf(ethanol());
    EXPECT_EQ(key.size(), 64u);
    for (double turn = 0; turn < 360; turn += 30)
        EXPECT_EQ(keyOf(ethanol(turn)), key) << turn;
}

TEST(MoleculeKey, OrderOfAtoms_DoesNotMatter) {
    for (uint64_t seed = 0; seed < 5; seed++)
        EXPECT_EQ(keyOf(reordered(ethanol(), seed)), keyOf(ethanol()));
}

TEST(MoleculeKey, OtherMolecules_HaveOtherKeys) {
    Molecule methyl = ethanol(), thiol = ethanol();
    methyl.numbers.pop_back();
    methyl.positions.resize(3 * methyl.numbers.size());
    thiol.numbers[2] = 16;
    const std::set<std::string> keys{keyOf(ethanol()), keyOf(dimethylEther()), keyOf(water()),
                                     keyOf(methyl), keyOf(thiol), keyOf({})};
    EXPECT_EQ(keys.size(), 6u);
}

TEST(MoleculeKey, RingsOfTheSameAtoms_AreToldApart) {
    Molecule six, twoOfThree;
    addRing(six, 6, 6, 0);
    addRing(twoOfThree, 3, 6, 0);
    addRing(twoOfThree, 3, 6, 10);
    EXPECT_NE(keyOf(six), keyOf(twoOfThree));
}

TEST(MoleculeKey, CoordinatesOfAnotherNumberOfAtoms_AreRefused) {
    EXPECT_THAT(errorOf([] { moleculeKey(std::vector{1, 1}, std::vector{0.0, 0.0, 0.0}); }),
                HasSubstr("3 coordinates were found for 2 atoms"));
}

TEST(OnGrid, Lines_BecomeLorentziansOfTheirArea) {
    const double width = 12;
    const std::vector<float> places{700.25f, 1650, 3999}, areas{3, 50, 7};
    const auto curve = onGrid(sticks(places, areas), vibrational, width);
    ASSERT_EQ(curve.size(), 3501u);
    for (size_t n = 0; n < curve.size(); n += 7) {
        double expected = 0;
        for (size_t k = 0; k < places.size(); k++) {
            const double x = 500 + double(n) - double(places[k]);
            expected += double(areas[k]) * width / (2 * std::numbers::pi) /
                        (x * x + width * width / 4);
        }
        EXPECT_NEAR(curve[n], expected, singleTolerance * expected) << n;
    }
}

TEST(OnGrid, HalfMaximum_IsHalfAWidthAway) {
    const auto curve = onGrid(sticks({8}, {1}), {1, 0.5, 29}, 3);
    EXPECT_NEAR(curve[14 + 3], curve[14] / 2, singleTolerance * double(curve[14]));
}

TEST(OnGrid, ImaginaryModes_AreLeftOut) {
    EXPECT_EQ(onGrid(sticks({-100, 900}, {5, 2}), vibrational, 12),
              onGrid(sticks({900}, {2}), vibrational, 12));
    EXPECT_EQ(onGrid(sticks({}, {}), vibrational, 12), std::vector<float>(3501, 0));
}

TEST(OnGrid, Curve_IsTakenAsItIsOnItsOwnGridOnly) {
    const Spectrum curve{false, {}, {1, 2, 3}, {1, 0.02, 3}};
    EXPECT_EQ(onGrid(curve, {1, double(0.02f), 3}, 1), curve.intensities);
    const std::string text = errorOf([&] { onGrid(curve, vibrational, 1); });
    EXPECT_THAT(text, HasSubstr("3 points from 1 in steps of 0.02"));
    EXPECT_THAT(text, HasSubstr("3501 points from 500 in steps of 1"));
    EXPECT_THAT(errorOf([&] { onGrid(curve, {1, 0.03, 3}, 1); }), HasSubstr("steps of 0.03"));
}

TEST(OnGrid, WidthOfZero_IsRefused) {
    EXPECT_THAT(errorOf([] { onGrid(sticks({900}, {2}), vibrational, 0); }),
                HasSubstr("the width is 0"));
}

TEST(SpectrumKind, Names_ReadBack) {
    for (const SpectrumKind kind : spectrumKinds)
        EXPECT_EQ(spectrumKind(nameOf(kind)), kind);
    EXPECT_THAT(errorOf([] { spectrumKind("nmr"); }), HasSubstr("\"nmr\" was found"));
}
