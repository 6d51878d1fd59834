// Extended XYZ: the spellings that programs write, and errors with their lines.
// SPDX-License-Identifier: MIT
#include "trainer/data/Readers.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;

namespace {

const std::string properties = "Properties=species:S:1:pos:R:3:forces:R:3";
const std::string atom = "O 1 2 3 0.5 -0.25 0.125\n";

std::vector<Frame> read(const std::string& text) {
    const TemporaryFolder folder;
    return readExtendedXyz(folder.write("x.xyz", text));
}

/// A frame of one atom with this comment line.
std::vector<Frame> readComment(const std::string& comment) {
    return read("1\n" + comment + "\n" + atom);
}

/// The error without the name of the file, which changes.
std::string misreading(const std::string& text) {
    const std::string error = errorOf([&] { read(text); });
    EXPECT_THAT(error, testing::StartsWith("reading "));
    return error.substr(error.find("x.xyz") + 6);
}

std::string misreadingComment(const std::string& comment) {
    return misreading("1\n" + comment + "\n" + atom);
}

}  // namespace

TEST(ExtendedXyz, Frames_MayBeOfDifferentMolecules) {
    const auto frames = read("2\n" + properties + " energy=-1.5\n" + atom +
                             "H 4 5 6 7 8 9\n1\n" + properties + " energy=2e-3\n" + atom);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(frames[0].numbers, (std::vector<int>{8, 1}));
    EXPECT_EQ(frames[0].positions, (std::vector<double>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(frames[0].forces, (std::vector<double>{0.5, -0.25, 0.125, 7, 8, 9}));
    EXPECT_EQ(frames[0].energy, -1.5);
    EXPECT_EQ(frames[1].energy, 2e-3);
    EXPECT_FALSE(frames[0].cell);
}

TEST(ExtendedXyz, Columns_MayComeInAnyOrder) {
    const auto frames = read("1\nenergy=1 Properties=forces:R:3:id:I:1:Z:I:1:pos:R:3:q:R:1\n"
                             "0.5 -0.25 0.125 77 8 1 2 3 -0.8\n");
    EXPECT_EQ(frames[0].numbers, (std::vector<int>{8}));
    EXPECT_EQ(frames[0].positions, (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(frames[0].forces, (std::vector<double>{0.5, -0.25, 0.125}));
}

TEST(ExtendedXyz, OtherNamesOfLabels_AreKnown) {
    using Names = std::pair<std::string, std::string>;
    for (const auto& [energy, forces] : {Names("energy", "force"), Names("Energy", "forces"),
                                         Names("REF_energy", "REF_forces"),
                                         Names("dft_energy", "dft_forces"),
                                         Names("DFT_energy", "DFT_forces")}) {
        const auto frames =
            readComment(energy + "=4 Properties=species:S:1:pos:R:3:" + forces + ":R:3");
        EXPECT_EQ(frames[0].energy, 4);
        EXPECT_EQ(frames[0].forces[2], 0.125);
    }
    // What else is there does no harm as long as one pair is whole.
    EXPECT_EQ(readComment("energy=9 REF_energy=4 Properties=species:S:1:pos:R:3:REF_forces:R:3")[0]
                  .energy, 4);
}

TEST(ExtendedXyz, LabelsOfTwoCalculations_AreNotMixed) {
    EXPECT_THAT(misreadingComment("energy=4 Properties=species:S:1:pos:R:3:REF_forces:R:3"),
                HasSubstr("line 2: the labels energy and REF_forces were found, expected energy "
                          "and forces of one calculation"));
    EXPECT_THAT(misreading("1\nenergy=4 dft_energy=5 Properties=species:S:1:pos:R:3:forces:R:3:"
                           "dft_forces:R:3\n" + atom.substr(0, atom.size() - 1) + " 1 2 3\n"),
                HasSubstr("the labels energy, dft_energy and forces, dft_forces"));
}

TEST(ExtendedXyz, ChargeAndSpin_AreRemembered) {
    EXPECT_EQ(readComment(properties + " energy=1 spin=2 charge=-1")[0].state, "charge -1, spin 2");
    EXPECT_EQ(readComment(properties + " energy=1")[0].state, "");
}

TEST(ExtendedXyz, Quotations_MayHoldSpacesAndEqualSigns) {
    const auto frames = readComment("name=\"a = b energy=9\" note='it is' list={1 2} flag "
                                    "\"energy\"=\" -1.25E2 \" " + properties + " smiles=C=O");
    EXPECT_EQ(frames[0].energy, -125);
}

TEST(ExtendedXyz, WindowsLineEndsAndBlankLines_AreAccepted) {
    std::string text = "\n1\n" + properties + "\tenergy = 1\n" + atom + "\n \n\n";
    std::string windows;
    for (char letter : text)
        windows += letter == '\n' ? std::string("\r\n") : std::string(1, letter);
    EXPECT_EQ(read(windows).size(), 1u);
    EXPECT_EQ(read(windows)[0].forces[2], 0.125);
    text = "1\n" + properties + " energy=1\n" + atom;
    text.pop_back();
    EXPECT_EQ(read(text).size(), 1u) << "no line end at the end of the file";
}

TEST(ExtendedXyz, Lattice_IsTakenWhereItIsPeriodic) {
    const std::string lattice = " Lattice=\"1 2 3 4 5 6 7 8 10\" energy=1 ";
    const Cell expected = {{{1, 2, 3}, {4, 5, 6}, {7, 8, 10}}};
    EXPECT_EQ(readComment(properties + lattice)[0].cell, expected);
    EXPECT_EQ(readComment(properties + lattice + "pbc=\"T T T\"")[0].cell, expected);
    EXPECT_EQ(readComment(properties + lattice + "pbc=\"F F F\"")[0].cell, std::nullopt);
    EXPECT_THAT(misreadingComment(properties + lattice + "pbc=\"T T F\""),
                HasSubstr("line 2: pbc=\"T T F\" is periodic in some directions only, expected "
                          "\"T T T\" or \"F F F\""));
    EXPECT_THAT(misreadingComment(properties + lattice + "pbc=\"yes\""), HasSubstr("pbc=\"yes\""));
    EXPECT_THAT(misreadingComment(properties + " energy=1 pbc=\"T T T\""),
                HasSubstr("there is no Lattice="));
    EXPECT_THAT(misreadingComment(properties + " energy=1 Lattice=\"1 2 3\""),
                HasSubstr("Lattice= has 3 numbers, expected 9"));
}

TEST(ExtendedXyz, PlainXyz_IsToldWhatIsMissing) {
    EXPECT_THAT(misreading("1\nwater\nO 0 0 0\n"),
                HasSubstr("line 2: the comment line has no Properties=, expected "
                          "Properties=species:S:1:pos:R:3:forces:R:3 energy=..."));
    EXPECT_THAT(misreadingComment(properties),
                HasSubstr("line 2: the comment line has no energy="));
    EXPECT_THAT(misreading("1\nProperties=species:S:1:pos:R:3 energy=1\nO 0 0 0\n"),
                HasSubstr("line 2: Properties= has pos, species but no forces"));
    EXPECT_THAT(misreading("1\nProperties=pos:R:3:forces:R:3 energy=1\n0 0 0 0 0 0\n"),
                HasSubstr("but no species"));
}

TEST(ExtendedXyz, Errors_NameTheLine) {
    const std::string start = "2\n" + properties + " energy=1\n" + atom;
    EXPECT_THAT(misreading(start), HasSubstr("line 3: the file ends after 1 of 2 atoms"));
    EXPECT_THAT(misreading(start + "H 1 2\n"),
                HasSubstr("line 4: 3 columns were found, expected 7"));
    EXPECT_THAT(misreading(start + "Xx 1 2 3 4 5 6\n"),
                HasSubstr("line 4: reading an element: \"Xx\""));
    EXPECT_THAT(misreading(start + "H 1 2 x 4 5 6\n"),
                HasSubstr("line 4: a position is \"x\", expected a number"));
    EXPECT_THAT(misreading(start + "H 1 2 3 nan 5 6\n"), HasSubstr("line 4: a force is nan"));
    EXPECT_THAT(misreading(start + atom + "\nfive\n"),
                HasSubstr("line 6: the number of atoms is \"five\", expected an integer"));
    EXPECT_THAT(misreading("0\n\n"), HasSubstr("line 1: the number of atoms is 0"));
    EXPECT_THAT(misreading("3"), HasSubstr("line 1: the file ends before the comment line"));
    EXPECT_THAT(misreading("999999999999\n" + properties + " energy=1\n" + atom),
                HasSubstr("after 1 of 999999999999 atoms"));
    EXPECT_THAT(misreading("\n\n"), HasSubstr("the file has no frames"));
}

TEST(ExtendedXyz, CommentLines_AreCheckedToo) {
    EXPECT_THAT(misreadingComment(properties + " energy=much"),
                HasSubstr("line 2: the energy is \"much\", expected a number"));
    EXPECT_THAT(misreadingComment(properties + " energy=inf"), HasSubstr("the energy is inf"));
    EXPECT_THAT(misreadingComment(properties + " energy=\"1"), HasSubstr("has no end"));
    EXPECT_THAT(misreadingComment("energy=1 Properties=species:S"), HasSubstr("three by three"));
    EXPECT_THAT(misreadingComment("energy=1 Properties=species:S:x:pos:R:3"),
                HasSubstr("the width of a property is \"x\""));
    EXPECT_THAT(misreadingComment("energy=1 Properties=species:S:1:pos:R:2:forces:R:3"),
                HasSubstr("property pos has 2 columns, expected 3"));
    EXPECT_THAT(misreading("1\nenergy=1 Properties=Z:I:1:pos:R:3:forces:R:3\n0 1 2 3 4 5 6\n"),
                HasSubstr("line 3: the atomic number is 0, expected [1, 118]"));
}

TEST(ExtendedXyz, TruncatedFiles_NeverCrash) {
    const std::string text = "2\n" + properties + " Lattice=\"9 0 0 0 9 0 0 0 9\" energy=-1.5\n" +
                             atom + "H 4 5 6 7 8 9";
    size_t refused = 0;
    for (size_t length = 0; length < text.size(); length++) {
        try {
            read(text.substr(0, length));
        } catch (const Error&) {
            refused++;
        }
    }
    EXPECT_EQ(refused, text.size());
}
