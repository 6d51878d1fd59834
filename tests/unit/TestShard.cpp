// Shards: what is written reads back; damaged, contradicting or impossible arrays are refused.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Shard.h"
#include "unit/BuildMolecule.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;
using Arrays = std::map<std::string, NpyArray>;

namespace {

constexpr size_t uv = 0, ir = 1, raman = 2;

NpyArray array(std::vector<size_t> shape, std::vector<double> values) {
    return {std::move(shape), "<f8", std::move(values)};
}

/// Two atoms and one, with lines, and a curve of the first.
Arrays small() {
    return {{"atom_offset", array({3}, {0, 2, 3})},
            {"z", array({3}, {1, 9, 2})},
            {"pos", array({3, 3}, {0, 0, 0, 0, 0, 0.92, 1, 2, 3})},
            {"mode_offset", array({3}, {0, 1, 1})},
            {"freq", array({1}, {4138})},
            {"ir", array({1}, {100})},
            {"raman", array({1}, {30})},
            {"uv_curve", array({2, 3}, {1, 2, 3, 0, 0, 0})},
            {"uv_grid", array({2}, {1, 0.5})},
            {"uv_has", array({2}, {1, 0})},
            {"energy", array({2}, {-1, -2})}};
}

/// Error of reading the small shard with one array replaced, or left out if it has no shape.
std::string misreading(const std::string& key, const NpyArray& changed) {
    const TemporaryFolder folder;
    Arrays arrays = small();
    arrays[key] = changed;
    if (changed.shape.empty())
        arrays.erase(key);
    writeNpz(folder / "x.npz", arrays);
    const std::string text = errorOf([&] { Shard{folder / "x.npz"}; });
    EXPECT_THAT(text, HasSubstr("x.npz"));
    return text;
}

Spectrum sticks(std::vector<float> positions, std::vector<float> intensities) {
    return {true, std::move(positions), std::move(intensities), {}};
}

Spectrum curve(std::vector<float> intensities, const SpectrumGrid& grid) {
    return {false, {}, std::move(intensities), grid};
}

std::vector<Molecule> reread(const std::vector<Molecule>& molecules) {
    const TemporaryFolder folder;
    writeShard(folder / "shard.npz", molecules);
    EXPECT_EQ(shardSize(folder / "shard.npz"), int64_t(molecules.size()));
    return Shard(folder / "shard.npz").molecules();
}

void expectSame(const std::optional<Spectrum>& a, const std::optional<Spectrum>& b) {
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a)
        return;
    EXPECT_EQ(a->sticks, b->sticks);
    EXPECT_EQ(a->positions, b->positions);
    EXPECT_EQ(a->intensities, b->intensities);
    EXPECT_EQ(a->grid, b->grid);
}

}  // namespace

TEST(Shard, Arrays_BecomeMolecules) {
    const TemporaryFolder folder;
    writeNpz(folder / "x.npz", small());
    const Shard shard(folder / "x.npz");
    ASSERT_EQ(shard.size(), 2u);
    EXPECT_THAT(shard[0].numbers, ElementsAre(1, 9));
    EXPECT_THAT(shard[1].numbers, ElementsAre(2));
    EXPECT_THAT(shard[1].positions, ElementsAre(1, 2, 3));
    EXPECT_EQ(shard[1].index, 1);
    EXPECT_THAT(shard[0].spectra[ir]->positions, ElementsAre(4138));
    EXPECT_THAT(shard[0].spectra[raman]->intensities, ElementsAre(30));
    EXPECT_THAT(shard[0].spectra[uv]->intensities, ElementsAre(1, 2, 3));
    EXPECT_EQ(shard[0].spectra[uv]->grid, (SpectrumGrid{1, 0.5, 3}));
    for (const auto& spectrum : shard[1].spectra)
        EXPECT_FALSE(spectrum.has_value());
}

TEST(Shard, WrittenMolecules_ReadBack) {
    const SpectrumGrid grid{500, 2, 3};
    std::vector<Molecule> molecules{ethanol(), water(), dimethylEther(), water()};
    for (size_t m = 0; m < molecules.size(); m++) {
        molecules[m].index = int64_t(10 * m) - 5;
        for (double& x : molecules[m].positions)
            x = float(x);
    }
    molecules[0].spectra = {sticks({7, 8}, {0.1f, 0}), sticks({900, 1000}, {1, 2}),
                            sticks({900, 1000}, {3, 4})};
    molecules[1].spectra = {std::nullopt, sticks({1600}, {5}), std::nullopt};
    molecules[2].spectra = {std::nullopt, std::nullopt, sticks({2900}, {6})};
    molecules[3].spectra = {curve({0, 1, 2}, {1, 0.5, 3}), curve({3, 4, 5}, grid), std::nullopt};
    const auto found = reread(molecules);
    ASSERT_EQ(found.size(), molecules.size());
    for (size_t m = 0; m < found.size(); m++) {
        EXPECT_EQ(found[m].numbers, molecules[m].numbers);
        EXPECT_EQ(found[m].positions, molecules[m].positions);
        EXPECT_EQ(found[m].index, molecules[m].index);
        for (size_t kind = 0; kind < 3; kind++)
            expectSame(found[m].spectra[kind], molecules[m].spectra[kind]);
    }
}

TEST(Shard, LinesAtDifferentPlaces_GiveTheSameCurves) {
    Molecule molecule = water();
    molecule.spectra[ir] = sticks({1600}, {5});
    molecule.spectra[raman] = sticks({1700, 3000}, {6, 7});
    const auto found = reread({molecule});
    const SpectrumGrid grid{500, 10, 300};
    for (const size_t kind : {ir, raman})
        EXPECT_EQ(onGrid(*found[0].spectra[kind], grid, 12),
                  onGrid(*molecule.spectra[kind], grid, 12));
}

TEST(Shard, CurvesOnDifferentGrids_AreNotWritten) {
    const TemporaryFolder folder;
    std::vector<Molecule> molecules{water(), water()};
    molecules[0].spectra[ir] = curve({1, 2}, {500, 1, 2});
    molecules[1].spectra[ir] = curve({1, 2}, {500, 2, 2});
    EXPECT_THAT(errorOf([&] { writeShard(folder / "x.npz", molecules); }),
                HasSubstr("molecule 1 (counted from 0) has its ir spectrum on another grid"));
}

TEST(Shard, HalfPrecisionCurves_AreRead) {
    // 1, 0.5, the smallest and the largest number, by the IEEE format.
    const std::vector<uint16_t> bits{0x3c00, 0x3800, 0x0001, 0x7bff};
    const std::string data(reinterpret_cast<const char*>(bits.data()), 8);
    const std::string literal = "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }";
    std::string member("\x93NUMPY\x01\0", 8);
    member.push_back(char(literal.size()));
    member += std::string(1, '\0') + literal + data;
    const NpzFile file(ZipArchive(storedZip({{"x.npy", member}}), "memory"));
    EXPECT_THAT(file.readFloats("x").values,
                ElementsAre(1, 0.5, std::ldexp(1.0f, -24), 65504));
}

TEST(Shard, MissingArrays_AreNamed) {
    for (const char* key : {"atom_offset", "z", "pos", "freq", "mode_offset", "uv_grid"})
        EXPECT_THAT(misreading(key, {}), HasSubstr(cat("there is no array \"", key, "\"")));
}

TEST(Shard, OffsetsThatDoNotAscend_AreRefused) {
    for (const auto& values : {std::vector<double>{0, 3, 2}, {1, 2, 3}, {0, 0.5, 3}, {0, NAN, 3}})
        EXPECT_THAT(misreading("atom_offset", array({3}, values)), HasSubstr("ascend from 0"));
    EXPECT_THAT(misreading("atom_offset", array({3}, {0, 0, 3})), HasSubstr("has no atoms"));
    EXPECT_THAT(misreading("mode_offset", array({2}, {0, 1})),
                HasSubstr("it is for 1 molecules, expected 2"));
}

TEST(Shard, WrongShapes_AreNamedWithTheRightOnes) {
    EXPECT_THAT(misreading("pos", array({3, 2}, {0, 0, 0, 0, 0, 0})),
                HasSubstr("array pos: its shape is [3, 2], expected [3, 3]"));
    EXPECT_THAT(misreading("z", array({2}, {1, 1})), HasSubstr("expected [3]"));
    EXPECT_THAT(misreading("ir", array({2}, {1, 1})), HasSubstr("expected [1]"));
    EXPECT_THAT(misreading("uv_curve", array({3, 1}, {1, 1, 1})), HasSubstr("[2, points]"));
}

TEST(Shard, ImpossibleNumbers_AreRefused) {
    EXPECT_THAT(misreading("z", array({3}, {1, 9, 119})), HasSubstr("molecule 1"));
    EXPECT_THAT(misreading("pos", array({3, 3}, {0, 0, 0, 0, 0, INFINITY, 1, 2, 3})),
                HasSubstr("molecule 0 (counted from 0) has inf"));
    EXPECT_THAT(misreading("ir", array({1}, {-1})), HasSubstr("has -1"));
    EXPECT_THAT(misreading("freq", array({1}, {NAN})), HasSubstr("has nan"));
    EXPECT_THAT(misreading("uv_curve", array({2, 3}, {1, NAN, 3, 0, 0, 0})), HasSubstr("has nan"));
    EXPECT_THAT(misreading("uv_grid", array({2}, {1, -0.5})), HasSubstr("a positive step"));
}

TEST(Shard, TruncatedFile_IsRefused) {
    const TemporaryFolder folder;
    writeNpz(folder / "x.npz", small());
    const std::string bytes = readFile(folder / "x.npz");
    for (size_t length = 0; length < bytes.size(); length += 97) {
        const std::string path = folder.write("cut.npz", bytes.substr(0, length));
        EXPECT_THAT(errorOf([&] { Shard{path}; }), HasSubstr("cut.npz"));
        EXPECT_THAT(errorOf([&] { shardSize(path); }), HasSubstr("cut.npz"));
    }
}

TEST(ShardPaths, Folder_MeansItsFilesByName) {
    const TemporaryFolder folder;
    const std::string b = folder.write("b.npz", ""), a = folder.write("a.npz", "");
    folder.write("notes.txt", "");
    EXPECT_THAT(shardPaths({folder.path(), b}), ElementsAre(a, b, b));
    const TemporaryFolder empty;
    EXPECT_THAT(errorOf([&] { shardPaths({empty.path()}); }), HasSubstr("no .npz file in"));
    EXPECT_THAT(errorOf([&] { shardPaths({empty / "none"}); }), HasSubstr("no file or folder"));
    EXPECT_THAT(errorOf([] { shardPaths({}); }), HasSubstr("was named"));
}
