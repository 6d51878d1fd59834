// Text helpers: numbers that read back, distances between names.
// SPDX-License-Identifier: MIT
#include "core/Random.h"
#include "core/Text.h"
#include "unit/Fixtures.h"

#include <bit>
#include <cmath>
#include <gmock/gmock.h>
#include <limits>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

TEST(Text, ToText_IsTheShortestThatReadsBack) {
    EXPECT_EQ(toText(0.1), "0.1");
    EXPECT_EQ(toText(1e-5), "1e-05");
    EXPECT_EQ(toText(-2), "-2");
    EXPECT_EQ(toText(std::nan("")), "nan");
}

TEST(Text, ToText_RoundTripsEveryFiniteDouble) {
    Random random(1);
    for (int k = 0; k < 10000; k++) {
        const double value = std::bit_cast<double>(random.next());
        if (std::isfinite(value)) {
            EXPECT_EQ(parseDouble(toText(value), "a number"), value);
        }
    }
    const double smallest = std::numeric_limits<double>::denorm_min();
    EXPECT_EQ(parseDouble(toText(smallest), "a number"), smallest);
}

TEST(Text, ToFixed_HasTheDigitsAskedFor) {
    EXPECT_EQ(toFixed(1.0 / 3, 4), "0.3333");
    EXPECT_EQ(toFixed(-2, 0), "-2");
    EXPECT_EQ(toFixed(1e300, 1).size(), 303u);
}

TEST(Text, Cat_JoinsTextsNumbersAndTruthValues) {
    EXPECT_EQ(cat("n = ", 3, ", x = ", 0.5, ' ', true, std::string("!")), "n = 3, x = 0.5 true!");
}

TEST(Text, JoinAndSplit_AreInverse) {
    EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
    EXPECT_EQ(join({}, ", "), "");
    EXPECT_EQ(split("a::b", ':'), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(join(split(":x:y:", ':'), ":"), ":x:y:");
}

TEST(Text, Trim_TakesWhiteSpaceFromBothEnds) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, Nearest_FindsTheLeastEdits) {
    EXPECT_EQ(nearest("layer", {"heads", "layers", "cutoff"}), "layers");
    EXPECT_EQ(nearest("CUTOF", {"heads", "layers", "cutoff"}), "cutoff");
    EXPECT_EQ(nearest("anything", {}), "");
}

TEST(Text, ParseDouble_ReadsTheUsualSpellings) {
    EXPECT_EQ(parseDouble("+1.5", "x"), 1.5);
    EXPECT_EQ(parseDouble("-4.2e3", "x"), -4200);
    EXPECT_EQ(parseInteger("-17", "x"), -17);
}

TEST(Text, ParseDouble_NamesWhatIsNoNumber) {
    EXPECT_EQ(errorOf([] { parseDouble("1.5x", "the energy"); }),
              "reading the energy: \"1.5x\" was found, expected a number");
    EXPECT_THAT(errorOf([] { parseDouble("", "x"); }), HasSubstr("expected a number"));
    EXPECT_THAT(errorOf([] { parseDouble("+-1", "x"); }), HasSubstr("expected a number"));
    EXPECT_THAT(errorOf([] { parseInteger("1.5", "x"); }), HasSubstr("expected an integer"));
    EXPECT_THAT(errorOf([] { parseInteger("99999999999999999999", "x"); }), HasSubstr("range"));
}
