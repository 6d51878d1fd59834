// JCAMP-DX: every form of numbers against a writer of our own, every check by a file that fails.
// SPDX-License-Identifier: MIT
#include "trainer/data/Jcamp.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;

namespace {

constexpr int points = 40, perLine = 7;
constexpr double first = 4000, step = -25, yFactor = 0.5;

/// Peaks on a flat ground, whose repetitions DUP is made for; both signs.
int ordinate(int n) {
    return n % 11 < 6 ? 12 : int(std::lround(900 * std::sin(0.7 * n)));
}

/// A number whose first digit is a letter: `zero`, then nine for each sign.
std::string lettered(int value, char zero, char positive, char negative) {
    std::string digits = std::to_string(std::abs(value));
    const int leading = digits[0] - '0';
    digits[0] = leading == 0 ? zero : char((value < 0 ? negative : positive) + leading - 1);
    return digits;
}

std::string squeezed(int value) {
    return lettered(value, '@', 'A', 'a');
}

std::string difference(int value) {
    return lettered(value, '%', 'J', 'j');
}

std::string repetition(int count) {
    std::string digits = std::to_string(count);
    digits[0] = digits[0] == '9' ? 's' : char('S' + digits[0] - '1');
    return digits;
}

std::string abscissa(int n) {
    return toText(first + n * step);
}

using WriteLine = std::string (*)(int from, int to);

std::string spaced(int from, int to) {
    std::string line = abscissa(from);
    for (int n = from; n < to; n++)
        line += cat(" ", ordinate(n));
    return line;
}

std::string packed(int from, int to) {
    std::string line = abscissa(from);
    for (int n = from; n < to; n++)
        line += cat(ordinate(n) < 0 ? "" : "+", ordinate(n));
    return line;
}

std::string squeezedLine(int from, int to) {
    std::string line = abscissa(from);
    for (int n = from; n < to; n++)
        line += squeezed(ordinate(n));
    return line;
}

/// Equal neighbours become one number and how often it stands there.
std::string squeezedWithRepetitions(int from, int to) {
    std::string line = abscissa(from);
    for (int n = from; n < to;) {
        int end = n;
        while (end < to && ordinate(end) == ordinate(n))
            end++;
        line += squeezed(ordinate(n)) + (end - n > 1 ? repetition(end - n) : "");
        n = end;
    }
    return line;
}

/// The last ordinate of the line before comes first.
std::string differences(int from, int to) {
    const int start = std::max(from - 1, 0);
    std::string line = abscissa(start) + squeezed(ordinate(start));
    for (int n = start + 1; n < to; n++)
        line += difference(ordinate(n) - ordinate(n - 1));
    return line;
}

std::string differencesWithRepetitions(int from, int to) {
    const int start = std::max(from - 1, 0);
    std::string line = abscissa(start) + squeezed(ordinate(start));
    for (int n = start + 1; n < to;) {
        const int step_ = ordinate(n) - ordinate(n - 1);
        int end = n;
        while (end < to && ordinate(end) - ordinate(end - 1) == step_)
            end++;
        line += difference(step_) + (end - n > 1 ? repetition(end - n) : "");
        n = end;
    }
    return line;
}

std::string table(WriteLine write) {
    std::string text = "##XYDATA=(X++(Y..Y))\n";
    for (int n = 0; n < points; n += perLine)
        text += write(n, std::min(n + perLine, points)) + "\n";
    return text;
}

std::string head() {
    return cat("##TITLE= a peak $$ a comment\n##JCAMP-DX= 4.24\n##DATA TYPE= INFRARED SPECTRUM\n",
               "##XUNITS= 1/CM\n##YUNITS=ABSORBANCE\n##FIRSTX=", first, "\n##LASTX=",
               first + (points - 1) * step, "\n##DELTAX= ", step, "\n##XFACTOR=1\n##YFACTOR=",
               yFactor, "\n##NPOINTS=", points, "\n##FIRSTY= ", yFactor * ordinate(0),
               "\n$$ another\n");
}

JcampSpectrum readText(const std::string& text) {
    const TemporaryFolder folder;
    return readJcamp(folder.write("a.jdx", text));
}

std::string refusal(const std::string& text) {
    return errorOf([&] { readText(text); });
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const size_t found = text.find(what);
    EXPECT_NE(found, text.npos) << what;
    return text.replace(found, what.size(), by);
}

class Forms : public testing::TestWithParam<WriteLine> {};

}  // namespace

TEST_P(Forms, Ordinates_AreThoseWritten) {
    const JcampSpectrum read = readText(head() + table(GetParam()) + "##END=\n");
    EXPECT_EQ(read.title, "a peak");
    EXPECT_EQ(read.dataType, "INFRARED SPECTRUM");
    EXPECT_FALSE(read.peaks);
    ASSERT_EQ(read.y.size(), size_t(points));
    for (int n = 0; n < points; n++) {
        EXPECT_DOUBLE_EQ(read.x[size_t(n)], first + n * step);
        EXPECT_DOUBLE_EQ(read.y[size_t(n)], yFactor * ordinate(n));
    }
}

TEST_P(Forms, ADroppedLine_IsNoticed) {
    std::string lines = table(GetParam());
    const size_t from = lines.find('\n', lines.find('\n') + 1) + 1;
    lines.erase(from, lines.find('\n', from) + 1 - from);
    const std::string told =
        replaced(head(), cat("NPOINTS=", points), cat("NPOINTS=", points - perLine));
    EXPECT_THAT(refusal(head() + lines + "##END=\n"), HasSubstr("a.jdx line "));
    EXPECT_NE(refusal(replaced(told, "##DELTAX= -25\n", "") + lines + "##END=\n"), "");
}

INSTANTIATE_TEST_SUITE_P(Jcamp, Forms,
                         testing::Values(spaced, packed, squeezedLine, squeezedWithRepetitions,
                                         differences, differencesWithRepetitions));

TEST(Jcamp, RepeatedOrdinates_MustBeTheLastOnes) {
    std::string lines = table(differences);
    const size_t second = lines.find('\n', lines.find('\n') + 1) + 1;
    const std::string own = squeezed(ordinate(perLine - 1));
    lines.replace(lines.find(own, second), own.size(), squeezed(ordinate(perLine - 1) + 1));
    EXPECT_THAT(refusal(head() + lines + "##END=\n"),
                HasSubstr(cat("line 16: the first ordinate is ", ordinate(perLine - 1) + 1,
                              ", expected ", ordinate(perLine - 1))));
}

TEST(Jcamp, RepetitionsBeyondAllSpectra_AreRefused) {
    std::string bomb = "##TITLE=a\n##XUNITS=1/CM\n##FIRSTX=1\n##LASTX=2\n##NPOINTS=3\n"
                       "##XYDATA=(X++(Y..Y))\n1A";
    for (int n = 0; n < 120; n++)
        bomb += "J1V999999";
    EXPECT_THAT(refusal(bomb + "\n##END=\n"), HasSubstr("at most 1e+07 points in all"));
}

TEST(Jcamp, Exponents_AreNoSqueezedDigits) {
    const JcampSpectrum read =
        readText("##TITLE=a\n##XUNITS=1/CM\n##FIRSTX=1000\n##LASTX=1002\n##NPOINTS=3\n"
                 "##XYDATA=(X++(Y..Y))\n1.0E+03 1.5E-2 2e1 -3.0E0\n##END=\n");
    EXPECT_THAT(read.y, testing::ElementsAre(0.015, 20, -3));
}

TEST(Jcamp, FactorsAndPairs_AreRead) {
    const JcampSpectrum read =
        readText("##TITLE=a\n##XUNITS=NANOMETERS\n##XFACTOR=0.5\n##YFACTOR=2\n##NPOINTS=3\n"
                 "##XYPOINTS=(XY..XY)\n400, 1; 410,-2.5\n430 3 $$ last\n##END=\n");
    EXPECT_THAT(read.x, testing::ElementsAre(200, 205, 215));
    EXPECT_THAT(read.y, testing::ElementsAre(2, -5, 6));
    EXPECT_EQ(read.xUnits, "NANOMETERS");
}

TEST(Jcamp, PeaksAndMissingOrdinates_AreRead) {
    const JcampSpectrum peaks = readText("##TITLE=a\n##XUNITS=1/CM\n##PEAK TABLE=(XYW..XYW)\n"
                                         "1000,5,12 1700,9,20\n##END=\n");
    EXPECT_TRUE(peaks.peaks);
    EXPECT_THAT(peaks.x, testing::ElementsAre(1000, 1700));
    EXPECT_THAT(peaks.y, testing::ElementsAre(5, 9));
    const JcampSpectrum holes =
        readText("##TITLE=a\n##XUNITS=1/CM\n##FIRSTX=1\n##LASTX=4\n##NPOINTS=4\n"
                 "##XYDATA=(X++(Y..Y))\n1 5 ? 7 8\n##END=\n");
    EXPECT_EQ(holes.missing, 1);
    EXPECT_THAT(holes.x, testing::ElementsAre(1, 3, 4));
    EXPECT_THAT(holes.y, testing::ElementsAre(5, 7, 8));
}

TEST(Jcamp, CurvesOfLinkedBlocks_AreFound) {
    const std::string outer = "##TITLE=all\n##DATA TYPE=LINK\n##BLOCKS=2\n##TITLE=peaks\n"
                              "##PEAKTABLE=(XY..XY)\n1,2\n##END=\n";
    const std::string curve = head() + table(spaced) + "##END=\n";
    EXPECT_EQ(readText(outer + curve + "##END=\n").title, "a peak");
    EXPECT_THAT(refusal(outer + curve + curve + "##END=\n"), HasSubstr("a second spectrum"));
}

TEST(Jcamp, Contradictions_AreNamedWithTheirLine) {
    const std::string good = head() + table(spaced) + "##END=\n";
    EXPECT_THAT(refusal(replaced(good, "NPOINTS=40", "NPOINTS=41")),
                HasSubstr("line 11: ##NPOINTS= is 41, but the table has 40 points"));
    EXPECT_THAT(refusal(replaced(good, "DELTAX= -25", "DELTAX= -24")),
                HasSubstr("line 8: ##DELTAX= is -24"));
    EXPECT_THAT(refusal(replaced(good, "LASTX=3025", "LASTX=0x")),
                HasSubstr("line 7: ##lastx= is \"0x\", expected a number"));
    EXPECT_THAT(refusal(replaced(good, "YFACTOR=0.5", "YFACTOR=5")),
                HasSubstr("line 12: ##FIRSTY= is 6"));
    EXPECT_THAT(refusal(replaced(good, "##NPOINTS=40\n", "")), HasSubstr("no record ##npoints="));
    EXPECT_THAT(refusal(replaced(good, "\n3825 ", "\n3875 ")),
                HasSubstr("line 16: the line begins at x = 3875, expected 3825"));
    EXPECT_THAT(refusal(replaced(good, "(X++(Y..Y))", "(X++(R..R))")), HasSubstr("the form"));
    EXPECT_THAT(refusal(replaced(good, "##END=\n", "")), HasSubstr("the file was cut off"));
    EXPECT_THAT(refusal(replaced(good, "\n3825 ", "\n3825 # ")), HasSubstr("'#' was found"));
    EXPECT_THAT(refusal("##TITLE=a\n##END=\n"), HasSubstr("no spectrum was found"));
    EXPECT_THAT(refusal("400 1\n"), HasSubstr("outside of any block"));
    EXPECT_THAT(refusal("##TITLE=a\n##XYPOINTS=(XY..XY)\n1 2 3\n##END=\n"),
                HasSubstr("expected groups of 2"));
}
