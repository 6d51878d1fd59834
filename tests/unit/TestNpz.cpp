// NumPy archives of every layout; cut or changed at any byte they are refused, never crash.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "core/Random.h"
#include "trainer/data/Npz.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using Shape = std::vector<size_t>;

namespace {

/// An .npy member of version 1 with this header literal and these data.
std::string npy(const std::string& header, const std::string& data) {
    std::string text = "\x93NUMPY\x01";
    text.push_back('\0');
    text.push_back(char(header.size() & 0xff));
    text.push_back(char(header.size() >> 8));
    return text + header + data;
}

/// Error of reading the array "x" of an archive that holds this member.
std::string misreading(const std::string& member) {
    const std::string bytes = storedZip({{"x.npy", member}});
    return errorOf([&] { NpzFile(ZipArchive(bytes, "memory")).read("x"); });
}

/// Reads all that an archive of these bytes has; true if nothing was refused.
bool readsAll(const std::string& bytes) {
    try {
        const NpzFile file(ZipArchive(bytes, "memory"));
        for (const std::string& key : file.keys())
            file.read(key);
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

TEST(Npz, EveryLayout_GivesTheSameNumbers) {
    for (const char* name : {"numpy2_stored.npz", "numpy2_deflated.npz", "classic_stored.npz",
                             "classic_deflated.npz", "fortran.npz"}) {
        const NpzFile file(fixture(name));
        const NpyArray positions = file.read("R"), energies = file.read("E"), z = file.read("z");
        EXPECT_EQ(positions.shape, (Shape{3, 2, 3})) << name;
        EXPECT_EQ(positions.shapeText(), "[3, 2, 3]");
        EXPECT_EQ(energies.shape, (Shape{3, 1}));
        EXPECT_EQ(z.values, (std::vector<double>{8, 1}));
        for (size_t t = 0; t < 3; t++) {
            EXPECT_EQ(energies.values[t], energyOf(t));
            for (size_t i = 0; i < 2; i++)
                for (size_t d = 0; d < 3; d++)
                    EXPECT_EQ(positions.values[(t * 2 + i) * 3 + d], positionOf(t, i, d)) << name;
        }
    }
}

TEST(Npz, EveryNumberType_IsConverted) {
    const NpzFile file(fixture("dtypes.npz"));
    for (const char* key : {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}) {
        const NpyArray array = file.read(key);
        EXPECT_EQ(array.shape, (Shape{2, 3}));
        EXPECT_EQ(array.dtype.substr(1), key);
        EXPECT_EQ(array.values, (std::vector<double>{0, 20, 40, 60, 80, 100})) << key;
    }
    EXPECT_EQ(file.read("bool").values, (std::vector<double>{1, 0, 1}));
    EXPECT_EQ(file.read("half").values, (std::vector<double>{0, 0}));
    EXPECT_EQ(file.read("scalar").values, (std::vector<double>{2.5}));
    EXPECT_EQ(file.read("scalar").shapeText(), "[]");
    EXPECT_EQ(file.read("empty").shape, (Shape{0, 4}));
}

TEST(Npz, OtherTypes_AreListedButRefused) {
    const NpzFile file(fixture("dtypes.npz"));
    EXPECT_TRUE(file.contains("text"));
    EXPECT_THAT(errorOf([&] { file.read("text"); }),
                HasSubstr("array text: the elements are of type \"<U5\", expected f2, f4, f8"));
    EXPECT_THAT(errorOf([&] { file.read("big"); }), HasSubstr("big endian"));
}

TEST(Npz, Read_NamesWhatIsThereIfAKeyIsMissing) {
    const NpzFile file(fixture("classic_stored.npz"));
    EXPECT_THAT(file.keys(), UnorderedElementsAre("z", "R", "E", "F"));
    EXPECT_EQ(errorOf([&] { file.read("Q"); }),
              "reading " + fixture("classic_stored.npz") +
                  ": there is no array \"Q\", found z, R, E, F");
}

TEST(Npz, Open_SaysThatATextIsNoArchive) {
    const TemporaryFolder folder;
    const std::string path = folder.write("x.npz", "9\nProperties=species:S:1:pos:R:3\n");
    EXPECT_THAT(errorOf([&] { NpzFile{path}; }),
                HasSubstr(path + ": it is not an NPZ archive (no zip directory found)"));
    EXPECT_THAT(errorOf([&] { NpzFile{folder / "none.npz"}; }), HasSubstr("No such file"));
}

TEST(Npz, Read_RefusesAHeaderThatContradictsTheData) {
    const std::string eight(8, '\0');
    EXPECT_THAT(misreading(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", eight)),
                HasSubstr("the header says [2] of \"<f8\", which is 16 bytes, but 8 follow"));
    EXPECT_THAT(misreading(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "")),
                HasSubstr("which is 8 bytes, but 0 follow"));
    EXPECT_THAT(misreading(npy("{'descr': '<f8', 'fortran_order': False, 'shape': "
                               "(4294967296, 4294967296), }", eight)),
                HasSubstr("too large to be counted"));
    EXPECT_THAT(misreading(npy("{'descr': '<f8', 'fortran_order': False, 'shape': "
                               "(99999999999999999999,), }", eight)),
                HasSubstr("no proper shape"));
}

TEST(Npz, Read_RefusesMalformedHeaders) {
    EXPECT_THAT(misreading("not an array"), HasSubstr("does not begin like a NumPy array"));
    EXPECT_THAT(misreading(npy("{'descr': '<f8', 'shape': (), }", "")), HasSubstr("lacks one of"));
    EXPECT_THAT(misreading(npy("{'descr': [('a', '<f8')], }", "")),
                HasSubstr("expected a NumPy array of plain numbers"));
    EXPECT_THAT(misreading(npy("{'descr': '<f8, }", "")), HasSubstr("a text without its end"));
    EXPECT_THAT(misreading(npy("{'fortran_order': Maybe}", "")), HasSubstr("True nor False"));
    EXPECT_THAT(misreading(npy("{'order': 'C'}", "")), HasSubstr("unknown key \"order\""));
    EXPECT_THAT(misreading(npy("{'shape': (-1,)}", "")), HasSubstr("no proper shape"));
    EXPECT_THAT(misreading(std::string("\x93NUMPY\x01\0\xff\xff{}", 12)),
                HasSubstr("longer than the array"));
    EXPECT_THAT(misreading(std::string("\x93NUMPY\x09\0\0\0", 10)), HasSubstr("NPY version 9"));
}

TEST(Npz, Write_ReadsBack) {
    const TemporaryFolder folder;
    const std::map<std::string, NpyArray> arrays = {
        {"x", {{2, 3}, "<f8", {0.1, -1e300, 5e-324, INFINITY, 0, 6}}},
        {"i", {{3}, "<i8", {-5, 0, 9007199254740992.0}}},
        {"z", {{2, 1}, "|u1", {1, 255}}},
        {"s", {{}, "<f8", {2.5}}},
        {"none", {{0}, "<i8", {}}}};
    writeNpz(folder / "x.npz", arrays);
    const NpzFile file(folder / "x.npz");
    EXPECT_EQ(file.keys().size(), arrays.size());
    for (const auto& [key, array] : arrays) {
        EXPECT_EQ(file.read(key).values, array.values);
        EXPECT_EQ(file.read(key).shape, array.shape);
        EXPECT_EQ(file.read(key).dtype, array.dtype);
    }
}

TEST(Npz, Write_RefusesWhatDoesNotFit) {
    const TemporaryFolder folder;
    const auto refusal = [&](const NpyArray& array) {
        return errorOf([&] { writeNpz(folder / "x.npz", {{"x", array}}); });
    };
    EXPECT_THAT(refusal({{2}, "<f8", {1}}), HasSubstr("1 values were given for the shape [2]"));
    EXPECT_THAT(refusal({{1}, "|u1", {256}}), HasSubstr("256 was found, expected integers"));
    EXPECT_THAT(refusal({{1}, "<i8", {0.5}}), HasSubstr("0.5 was found"));
    EXPECT_THAT(refusal({{1}, "<i8", {0x1p63}}), HasSubstr("expected integers"));
    EXPECT_THAT(refusal({{1}, "<i8", {NAN}}), HasSubstr("nan was found"));
    EXPECT_FALSE(std::filesystem::exists(folder / "x.npz"));
}

TEST(Npz, TruncatedFiles_AreRefusedAtEveryLength) {
    for (const char* name : {"numpy2_stored.npz", "numpy2_deflated.npz", "classic_deflated.npz"}) {
        const std::string bytes = readFile(fixture(name));
        for (size_t length = 0; length < bytes.size(); length++)
            EXPECT_FALSE(readsAll(bytes.substr(0, length)))
                << name << " cut to " << length << " bytes";
    }
}

TEST(Npz, ChangedFiles_NeverCrash) {
    Random random(1);
    size_t refused = 0, tried = 0;
    for (const char* name : {"numpy2_deflated.npz", "classic_stored.npz", "padded.npz"}) {
        const std::string bytes = readFile(fixture(name));
        for (size_t at = 0; at < bytes.size(); at++)
            for (const int change : {0xff, 0x80, 1 + int(random.below(255))}) {
                std::string changed = bytes;
                changed[at] = char(changed[at] ^ change);
                refused += !readsAll(changed);
                tried++;
            }
    }
    // Data are guarded by checksums; times, versions and attributes may change unseen.
    EXPECT_GT(refused, tried / 2);
}

TEST(Npz, ChangedHeaders_NeverCrashBehindARightChecksum) {
    const TemporaryFolder folder;
    const std::string header = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }\n";
    const std::string member = npy(header, std::string(48, '\1'));
    Random random(2);
    size_t refused = 0;
    constexpr size_t rounds = 3000;
    for (size_t k = 0; k < rounds; k++) {
        std::string changed = member;
        for (size_t n = 1 + random.below(3); n > 0; n--)
            changed[random.below(10 + header.size())] = char(random.below(256));
        refused += !readsAll(storedZip({{"x.npy", changed}}));
    }
    EXPECT_GT(refused, rounds / 2);
}
