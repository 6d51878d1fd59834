// Readers of molecules: what is good is read whatever stands beside it, the rest is counted.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Zip.h"
#include "trainer/data/MoleculeReader.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Shard.h"
#include "unit/BuildMolecule.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// Files have four digits behind the point.
constexpr double printedTolerance = 5.1e-5;

struct Found {
    ReadReport report;
    std::vector<NamedMolecule> molecules;
};

Found readAll(const std::string& path, const ReadOptions& options = {}) {
    Found found;
    readMolecules(path, options, found.report, [&](NamedMolecule&& molecule) {
        found.molecules.push_back(std::move(molecule));
        return true;
    });
    EXPECT_EQ(found.report.read, int64_t(found.molecules.size()));
    return found;
}

std::string fixed(double value, size_t width) {
    std::string text = toFixed(value, 4);
    return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

/// A V2000 record without bonds.
std::string sdf(const Molecule& molecule, const std::string& title,
                const std::string& dimensions = "3D", double depth = 1) {
    std::string count = std::to_string(molecule.numbers.size());
    count.insert(0, 3 - count.size(), ' ');
    std::string text = cat(title, "\n", std::string(20, ' '), dimensions, "\n\n", count,
                           "  0  0  0  0  0  0  0  0  0999 V2000\n");
    for (size_t i = 0; i < molecule.numbers.size(); i++) {
        for (size_t d = 0; d < 3; d++)
            text += fixed(molecule.positions[3 * i + d] * (d == 2 ? depth : 1), 10);
        std::string symbol = symbolOf(molecule.numbers[i]);
        symbol.resize(3, ' ');
        text += cat(" ", symbol, " 0  0  0  0  0  0  0  0  0  0  0  0\n");
    }
    return text + "M  END\n> <field>\n1\n\n$$$$\n";
}

std::string xyz(const Molecule& molecule, const std::string& comment) {
    std::string text = cat(molecule.numbers.size(), "\n", comment);
    for (size_t i = 0; i < molecule.numbers.size(); i++) {
        text += symbolOf(molecule.numbers[i]);
        for (size_t d = 0; d < 3; d++)
            text += cat(" ", fixed(molecule.positions[3 * i + d], 10));
        text += "\n";
    }
    return text;
}

void expectSame(const Molecule& found, const Molecule& expected, int64_t index) {
    EXPECT_EQ(found.index, index);
    EXPECT_EQ(found.numbers, expected.numbers);
    ASSERT_EQ(found.positions.size(), expected.positions.size());
    for (size_t k = 0; k < expected.positions.size(); k++)
        EXPECT_NEAR(found.positions[k], expected.positions[k], printedTolerance);
}

bool sameBonds(const Molecule& a, const Molecule& b) {
    return moleculeKey(a.numbers, a.positions) == moleculeKey(b.numbers, b.positions);
}

}  // namespace

TEST(Sdf, Records_KeepTheirGeometriesAndTitles) {
    const TemporaryFolder folder;
    const auto [report, found] =
        readAll(folder.write("a.sdf", sdf(ethanol(), "ethanol") + sdf(water(), "water")));
    ASSERT_EQ(found.size(), 2u);
    expectSame(found[0].molecule, ethanol(), 0);
    expectSame(found[1].molecule, water(), 1);
    EXPECT_EQ(found[0].name, "ethanol");
    EXPECT_EQ(report.failed, 0);
}

TEST(Sdf, BadRecords_AreCountedAndTheNextAreRead) {
    const TemporaryFolder folder;
    std::string garbled = sdf(ethanol(), "garbled"), cut = sdf(water(), "cut");
    garbled.replace(garbled.find("  9  0"), 3, " xx");
    cut.erase(cut.find("M  END"), 7);
    std::string tooFew = sdf(water(), "too few");
    tooFew.replace(tooFew.find("  3  0"), 3, "  7");
    std::string twice = sdf(water(), "first");
    twice.erase(twice.find("$$$$"));
    const auto [report, found] = readAll(folder.write(
        "a.sdf", sdf(water(), "a") + garbled + sdf(water(), "b") + cut + tooFew + twice +
                     sdf(water(), "second") + "words\n$$$$\n" + sdf(ethanol(), "c")));
    ASSERT_EQ(found.size(), 3u);
    expectSame(found[1].molecule, water(), 2);
    expectSame(found[2].molecule, ethanol(), 7);
    EXPECT_EQ(report.failed, 5);
    ASSERT_EQ(report.reasons.size(), 5u);
    EXPECT_THAT(report.reasons[0], HasSubstr("record 1: "));
    EXPECT_THAT(report.reasons[1], HasSubstr("record 3: it ends before its line \"M  END\""));
    EXPECT_THAT(report.reasons[2], HasSubstr("record 4: "));
    EXPECT_THAT(report.reasons[3], HasSubstr("record 5: it holds several molecules"));
    EXPECT_THAT(report.reasons[4], HasSubstr("record 6: "));
}

TEST(Sdf, DrawingsAndBareSkeletons_AreNoGeometries) {
    const TemporaryFolder folder;
    Molecule carbons;
    addRing(carbons, 6, 6, 0);
    const Molecule flatWater{{8, 1, 1}, {0, 0, 0, 0.96, 0, 0, -0.24, 0.93, 0}, 0, {}};
    const auto [report, found] = readAll(folder.write(
        "a.sdf", sdf(ethanol(), "said to be flat", "2D", 0) + sdf(ethanol(), "flat", "  ", 0) +
                     sdf(carbons, "bare", "3D") + sdf(flatWater, "of three", "  ")));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].molecule.index, 3);
    ASSERT_EQ(report.reasons.size(), 3u);
    EXPECT_THAT(report.reasons[0], HasSubstr("no 3D coordinates; --embed"));
    EXPECT_THAT(report.reasons[1], HasSubstr("no 3D coordinates"));
    EXPECT_THAT(report.reasons[2], HasSubstr("hydrogens are missing; --embed"));
}

TEST(Sdf, EmbeddedDrawingsAndSkeletons_AreWholeGeometries) {
    const TemporaryFolder folder;
    const std::string counts = "  3  2  0  0  0  0  0  0  0  0999 V2000\n";
    const std::string bonds = "  1  2  1  0\n  2  3  1  0\nM  END\n$$$$\n";
    const std::string drawing = "drawing\n                    2D\n\n" + counts +
                                "    0.0000    0.0000    0.0000 C   0  0\n"
                                "    1.2990    0.7500    0.0000 C   0  0\n"
                                "    2.5981    0.0000    0.0000 O   0  0\n" + bonds;
    const std::string skeleton = "skeleton\n                    3D\n\n" + counts +
                                 "    0.0000    0.0000    0.1000 C   0  0\n"
                                 "    1.5100    0.0000    0.0000 C   0  0\n"
                                 "    2.0000    1.3400    0.0000 O   0  0\n" + bonds;
    const std::string path =
        folder.write("a.sdf", drawing + sdf(water(), "whole") + skeleton);
    const auto [report, found] = readAll(path, {.threads = 3, .embed = true});
    ASSERT_EQ(found.size(), 3u) << join(report.reasons, "; ");
    EXPECT_TRUE(sameBonds(found[0].molecule, ethanol()));
    expectSame(found[1].molecule, water(), 1);
    EXPECT_TRUE(sameBonds(found[2].molecule, ethanol()));
    EXPECT_EQ(found[2].molecule.index, 2);
    EXPECT_EQ(found[2].name, "skeleton");
}

TEST(Sdf, EmbeddedDrawings_KeepTheirWedges) {
    const TemporaryFolder folder;
    const auto drawn = [](const std::string& wedge) {
        return "bromochlorofluoromethane\n                    2D\n\n"
               "  4  3  0  0  0  0  0  0  0  0999 V2000\n"
               "    0.0000    0.0000    0.0000 C   0  0\n"
               "    0.0000    1.0000    0.0000 F   0  0\n"
               "    0.8660   -0.5000    0.0000 Cl  0  0\n"
               "   -0.8660   -0.5000    0.0000 Br  0  0\n"
               "  1  2  1  " + wedge + "\n  1  3  1  0\n  1  4  1  0\nM  END\n$$$$\n";
    };
    const Found found = readAll(folder.write("a.sdf", drawn("1") + drawn("6")), {.embed = true});
    ASSERT_EQ(found.molecules.size(), 2u) << join(found.report.reasons, "; ");
    std::vector<double> volumes;
    for (const NamedMolecule& each : found.molecules) {
        const auto at = [&](size_t atom) {
            const double* const x = each.molecule.positions.data() + 3 * atom;
            return Vector{x[0], x[1], x[2]};
        };
        const Vector f = minus(at(1), at(0)), cl = minus(at(2), at(0)), br = minus(at(3), at(0));
        const Vector normal = cross(cl, br);
        volumes.push_back(f[0] * normal[0] + f[1] * normal[1] + f[2] * normal[2]);
    }
    EXPECT_LT(volumes[0] * volumes[1], 0) << volumes[0] << " and " << volumes[1];
}

TEST(Sdf, Records_KeepTheirOrderWithThreads) {
    const TemporaryFolder folder;
    std::string text;
    for (int k = 0; k < 150; k++)
        text += sdf(k % 3 == 0 ? ethanol() : water(), std::to_string(k));
    const Found found = readAll(folder.write("a.sdf", text), {.threads = 4});
    ASSERT_EQ(found.molecules.size(), 150u);
    for (int k = 0; k < 150; k++) {
        EXPECT_EQ(found.molecules[size_t(k)].name, std::to_string(k));
        EXPECT_EQ(found.molecules[size_t(k)].molecule.index, k);
    }
}

TEST(Sdf, PolarHydrogensAlone_AreTooFew) {
    const TemporaryFolder folder;
    const std::string skeleton = "  0  0  0  0  0  0  0  0  0999 V2000\n"
                                 "    0.0000    0.0000    0.1000 C   0  0\n"
                                 "    1.4200    0.0000    0.0000 O   0  0\n"
                                 "    1.7000    0.9000    0.0000 H   0  0\n";
    const std::string bonds = "  1  2  1  0\n  2  3  1  0\n", end = "M  END\n$$$$\n";
    const std::string polar = "polar\n\n\n  3  2" + skeleton + bonds + end;
    const std::string whole = "whole\n\n\n  6  5" + skeleton +
                              "   -0.5000    1.0000    0.0000 H   0  0\n"
                              "   -0.5000   -0.5000    0.9000 H   0  0\n"
                              "   -0.5000   -0.5000   -0.9000 H   0  0\n" +
                              bonds + "  1  4  1  0\n  1  5  1  0\n  1  6  1  0\n" + end;
    const auto [report, found] = readAll(folder.write("a.sdf", polar + whole));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].name, "whole");
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("record 0: hydrogens are missing")));
}

TEST(Sdf, DataFields_MayHoldMolecules) {
    const TemporaryFolder folder;
    const std::string inner = "parent\n  made\n  by hand\n  1  0  0  0  0  0  0  0  0  0999 V2000\n"
                              "    0.0000    0.0000    0.0000 C   0  0\nM  END\n\n";
    std::string text = sdf(water(), "w");
    text.insert(text.find("$$$$"), "> <parent>\n" + inner);
    EXPECT_EQ(readAll(folder.write("a.sdf", text)).report.read, 1);
}

TEST(Sdf, LastRecordWithoutItsEnd_IsRead) {
    const TemporaryFolder folder;
    std::string text = sdf(water(), "w");
    text.erase(text.find("> <field>"));
    EXPECT_EQ(readAll(folder.write("a.sdf", text)).report.read, 1);
    text.erase(text.find("M  END"));
    EXPECT_EQ(readAll(folder.write("a.sdf", text)).report.failed, 1);
}

TEST(Sdf, Reading_StopsWhenNoMoreIsWanted) {
    const TemporaryFolder folder;
    const std::string path = folder.write("a.sdf", sdf(water(), "a") + sdf(water(), "b"));
    ReadReport report;
    readMolecules(path, {}, report, [](NamedMolecule&&) { return false; });
    EXPECT_EQ(report.read, 1);
}

TEST(Xyz, Frames_AreReadPastBadOnes) {
    const TemporaryFolder folder;
    std::string bad = xyz(ethanol(), "bad\n"), unknown = xyz(water(), "unknown\n");
    bad.replace(bad.find("O  "), 1, "0.1.2");
    unknown.replace(unknown.find("O  "), 1, "Qq");
    const auto [report, found] = readAll(
        folder.write("a.xyz", xyz(water(), "w\n") + bad + unknown + xyz(ethanol(), "e\n") +
                                  "words\nmore words\n" + xyz(water(), "w\n") + "5\n"));
    ASSERT_EQ(found.size(), 3u);
    expectSame(found[0].molecule, water(), 0);
    expectSame(found[1].molecule, ethanol(), 3);
    expectSame(found[2].molecule, water(), 5);
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("frame 1: line 10 is no atom"),
                                            HasSubstr("frame 2: line 19 is no atom"),
                                            HasSubstr("frame 4: line 33 is no number of atoms"),
                                            HasSubstr("frame 6: the file ends before its")));
}

TEST(Xyz, SurplusAtoms_FailTheirFrame) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(
        folder.write("a.xyz", "1\n\nHe 0 0 0\nNe 3 0 0\nNe 6 0 0\n" + xyz(water(), "w\n")));
    ASSERT_EQ(found.size(), 1u);
    expectSame(found[0].molecule, water(), 1);
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("frame 0: line 4 is one atom more")));
    EXPECT_EQ(report.strayLine, 0);
}

TEST(Xyz, StrayLine_IsKnown) {
    const TemporaryFolder folder;
    const std::string text = xyz(water(), "w\n") + "\nwords\n" + xyz(water(), "w\n");
    EXPECT_EQ(readAll(folder.write("a.xyz", text)).report.strayLine, 7);
}

TEST(Xyz, ExtendedFrames_AreReadInAnyOrderOfColumns) {
    const TemporaryFolder folder;
    const std::string plain = "Properties=species:S:1:pos:R:3:charge:R:1\n";
    const std::string other = "Properties=forces:R:3:species:S:1:pos:R:3 energy=-1\n";
    EXPECT_EQ(readAll(folder.write("a.extxyz", xyz(water(), plain))).report.read, 1);
    const auto found = readAll(folder.write("b.xyz", cat("1\n", other, "0 0 0 He 1 2 3\n")));
    ASSERT_EQ(found.molecules.size(), 1u);
    EXPECT_THAT(found.molecules[0].molecule.positions, ElementsAre(1, 2, 3));
}

TEST(XyzZip, Members_AreReadByTheirNumbers) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(folder.write(
        "a.zip", storedZip({{"dir/00/12.xyz", xyz(water(), "")},
                            {"dir/00/13.xyz", xyz(ethanol(), "a comment\n")},
                            {"dir/00/14.xyz", "3\nO 0 0 0\n"},
                            {"dir/15.xyz", "atoms"},
                            {"dir/readme.txt", "words"},
                            {"dir/x.xyz", xyz(water(), "\n")}})));
    ASSERT_EQ(found.size(), 3u);
    expectSame(found[0].molecule, water(), 12);
    expectSame(found[1].molecule, ethanol(), 13);
    expectSame(found[2].molecule, water(), 4);
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("dir/00/14.xyz: it has 2 lines"),
                                            HasSubstr("dir/15.xyz: its first line is no number")));
}

TEST(XyzZip, MembersWithMoreThanAFrame_AreCounted) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(folder.write(
        "a.zip", storedZip({{"1.xyz", xyz(water(), "w\n") + xyz(water(), "w\n")},
                            {"2.xyz", "1\n\nHe 0 0 0\nNe 3 0 0\n"},
                            {"__MACOSX/._3.xyz", "bytes"},
                            {"3.xyz", xyz(water(), "w\n") + "12.5 13.5\n"}})));
    ASSERT_EQ(found.size(), 1u);
    expectSame(found[0].molecule, water(), 3);
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("1.xyz: line 6 begins a second frame"),
                                            HasSubstr("2.xyz: it has more than the 1 atoms")));
}

TEST(XyzZip, ArchivesOfOtherFiles_AreRefused) {
    const TemporaryFolder folder;
    const std::string path = folder.write("a.zip", storedZip({{"raw/data.csv.gz", "bytes"}}));
    EXPECT_THAT(errorOf([&] { readAll(path); }), HasSubstr("holds raw/data.csv.gz, expected .xyz"));
}

TEST(XyzZip, DamagedMember_IsCountedAndTheNextIsRead) {
    const TemporaryFolder folder;
    std::string bytes = storedZip({{"1.xyz", xyz(water(), "")}, {"2.xyz", xyz(water(), "")}});
    bytes[bytes.find("O  ")] = 'N';
    const Found found = readAll(folder.write("a.zip", bytes));
    EXPECT_EQ(found.report.read, 1);
    EXPECT_THAT(found.report.reasons, ElementsAre(HasSubstr("checksum of \"1.xyz\" differs")));
}

TEST(Smiles, Geometries_HaveTheMoleculesBonds) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(folder.write("a.smi", "CCO ethanol\nCOC\n\nO\n"));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_TRUE(sameBonds(found[0].molecule, ethanol()));
    EXPECT_TRUE(sameBonds(found[1].molecule, dimethylEther()));
    EXPECT_TRUE(sameBonds(found[2].molecule, water()));
    EXPECT_EQ(found[0].name, "CCO ethanol");
    EXPECT_EQ(found[1].name, "COC");
    EXPECT_EQ(found[2].molecule.index, 2);
}

TEST(Smiles, ColumnsOfATable_AreFoundByName) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(
        folder.write("a.csv", "idx,homo,smiles\n7,0.1,\"CCO\"\n8,0.2\n9,0.3,\nx,0.4,C\n"
                              "11,0.5,O\n"));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].molecule.index, 7);
    EXPECT_EQ(found[1].molecule.index, 11);
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("line 3: it has 2 columns"),
                                            HasSubstr("line 4: it has no SMILES"),
                                            HasSubstr("line 5: C: reading the index")));
    EXPECT_EQ(readAll(folder.write("b.txt", "CCO,1\nO,2\n")).report.read, 2);
}

TEST(Smiles, Names_AreThoseOfTheFile) {
    const TemporaryFolder folder;
    const auto names = [&](const std::string& file, const std::string& text) {
        std::vector<std::string> all;
        for (const NamedMolecule& each : readAll(folder.write(file, text)).molecules)
            all.push_back(each.name);
        return all;
    };
    EXPECT_THAT(names("a.smi", "CCO\tethanol\tpure\nO\n"), ElementsAre("CCO ethanol pure", "O"));
    EXPECT_THAT(names("b.csv", "id,smiles,gap\nZ-1,O,0.3\nZ-2,CCO,0.2\n"),
                ElementsAre("O Z-1", "CCO Z-2"));
    EXPECT_THAT(names("c.csv", "id,name,smiles\n4,water,O\n5,,CCO\n"),
                ElementsAre("O water", "CCO"));
    EXPECT_THAT(names("d.csv", "O,0.3\nCCO,0.2\n"), ElementsAre("O", "CCO"));
}

TEST(Smiles, QuotedCells_MayHoldSeparatorsAndLineBreaks) {
    const TemporaryFolder folder;
    const auto [report, found] = readAll(
        folder.write("a.csv", "Isomeric SMILES,name,id\nCCO,\"ethanol, pure\",7\n\"COC\n\",x,8\n"));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_TRUE(sameBonds(found[0].molecule, ethanol()));
    EXPECT_EQ(found[0].molecule.index, 7);
    EXPECT_TRUE(sameBonds(found[1].molecule, dimethylEther()));
    EXPECT_EQ(found[1].molecule.index, 8);
}

TEST(Smiles, QuotesWithinNames_AreLetters) {
    const TemporaryFolder folder;
    const auto smi = readAll(folder.write("a.smi", "O 2,2\"-ring\nCCO \"5 pipe\nCOC x\n"));
    ASSERT_EQ(smi.molecules.size(), 3u);
    EXPECT_TRUE(sameBonds(smi.molecules[1].molecule, ethanol()));
    const auto csv = readAll(
        folder.write("a.csv", "smiles,name\nO,5\" pipe\nCCO,\"say \"\"x\"\"\"\n"));
    ASSERT_EQ(csv.molecules.size(), 2u);
    EXPECT_EQ(csv.molecules[1].molecule.index, 1);
}

TEST(Smiles, QuotationWithoutEnd_CostsItsOwnRowOnly) {
    const TemporaryFolder folder;
    std::string text = "smiles,name\nO,a\nCCO,\"open\n";
    for (int k = 0; k < 12; k++)
        text += "COC,b\n";
    const auto [report, found] = readAll(folder.write("a.csv", text));
    EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("line 3: a quotation that begins in it")));
    ASSERT_EQ(found.size(), 13u);
    EXPECT_EQ(found[1].molecule.index, 2);
    EXPECT_EQ(found[12].molecule.index, 13);
}

TEST(Smiles, FirstLineThatIsNone_MayBeTitles) {
    const TemporaryFolder folder;
    EXPECT_EQ(readAll(folder.write("a.csv", "structure,name\nO,a\n")).report.strayLine, 1);
    EXPECT_EQ(readAll(folder.write("a.csv", "SMILES_iso,name\nO,a\n")).report.strayLine, 0);
    EXPECT_EQ(readAll(folder.write("a.csv", "O,a\nnone,b\n")).report.strayLine, 0);
}

TEST(Smiles, NamesInTheColumnId_AreNoIndices) {
    const TemporaryFolder folder;
    const auto found = readAll(folder.write("a.csv", "id,smiles\nCHEMBL25,O\nCHEMBL26,CCO\n"));
    ASSERT_EQ(found.molecules.size(), 2u);
    EXPECT_EQ(found.molecules[1].molecule.index, 1);
}

TEST(Smiles, SeveralMoleculesInALine_AreCounted) {
    const TemporaryFolder folder;
    const auto found = readAll(folder.write("a.smi", "CCN.Cl\nO\n"));
    EXPECT_EQ(found.report.read, 1);
    EXPECT_THAT(found.report.reasons, ElementsAre(HasSubstr("line 1: CCN.Cl: it has 2 parts")));
}

TEST(Smiles, ThatFail_AreCountedByLine) {
    const TemporaryFolder folder;
    const auto found = readAll(folder.write("a.smi", "CCO\nno_smiles\nC(C)(C)(C)(C)C\n*\n"));
    EXPECT_EQ(found.report.read, 1);
    ASSERT_EQ(found.report.reasons.size(), 3u);
    EXPECT_THAT(found.report.reasons[0], HasSubstr("line 2: no_smiles: it is no SMILES"));
    EXPECT_THAT(found.report.reasons[1], HasSubstr("line 3: C(C)(C)(C)(C)C: "));
    EXPECT_THAT(found.report.reasons[2], HasSubstr("line 4: "));
}

TEST(Smiles, Threads_ChangeNeitherOrderNorGeometries) {
    const TemporaryFolder folder;
    std::string text;
    for (int k = 0; k < 120; k++)
        text += cat(std::string(size_t(1 + k % 7), 'C'), k % 3 == 0 ? "O" : "N", "\n");
    const std::string path = folder.write("a.smi", text);
    const Found one = readAll(path), four = readAll(path, {.threads = 4});
    ASSERT_EQ(one.molecules.size(), 120u);
    ASSERT_EQ(four.molecules.size(), 120u);
    for (size_t k = 0; k < 120; k++) {
        EXPECT_EQ(one.molecules[k].name, four.molecules[k].name);
        EXPECT_EQ(one.molecules[k].molecule.positions, four.molecules[k].molecule.positions);
    }
}

TEST(ReadMolecules, Npz_IsAShardOrLabelledGeometries) {
    const TemporaryFolder folder;
    Molecule molecule = water();
    molecule.index = 42;
    writeShard(folder / "shard.npz", {molecule, ethanol()});
    const Found shard = readAll(folder.path());
    ASSERT_EQ(shard.molecules.size(), 2u);
    expectSame(shard.molecules[0].molecule, water(), 42);
    const Found labelled = readAll(fixture("classic_stored.npz"));
    ASSERT_EQ(labelled.molecules.size(), 3u);
    EXPECT_THAT(labelled.molecules[1].molecule.numbers, ElementsAre(8, 1));
    EXPECT_EQ(labelled.molecules[1].molecule.positions[4], positionOf(1, 1, 1));
}

TEST(ReadMolecules, PeriodicFrames_AreNoMolecules) {
    const TemporaryFolder folder;
    const std::string cell = "Lattice=\"5 0 0 0 5 0 0 0 5\" ";
    for (const bool plain : {true, false}) {
        const std::string rest = plain ? "Properties=species:S:1:pos:R:3"
                                       : "Properties=pos:R:3:species:S:1:forces:R:3 energy=0";
        const std::string atom = plain ? "O 1 1 1\n" : "1 1 1 O 0 0 0\n";
        const auto [report, found] =
            readAll(folder.write("a.xyz", cat("1\n", cell, rest, "\n", atom, "1\n", cell,
                                              "pbc=\"F F F\" ", rest, "\n", atom)));
        EXPECT_EQ(found.size(), 1u);
        EXPECT_THAT(report.reasons, ElementsAre(HasSubstr("frame 0: it is periodic")));
    }
}

TEST(ReadMolecules, ImpossibleGeometries_AreCounted) {
    const TemporaryFolder folder;
    const auto found = readAll(folder.write(
        "a.xyz", "2\n\nH 0 0 0\nH 0 0 0.1\n1\n\nH nan 0 0\n1\n\n119 0 0 0\n1\n\nHe 0 0 0\n"));
    EXPECT_EQ(found.report.read, 1);
    EXPECT_THAT(found.report.reasons,
                ElementsAre(HasSubstr("atoms 1 and 2 are 0.100 angstrom apart"),
                            HasSubstr("a coordinate is nan"), HasSubstr("no element")));
}

TEST(ReadMolecules, ManyFailures_AreAllCountedAndListed) {
    const TemporaryFolder folder;
    std::string text;
    for (int k = 0; k < 50; k++)
        text += "1\n\nQq 0 0 0\n";
    const Found found = readAll(folder.write("a.xyz", text));
    EXPECT_EQ(found.report.failed, 50);
    EXPECT_EQ(found.report.reasons.size(), 50u);
}

TEST(ReadMolecules, UnknownExtensions_AreRefused) {
    const TemporaryFolder folder;
    EXPECT_THAT(errorOf([&] { readAll(folder / "a.pdf"); }), HasSubstr("extension is \"pdf\""));
    EXPECT_THAT(errorOf([&] { readAll(folder / "a.sdf.tar.gz"); }),
                HasSubstr("unpack the archive first"));
    EXPECT_THAT(errorOf([&] { readAll(folder / "a.sdf.gz"); }), HasSubstr("No such file"));
}
