// Symbols, atomic numbers and radii.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

TEST(Elements, SymbolAndNumber_AreInverse) {
    for (int number = 1; number <= maxElement; number++)
        EXPECT_EQ(atomicNumberOf(symbolOf(number)), number);
}

TEST(Elements, Symbol_IsThatOfTheGroupsOfThePeriodicTable) {
    // The noble gases close the periods: 2, 8, 8, 18, 18, 32, 32 elements long.
    const char* gases[] = {"He", "Ne", "Ar", "Kr", "Xe", "Rn", "Og"};
    int number = 0;
    const int lengths[] = {2, 8, 8, 18, 18, 32, 32};
    for (int period = 0; period < 7; period++)
        EXPECT_EQ(symbolOf(number += lengths[period]), gases[period]);
}

TEST(Elements, Number_IsFoundInAnyLetterCase) {
    EXPECT_EQ(atomicNumberOf("cl"), 17);
    EXPECT_EQ(atomicNumberOf("CL"), 17);
}

TEST(Elements, UnknownOnes_AreRefused) {
    EXPECT_THAT(errorOf([] { symbolOf(0); }), HasSubstr("[1, 118]"));
    EXPECT_THAT(errorOf([] { symbolOf(119); }), HasSubstr("119"));
    EXPECT_THAT(errorOf([] { atomicNumberOf("Xx"); }), HasSubstr("\"Xx\""));
    EXPECT_THAT(errorOf([] { atomicNumberOf(""); }), HasSubstr("expected a symbol"));
}

TEST(Elements, CovalentRadii_AreThoseOfTheTable) {
    // Cordero et al., Dalton Trans. 2008, 2832.
    EXPECT_EQ(covalentRadius(1), 0.31);
    EXPECT_EQ(covalentRadius(6), 0.76);
    EXPECT_EQ(covalentRadius(96), 1.69);
    EXPECT_EQ(covalentRadius(maxElement), covalentRadius(96));
    EXPECT_THAT(errorOf([] { covalentRadius(0); }), HasSubstr("0 was found"));
}
