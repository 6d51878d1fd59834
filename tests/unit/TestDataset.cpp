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
    EXPECT_TRUE(data.singleFormula());
    data.frames[1].numbers[0] = data.frames[1].numbers[1];
    EXPECT_FALSE(data.singleFormula());
    EXPECT_EQ(Dataset().forceRms(), 0);
    EXPECT_TRUE(Dataset().singleMolecule());
}

TEST(Dataset, ForcesOfAnotherUnit_AreConverted) {
    const TemporaryFolder folder;
    const std::string path = folder.write("x.xyz", xyz);
    const Dataset orca = readDataset({path}, {"hartree", "", "Eh/bohr"});
    EXPECT_EQ(orca.sources[0].forceUnit, "hartree/bohr");
    EXPECT_EQ(orca.frames[0].positions[5], 6);
    EXPECT_EQ(orca.frames[0].energy, -3);
    EXPECT_DOUBLE_EQ(orca.frames[0].forces[0], 0.5 / angstroms("bohr"));
    const Dataset mixed = readDataset({path}, {"eV", "nm", "kJ/mol/nm"});
    EXPECT_DOUBLE_EQ(mixed.frames[0].positions[5], 60);
    EXPECT_DOUBLE_EQ(mixed.frames[0].forces[0], 0.5 * energyFactor("kJ/mol", "eV") / 10);
    EXPECT_EQ(readDataset({path}, {"", "bohr", ""}).sources[0].forceUnit, "eV/bohr");
    EXPECT_THAT(errorOf([&] { readDataset({path}, {"", "", "hartree"}); }),
                HasSubstr("expected an energy per length, as hartree/bohr"));
}

class Suspicions : public testing::Test {
protected:
    /// A diatomic molecule of which a spring pulls, stretched a little more in every frame.
    void SetUp() override {
        data.energyUnit = "kcal/mol";
        for (int t = 0; t < 20; t++) {
            const double stretch = 0.01 * (t - 9.5), force = 900 * stretch;
            data.frames.push_back({{1, 8},
                                   {0, 0, 0, 0.97 + stretch, 0, 0},
                                   450 * stretch * stretch - 47'000,
                                   {force, 0, 0, -force, 0, 0},
                                   {}});
        }
    }

    std::string only() const {
        const std::vector<std::string> found = suspicions(data);
        EXPECT_EQ(found.size(), 1u);
        return found.empty() ? "" : found.front();
    }

    Dataset data;
};

TEST_F(Suspicions, GoodData_RaiseNone) {
    EXPECT_THAT(suspicions(data), testing::IsEmpty());
}

TEST_F(Suspicions, ForcesOfAnotherSize_AreToldInBothDirections) {
    data.energyUnit = "hartree";  // as if kcal/mol had been given as hartree
    EXPECT_THAT(only(), HasSubstr("check the units"));
    data.energyUnit = "kcal/mol";
    for (Frame& frame : data.frames)
        for (double& force : frame.forces)
            force /= 1000;
    EXPECT_THAT(only(), HasSubstr("0.030 kcal/mol/angstrom"));
}

TEST_F(Suspicions, LengthsOfAnotherUnit_AreTold) {
    for (const double factor : {0.1, 1 / angstroms("bohr")}) {
        Dataset other = data;
        for (Frame& frame : other.frames)
            for (double& x : frame.positions)
                x *= factor;
        EXPECT_THAT(suspicions(other), testing::ElementsAre(HasSubstr("check --length-unit")));
    }
}

TEST_F(Suspicions, Gradients_AreNoForces) {
    for (Frame& frame : data.frames)
        for (double& force : frame.forces)
            force = -force;
    EXPECT_THAT(only(), HasSubstr("turn their signs around"));
    data.frames.resize(5);  // too few to tell
    EXPECT_THAT(suspicions(data), testing::IsEmpty());
}

TEST_F(Suspicions, PeriodicFrames_AreJudgedByTheNearestImages) {
    for (Frame& frame : data.frames) {
        frame.cell = Cell{{{6, 0, 0}, {3, 6, 0}, {-2, 2, 6}}};
        for (size_t d = 0; d < 3; d++)  // the second atom in another cell
            frame.positions[3 + d] += (*frame.cell)[1][d] - 2 * (*frame.cell)[2][d];
    }
    EXPECT_THAT(suspicions(data), testing::IsEmpty());
    for (Frame& frame : data.frames)
        for (double& force : frame.forces)
            force = -force;
    EXPECT_THAT(only(), HasSubstr("turn their signs around"));
}

TEST_F(Suspicions, EnergyOfAFailedCalculation_IsNamed) {
    data.frames[7].energy = 0;
    EXPECT_THAT(only(), HasSubstr("frame 7 (from 0) has an energy 46998"));
}

TEST_F(Suspicions, StatesOfOneMolecule_AreNotMixed) {
    data.frames[3].state = "charge 1";
    EXPECT_THAT(only(), HasSubstr("different states (; charge 1)"));
    data.frames[3].numbers = {1, 7};
    EXPECT_THAT(suspicions(data), testing::IsEmpty());
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
