// Data sets: units, several files, and what is said of suspicious ones.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "core/Units.h"
#include "trainer/data/Dataset.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;

namespace {

const std::string xyz = "2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-3 "
                        "Lattice=\"9 0 0 0 9 0 0 0 9\"\n"
                        "O 1 2 3 0.5 -0.25 0.125\nH 4 5 6 1 2 3\n";

}  // namespace

TEST(Dataset, Formats_HaveTheirUnits) {
    const TemporaryFolder folder;
    const Dataset npz = readDataset({fixture("numpy2_stored.npz")});
    EXPECT_EQ(npz.energyUnit, "kcal/mol");
    EXPECT_EQ(npz.sources.at(0).format, "npz");
    const Dataset frames = readDataset({folder.write("x.XYZ", xyz)});
    EXPECT_EQ(frames.energyUnit, "eV");
    EXPECT_EQ(frames.sources.at(0).format, "extxyz");
    EXPECT_TRUE(frames.sources[0].unitsAssumed);
}

TEST(Dataset, CompressedFrames_AreThoseOfThePlainFile) {
    const TemporaryFolder folder;
    const Dataset plain = readDataset({folder.write("x.xyz", xyz)});
    const Dataset packed = readDataset({folder.writeCompressed("x.xyz.gz", xyz)});
    ASSERT_EQ(packed.frames.size(), 1u);
    EXPECT_EQ(packed.sources[0].format, "extxyz");
    EXPECT_EQ(packed.energyUnit, "eV");
    EXPECT_EQ(packed.frames[0].positions, plain.frames[0].positions);
    EXPECT_EQ(packed.frames[0].forces, plain.frames[0].forces);
}

TEST(Dataset, Sources_AreRecorded) {
    const std::string path = fixture("rmd17.npz");
    const Dataset data = readDataset({path}, {"ev", "A"});
    ASSERT_EQ(data.sources.size(), 1u);
    EXPECT_EQ(data.sources[0].path, path);
    EXPECT_EQ(data.sources[0].sha256, sha256(readFile(path)));
    EXPECT_EQ(data.sources[0].energyUnit, "eV");
    EXPECT_EQ(data.sources[0].lengthUnit, "angstrom");
    EXPECT_EQ(data.sources[0].frames, 3u);
    EXPECT_FALSE(data.sources[0].unitsAssumed);
}

TEST(Dataset, Lengths_ConvertPositionsForcesAndCell) {
    const TemporaryFolder folder;
    const Dataset data = readDataset({folder.write("x.extxyz", xyz)}, {"hartree", "bohr"});
    const Frame& frame = data.frames.at(0);
    const double bohr = angstroms("bohr");
    EXPECT_EQ(data.energyUnit, "hartree");
    EXPECT_EQ(frame.energy, -3);
    EXPECT_DOUBLE_EQ(frame.positions[5], 6 * bohr);
    EXPECT_DOUBLE_EQ(frame.forces[0], 0.5 / bohr);
    ASSERT_TRUE(frame.cell);
    EXPECT_DOUBLE_EQ((*frame.cell)[2][2], 9 * bohr);
}

TEST(Dataset, SeveralFiles_TakeTheUnitOfTheFirst) {
    const TemporaryFolder folder;
    const std::string second = folder.write("x.xyz", xyz);
    const Dataset data = readDataset({fixture("rmd17.npz"), second});
    ASSERT_EQ(data.frames.size(), 4u);
    EXPECT_EQ(data.energyUnit, "kcal/mol");
    EXPECT_EQ(data.frames[1].energy, energyOf(1));
    EXPECT_DOUBLE_EQ(data.frames[3].energy, -3 * energyFactor("eV", "kcal/mol"));
    EXPECT_DOUBLE_EQ(data.frames[3].forces[5], 3 * energyFactor("eV", "kcal/mol"));
    EXPECT_EQ(data.frames[3].positions[5], 6);
    EXPECT_EQ(data.sources[1].energyUnit, "eV");
}

TEST(Dataset, ConvertTo_ThereAndBackIsTheSame) {
    Dataset data = readDataset({fixture("rmd17.npz")});
    data.convertTo("Eh");
    EXPECT_EQ(data.energyUnit, "hartree");
    EXPECT_DOUBLE_EQ(data.frames[0].energy, energyOf(0) * energyFactor("kcal/mol", "hartree"));
    data.convertTo("kcal/mol");
    EXPECT_DOUBLE_EQ(data.frames[2].energy, energyOf(2));
}

TEST(Dataset, Summaries_FollowTheirDefinitions) {
    Dataset data = readDataset({fixture("rmd17.npz")});
    double sum = 0;
    for (size_t k = 0; k < 18; k++)
        sum += std::pow(forceOf(k / 6, k / 3 % 2, k % 3), 2);
    EXPECT_DOUBLE_EQ(data.forceRms(), std::sqrt(sum / 18));
    EXPECT_EQ(data.species(), (std::vector<int>{1, 8}));
    EXPECT_TRUE(data.singleMolecule());
    std::swap(data.frames[1].numbers[0], data.frames[1].numbers[1]);
    EXPECT_FALSE(data.singleMolecule());
    EXPECT_EQ(Dataset().forceRms(), 0);
    EXPECT_TRUE(Dataset().singleMolecule());
}

TEST(Dataset, SuspiciousForces_AreToldInBothDirections) {
    Dataset data;
    data.energyUnit = "kcal/mol";
    data.frames.push_back({{1}, {0, 0, 0}, 0, {20, -20, 20}, {}});
    EXPECT_EQ(suspiciousForces(data), std::nullopt);
    data.energyUnit = "hartree";  // as if kcal/mol had been given as hartree
    EXPECT_THAT(suspiciousForces(data).value_or(""), HasSubstr("check the units"));
    data.energyUnit = "kcal/mol";
    data.frames[0].forces = {0.03, 0.03, 0.03};
    EXPECT_THAT(suspiciousForces(data).value_or(""), HasSubstr("0.030 kcal/mol/angstrom"));
}

TEST(Dataset, WrongFiles_AreRefused) {
    const TemporaryFolder folder;
    EXPECT_THAT(errorOf([] { readDataset({}); }), HasSubstr("no files were given"));
    EXPECT_THAT(errorOf([] { readDataset({"data.csv"}); }),
                HasSubstr("reading data.csv: the extension is \"csv\", expected npz, xyz or "
                          "extxyz"));
    EXPECT_THAT(errorOf([&] { readDataset({folder / "none.npz"}); }), HasSubstr("No such file"));
    EXPECT_THAT(errorOf([&] { readDataset({folder.write("x.npz", xyz)}); }),
                HasSubstr("is not an NPZ archive (no zip directory found)"));
    EXPECT_THAT(errorOf([] { readDataset({fixture("rmd17.npz")}, {"erg", ""}); }),
                HasSubstr("\"erg\""));
    EXPECT_THAT(errorOf([] { readDataset({fixture("rmd17.npz")}, {"", "yard"}); }),
                HasSubstr("\"yard\""));
}
