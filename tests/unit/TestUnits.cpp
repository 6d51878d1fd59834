// Units against relations between constants.
// SPDX-License-Identifier: MIT
#include "core/Units.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

TEST(Units, Spellings_AreMadeCanonical) {
    EXPECT_EQ(energyUnit("ev"), "eV");
    EXPECT_EQ(energyUnit("Eh"), "hartree");
    EXPECT_EQ(energyUnit("KJ/mol"), "kJ/mol");
    EXPECT_EQ(energyUnit("kcal/mol"), "kcal/mol");
    EXPECT_EQ(lengthUnit("A"), "angstrom");
    EXPECT_EQ(lengthUnit("ang"), "angstrom");
    EXPECT_EQ(lengthUnit("a0"), "bohr");
    EXPECT_EQ(lengthUnit("nm"), "nm");
}

TEST(Units, Energies_FollowTheDefinitions) {
    constexpr double elementaryCharge = 1.602176634e-19, avogadro = 6.02214076e23;  // exact in SI
    EXPECT_DOUBLE_EQ(kilojoulesPerMole("kcal/mol"), 4.184);
    EXPECT_DOUBLE_EQ(kilojoulesPerMole("eV"), elementaryCharge * avogadro / 1000);
    EXPECT_NEAR(energyFactor("hartree", "eV"), 27.211386245988, 1e-11);  // CODATA 2018
    EXPECT_DOUBLE_EQ(energyFactor("hartree", "hartree"), 1);
}

TEST(Units, Lengths_FollowTheDefinitions) {
    EXPECT_EQ(angstroms("nm"), 10);
    EXPECT_EQ(angstroms("angstrom"), 1);
    EXPECT_NEAR(angstroms("bohr"), 0.529177210903, 1e-15);  // CODATA 2018
}

TEST(Units, UnknownOnes_AreRefusedWithAList) {
    EXPECT_THAT(errorOf([] { energyUnit("erg"); }),
                HasSubstr("\"erg\" was found, expected one of kcal/mol, kJ/mol, eV, hartree"));
    EXPECT_THAT(errorOf([] { lengthUnit("mile"); }),
                HasSubstr("\"mile\" was found, expected one of angstrom, nm, bohr"));
    EXPECT_THAT(errorOf([] { energyFactor("eV", "nm"); }), HasSubstr("\"nm\""));
}
