// Measured spectra: units of both axes by their definitions, and curves on a grid by formulas.
// SPDX-License-Identifier: MIT
#include "trainer/data/MeasuredSpectrum.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>
#include <numeric>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr double hc = 1239.841984;  // eV nm, CODATA 2018
constexpr double relativeTolerance = 1e-6;
const SpectrumGrid grid{500, 1, 3501};

MeasuredSpectrum readText(const std::string& text, SpectrumKind kind) {
    const TemporaryFolder folder;
    return readMeasured(folder.write("a.csv", text), kind);
}

std::string refusal(const std::string& text, SpectrumKind kind) {
    return errorOf([&] { readText(text, kind); });
}

std::string jcamp(const std::string& units, const std::string& intensities,
                  const std::string& type = "") {
    return "##TITLE=a\n##DATA TYPE=" + type + "\n##XUNITS=" + units + "\n##YUNITS=" + intensities +
           "\n##XYPOINTS=(XY..XY)\n";
}

/// A straight line from 400 to 4100 1/cm.
MeasuredSpectrum straight() {
    return {"a.csv", {400, 4100}, {0, 3700}, false, {}};
}

}  // namespace

TEST(MeasuredSpectrum, Wavelengths_BecomeAscendingEnergies) {
    for (const char* text : {"wavelength (nm), absorbance\n200,1\n400,2\n", "200 1\n400 2\n",
                             "# made\n\n200;1\n+400;2e0\n"}) {
        const MeasuredSpectrum read = readText(text, SpectrumKind::UV);
        ASSERT_EQ(read.positions.size(), 2u);
        EXPECT_NEAR(read.positions[0], hc / 400, relativeTolerance);
        EXPECT_NEAR(read.positions[1], hc / 200, relativeTolerance);
        EXPECT_THAT(read.intensities, ElementsAre(2, 1));
    }
    EXPECT_THAT(readText("2 1\n4 2\n", SpectrumKind::UV).positions, ElementsAre(2, 4));
    EXPECT_THAT(readText("2 1\n4 2\n", SpectrumKind::UV).remarks,
                ElementsAre(HasSubstr("taken as eV"), HasSubstr("taken as absorbance")));
}

TEST(MeasuredSpectrum, TitlesOfTransmittance_AreKnown) {
    for (const char* title : {"wavenumber, %T", "# Wavenumber (cm-1), Transmittance (%)",
                              "Wavenumber (cm-1) Transmittance (%)", "\"cm-1\",\"%T\"", "cm-1,T(%)",
                              "cm-1;T [%]", "cm\u207b\u00b9\tT/%"}) {
        const MeasuredSpectrum read = readText(cat(title, "\n1,100\n2,10\n"), SpectrumKind::IR);
        EXPECT_THAT(read.intensities, ElementsAre(0, 1)) << title;
        EXPECT_THAT(read.remarks, ElementsAre(HasSubstr("in percent is turned"))) << title;
    }
}

TEST(MeasuredSpectrum, TitlesWithBlanks_TellAsThoseWithCommas) {
    const TemporaryFolder folder;
    const auto read = [&](const std::string& text, SpectrumKind kind) {
        return readMeasured(folder.write("a.txt", text), kind);
    };
    const std::string rows = "250 2\n300 4\n", waves = "1000 50\n2000 10\n";
    EXPECT_EQ(read("Wavelength (nm) log(epsilon)\n" + rows, SpectrumKind::UV).intensities,
              (std::vector<double>{1e4, 1e2}));
    EXPECT_NEAR(read("Wavenumber (cm-1) %T\n" + waves, SpectrumKind::IR).intensities[1], 1, 1e-12);
    EXPECT_NEAR(read("Wavelength [nm] Absorbance\n2500 1\n5000 2\n", SpectrumKind::IR)
                    .positions[0], 2000, 1e-9);
}

TEST(MeasuredSpectrum, UntoldIntensities_AreRemarked) {
    EXPECT_THAT(readText("1,98\n2,97\n3,12\n", SpectrumKind::IR).remarks,
                ElementsAre(HasSubstr("taken as 1/cm"), HasSubstr("look like transmittance")));
    EXPECT_THAT(readText("# run number 3\n1,0\n2,0\n3,1\n", SpectrumKind::IR).remarks,
                ElementsAre(HasSubstr("taken as 1/cm"), testing::EndsWith("taken as absorbance")));
    EXPECT_TRUE(readText("Wave number,Absorbance\n1,0\n2,1\n", SpectrumKind::IR).remarks.empty());
    EXPECT_THAT(readText("1,98\n2,97\n3,12\n", SpectrumKind::Raman).remarks,
                ElementsAre(HasSubstr("taken as 1/cm")));
}

TEST(MeasuredSpectrum, UntoldScaleOfJcamp_IsRemarked) {
    const auto remarks = [](const char* unit) {
        return readText(jcamp("1/CM", unit) + "1 98 2 97 3 12\n##END=\n", SpectrumKind::IR).remarks;
    };
    EXPECT_THAT(remarks("ARBITRARY UNITS"), ElementsAre(HasSubstr("look like transmittance")));
    EXPECT_THAT(remarks("LOG(SOMETHING)"), ElementsAre(HasSubstr("look like transmittance")));
    EXPECT_TRUE(remarks("ABSORBANCE").empty());
}

TEST(MeasuredSpectrum, LinesOfACalculation_AreNoCurve) {
    for (const char* title : {"cm-1,km/mol", "# wavenumber (cm-1), IR intensity (km/mol)"}) {
        const MeasuredSpectrum read = readText(cat(title, "\n1050,80\n900,3\n"), SpectrumKind::IR);
        EXPECT_TRUE(read.lines) << title;
        EXPECT_TRUE(read.remarks.empty()) << title;
    }
    EXPECT_TRUE(readText("eV fosc\n5.1 0.2\n", SpectrumKind::UV).lines);
    const MeasuredSpectrum untold =
        readText("cm-1,intensity\n900,3\n1050,80\n3000,9\n", SpectrumKind::IR);
    EXPECT_FALSE(untold.lines);
    EXPECT_THAT(untold.remarks, ElementsAre(HasSubstr("if they are single lines")));
}

TEST(MeasuredSpectrum, UnitsOfJcamp_AreConverted) {
    const auto first = [](const char* unit, SpectrumKind kind) {
        return readText(jcamp(unit, "ABSORBANCE") + "2 1 4 2\n##END=\n", kind).positions[0];
    };
    EXPECT_DOUBLE_EQ(first("1/CM", SpectrumKind::IR), 2);
    EXPECT_DOUBLE_EQ(first("MICROMETERS", SpectrumKind::IR), 1e4 / 4);
    EXPECT_DOUBLE_EQ(first("NANOMETERS", SpectrumKind::IR), 1e7 / 4);
    EXPECT_NEAR(first("EV", SpectrumKind::IR), 2e7 / hc, 1e7 * relativeTolerance);
    EXPECT_NEAR(first("1/CM", SpectrumKind::UV), 2e-7 * hc, relativeTolerance);
    EXPECT_THAT(refusal(jcamp("SECONDS", "") + "1 1 2 2\n##END=\n", SpectrumKind::IR),
                HasSubstr("##XUNITS= is \"SECONDS\""));
    EXPECT_THAT(refusal(jcamp("NANOMETERS", "") + "1 1 2 2\n##END=\n", SpectrumKind::Raman),
                HasSubstr("expected Raman shifts in 1/cm"));
    EXPECT_THAT(refusal(jcamp("1/CM", "", "RAMAN SPECTRUM") + "1 1 2 2\n##END=\n",
                        SpectrumKind::IR),
                HasSubstr("expected a spectrum of the kind ir"));
}

TEST(MeasuredSpectrum, Transmittance_BecomesAbsorbance) {
    const auto read = [](const char* unit, const char* rows) {
        return readText(jcamp("1/CM", unit) + rows + "##END=\n", SpectrumKind::IR).intensities;
    };
    EXPECT_THAT(read("TRANSMITTANCE", "1 1 2 0.1 3 0\n"), ElementsAre(0, 1, 4));
    EXPECT_THAT(read("TRANSMITTANCE", "1 100 2 10 3 1\n"), ElementsAre(0, 1, 2));
    EXPECT_THAT(read("% TRANS.", "1 100 2 10 3 1\n"), ElementsAre(0, 1, 2));
    EXPECT_THAT(read("PERCENT T", "1 1 2 0.1 3 0.1\n"), ElementsAre(0, 1, 1));
    // One point of noise is not what tells the scale.
    EXPECT_THAT(read("TRANSMITTANCE", "1 10 2 1 3 1 4 1 5 0.1 6 0.1 7 1 8 1 9 1 10 1 11 1\n"),
                ElementsAre(-1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0));
    EXPECT_THAT(read("Log(1/R)", "1 1 2 2 3 3\n"), ElementsAre(1, 2, 3));
    EXPECT_THAT(read("LOG(IO/I)", "1 1 2 2 3 3\n"), ElementsAre(1, 2, 3));
    EXPECT_THAT(read("Logarithm epsilon", "1 1 2 2 3 3\n"), ElementsAre(10, 100, 1000));
    EXPECT_THAT(readText("wavenumber, %T\n1,100\n2,10\n", SpectrumKind::IR).intensities,
                ElementsAre(0, 1));
    EXPECT_THAT(refusal(jcamp("1/CM", "REFLECTANCE") + "1 1 2 1\n##END=\n", SpectrumKind::IR),
                HasSubstr("reflectances"));
}

TEST(MeasuredSpectrum, TextThatIsNone_IsRefused) {
    EXPECT_THAT(refusal("", SpectrumKind::IR), HasSubstr("0 points"));
    EXPECT_THAT(refusal("1,2\n2,3,4\n", SpectrumKind::IR),
                HasSubstr("a.csv line 2: 3 columns were found"));
    EXPECT_THAT(refusal("1,2\n2,nan\n", SpectrumKind::IR), HasSubstr("line 2: \"nan\""));
    EXPECT_THAT(refusal("1,2\n3,x\n", SpectrumKind::IR), HasSubstr("line 2: \"x\""));
    EXPECT_THAT(refusal("1,2\n3,4\n2,4\n4,5\n", SpectrumKind::IR), HasSubstr("3 and 2"));
    EXPECT_THAT(refusal("nm,a\n-1,2\n3,4\n", SpectrumKind::UV), HasSubstr("positive"));
}

TEST(MeasuredGrid, CurvesAreLinear_BetweenTheirPoints) {
    const GridCurve made = onGrid(straight(), SpectrumKind::IR, grid, {});
    ASSERT_EQ(made.values.size(), size_t(grid.points));
    for (size_t n = 0; n < made.values.size(); n += 100)
        EXPECT_FLOAT_EQ(made.values[n], float(100 + n));
    EXPECT_TRUE(made.remarks.empty());
}

TEST(MeasuredGrid, LinesThinnerThanTheGrid_KeepTheirStrength) {
    // A triangle 0.2 1/cm wide, of which no point of the grid lies inside.
    MeasuredSpectrum thin{"a.csv", {}, {}, false, {}};
    for (int n = 0; n <= 40'000; n++) {
        thin.positions.push_back(400 + 0.1 * n);
        thin.intensities.push_back(n == 6003 ? 1.0 : 0.0);
    }
    const GridCurve made = onGrid(thin, SpectrumKind::IR, grid, {});
    EXPECT_NEAR(made.values[500], 0.1, 1e-6);  // at 1000.3 1/cm: area over the step of the grid
    EXPECT_FLOAT_EQ(std::accumulate(made.values.begin(), made.values.end(), 0.0f), 0.1f);
}

TEST(MeasuredGrid, FrequencyScale_DividesVibrationsOnly) {
    const double scale = 0.965;
    const GridCurve made = onGrid(straight(), SpectrumKind::Raman, grid, {scale});
    EXPECT_FLOAT_EQ(made.values[500], float(1000 * scale - 400));
    EXPECT_FLOAT_EQ(onGrid(straight(), SpectrumKind::UV, grid, {scale}).values[500], 600.0f);
}

TEST(MeasuredGrid, WhatIsNotMeasured_IsUnknownAndTold) {
    const MeasuredSpectrum part{"a.csv", {1000, 2000}, {-1, 3}, false, {}};
    const GridCurve made = onGrid(part, SpectrumKind::IR, grid, {});
    EXPECT_EQ(made.values[499], 0.0f);
    EXPECT_EQ(made.values[500], 0.0f);
    EXPECT_FLOAT_EQ(made.values[1500], 3.0f);
    EXPECT_EQ(made.values[1501], 0.0f);
    EXPECT_EQ(made.first, 500);
    EXPECT_EQ(made.known, 1001);
    EXPECT_THAT(made.remarks,
                ElementsAre(HasSubstr("250 negative points"),
                            HasSubstr("1000.00 to 2000.00 of 500.00 to 4000.00 1/cm")));
    const MeasuredSpectrum far{"a.csv", {1, 2}, {1, 1}, false, {}};
    EXPECT_THAT(errorOf([&] { onGrid(far, SpectrumKind::IR, grid, {}); }),
                HasSubstr("spectrum of a.csv: it is zero or absent from 500.00"));
}

TEST(MeasuredGrid, Ranges_AreOfTheMeasuredAxis) {
    const double scale = 0.965;
    const GridCurve made =
        onGrid(straight(), SpectrumKind::IR, grid, {scale, 0.0, AxisRange{965, 1930}});
    EXPECT_EQ(made.first, 500);  // 1000 1/cm
    EXPECT_EQ(made.known, 1001);
    EXPECT_EQ(made.values[499], 0.0f);
    EXPECT_GT(made.values[500], 0.0f);
    EXPECT_GT(made.values[1500], 0.0f);
    EXPECT_EQ(made.values[1501], 0.0f);
    EXPECT_THAT(errorOf([&] {
                    onGrid(straight(), SpectrumKind::IR, grid, {1.0, 0.0, AxisRange{1, 2}});
                }),
                HasSubstr("or from the range that was asked for"));
}

TEST(MeasuredGrid, RamanIntensities_BecomeActivities) {
    const GridCurve flat = onGrid({"a.csv", {500, 4000}, {1, 1}, false, {}}, SpectrumKind::Raman,
                                  grid, {1.0, 0.0, {}, 785.0});
    // By hand: nu (1 - exp(-hc nu/kT)) / (nu0 - nu)^4 at 3000 over the same at 1000 1/cm.
    const double nu0 = 1e7 / 785;
    const double expected = 3.0 * (1 - std::exp(-1.438777 * 3000 / 298.15)) /
                            (1 - std::exp(-1.438777 * 1000 / 298.15)) *
                            std::pow((nu0 - 1000) / (nu0 - 3000), 4);
    EXPECT_NEAR(flat.values[2500] / flat.values[500], expected, 1e-4);
    const GridCurve infrared = onGrid({"a.csv", {500, 4000}, {1, 1}, false, {}}, SpectrumKind::IR,
                                      grid, {1.0, 0.0, {}, 785.0});
    EXPECT_EQ(infrared.values[2500], infrared.values[500]);
    MeasuredSpectrum lines{"a.csv", {1000, 3000}, {1, 1}, true, {}};
    const auto ratio = [&] {
        const GridCurve made = onGrid(lines, SpectrumKind::Raman, grid, {1.0, 12.0, {}, 785.0});
        return made.values[2500] / made.values[500];
    };
    EXPECT_NEAR(ratio(), expected, 1e-3);  // peaks of an instrument
    lines.calculated = true;
    EXPECT_NEAR(ratio(), 1.0, 1e-3);
}

TEST(MeasuredGrid, Limits_OnlyForget) {
    GridCurve curve{std::vector<float>(size_t(grid.points), 1.0f), 100, 200, {}};
    limitTo({0, 700}, grid, curve);
    EXPECT_EQ(curve.first, 100);
    EXPECT_EQ(curve.known, 101);
    limitTo({5000, 6000}, grid, curve);
    EXPECT_EQ(curve.known, 0);
    EXPECT_EQ(std::accumulate(curve.values.begin(), curve.values.end(), 0.0f), 0.0f);
    scaleMean(3.0, curve);
    EXPECT_EQ(curve.values[150], 0.0f);
    GridCurve whole{std::vector<float>(size_t(grid.points), 1.0f), 0, grid.points, {}};
    limitTo({-HUGE_VAL, 1e300}, grid, whole);
    EXPECT_EQ(whole.known, grid.points);
    limitTo({650, HUGE_VAL}, grid, whole);
    EXPECT_EQ(whole.first, 150);
    EXPECT_EQ(whole.known, grid.points - 150);
}

TEST(MeasuredGrid, MeanOfKnownPoints_IsThatOfTraining) {
    const double wanted = 7.5;
    const MeasuredSpectrum part{"a.csv", {1000, 2000}, {1, 3}, false, {}};
    GridCurve made = onGrid(part, SpectrumKind::IR, grid, {});
    scaleMean(wanted, made);
    const double sum = std::accumulate(made.values.begin(), made.values.end(), 0.0);
    EXPECT_NEAR(sum / 1001, wanted, 1e-5 * wanted);
}

TEST(MeasuredGrid, Peaks_BecomeBroadenedLines) {
    const MeasuredSpectrum peaks{"a.csv", {965}, {2}, true, {}};
    const GridCurve made = onGrid(peaks, SpectrumKind::IR, grid, {0.965, 12.0, {}});
    const double height = 2.0 / (M_PI * 6.0);  // of a Lorentzian of area 2 and half width 6
    EXPECT_NEAR(made.values[500], height, 1e-5 * height);
    EXPECT_NEAR(made.values[506], height / 2, 1e-5 * height);
}
