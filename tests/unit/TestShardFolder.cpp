// Folders of shards: whole or not there at all; and what a data set holds, counted.
// SPDX-License-Identifier: MIT
#include "trainer/data/DataSummary.h"
#include "trainer/data/Shard.h"
#include "trainer/data/ShardFolder.h"
#include "unit/BuildMolecule.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
namespace fs = std::filesystem;

TEST(ShardFolder, Molecules_AreDividedIntoShards) {
    const TemporaryFolder folder;
    ShardFolder shards(folder / "out/", 2);
    for (int k = 0; k < 5; k++)
        shards.add(water());
    EXPECT_FALSE(fs::exists(folder / "out"));
    shards.finish();
    EXPECT_EQ(shards.shards(), 3);
    EXPECT_FALSE(fs::exists(folder / "out.part"));
    std::vector<int64_t> sizes;
    for (const std::string& path : shardPaths({folder / "out"}))
        sizes.push_back(shardSize(path));
    EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST(ShardFolder, FolderThatIsThere_IsLeftAlone) {
    const TemporaryFolder folder;
    fs::create_directory(folder / "out");
    folder.write("out/shard-00000.npz", "");
    EXPECT_THAT(errorOf([&] { ShardFolder(folder / "out", 2); }), HasSubstr("not empty"));
    EXPECT_THAT(errorOf([&] { ShardFolder(folder / "other", 0); }), HasSubstr("at least 1"));
}

TEST(ShardFolder, LeftoversOfAnInterruptedRun_AreRemoved) {
    const TemporaryFolder folder;
    fs::create_directory(folder / "out.part");
    folder.write("out.part/shard-00007.npz", "half");
    folder.write("out.part/notes.txt", "kept");
    ShardFolder shards(folder / "out", 2);
    shards.add(water());
    shards.finish();
    EXPECT_EQ(shardPaths({folder / "out"}).size(), 1u);
    EXPECT_TRUE(fs::exists(folder / "out/notes.txt"));
}

TEST(DataSummary, Molecules_AreCountedOnceByTheirKey) {
    DataSummary summary;
    Molecule first = ethanol();
    first.spectra[1] = Spectrum{true, {900, 3000}, {1, 2}, {}};
    first.spectra[0] = Spectrum{false, {}, {1, 2}, {1, 0.5, 2}};
    for (const Molecule& molecule : {first, ethanol(60), water(), dimethylEther()})
        summary.add(molecule, shortKey(molecule));
    EXPECT_EQ(summary.molecules, 4);
    EXPECT_EQ(summary.duplicates, 1);
    EXPECT_EQ(summary.atoms, 30);
    EXPECT_EQ(summary.fewest, 3);
    EXPECT_EQ(summary.most, 9);
    EXPECT_THAT(summary.elements, ElementsAre(Pair(1, 4), Pair(6, 3), Pair(8, 4)));
    EXPECT_EQ(summary.spectra[1].sticks, 1);
    EXPECT_EQ(summary.spectra[1].lowest, 900);
    EXPECT_EQ(summary.spectra[1].highest, 3000);
    EXPECT_EQ(summary.spectra[0].curves, 1);
    EXPECT_THAT(summary.spectra[0].grids, ElementsAre(SpectrumGrid{1, 0.5, 2}));
    EXPECT_TRUE(summary.contains(shortKey(water())));
}
