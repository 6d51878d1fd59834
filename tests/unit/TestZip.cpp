// Zip archives: what is packed reads back, what is damaged is refused.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "core/Zip.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using molspectra::test::errorOf;
using molspectra::test::fixture;
using testing::HasSubstr;

namespace {

const std::map<std::string, std::string> contents = {
    {"a.txt", "hello"}, {"b/c.bin", std::string("\0\1\2", 3)}, {"empty", ""}};

}  // namespace

TEST(Zip, Stored_ReadsBack) {
    const ZipArchive archive(storedZip(contents), "memory");
    ASSERT_EQ(archive.members().size(), contents.size());
    for (const auto& [name, content] : contents) {
        EXPECT_TRUE(archive.contains(name));
        EXPECT_EQ(archive.read(name), content);
    }
    EXPECT_FALSE(archive.contains("a"));
    EXPECT_TRUE(ZipArchive(storedZip({}), "memory").members().empty());
}

TEST(Zip, Archive_WithACommentIsRead) {
    std::string bytes = storedZip(contents);
    bytes[bytes.size() - 2] = 5;  // length of the comment
    EXPECT_EQ(ZipArchive(bytes + "words", "memory").read("a.txt"), "hello");
}

TEST(Zip, Zip64AndDeflatedMembers_AreRead) {
    for (const char* name : {"numpy2_stored.npz", "numpy2_deflated.npz", "classic_deflated.npz"}) {
        const ZipArchive archive(fixture(name));
        for (const ZipMember& member : archive.members())
            EXPECT_EQ(archive.read(member.name).size(), member.size) << name;
    }
}

TEST(Zip, Read_NamesAMissingMember) {
    const ZipArchive archive(storedZip(contents), "memory");
    EXPECT_EQ(errorOf([&] { archive.read("z"); }),
              "reading memory: there is no \"z\" in the archive");
}

TEST(Zip, Read_RefusesADifferentChecksum) {
    std::string bytes = storedZip(contents);
    bytes[bytes.find("hello")] = 'j';
    EXPECT_EQ(errorOf([&] { ZipArchive(bytes, "memory").read("a.txt"); }),
              "reading memory: the checksum of \"a.txt\" differs; the file is damaged");
}

TEST(Zip, Read_RefusesSizesThatTheFileCannotHold) {
    std::string bytes = readFile(fixture("classic_deflated.npz"));
    const size_t entry = bytes.find(std::string_view("PK\1\2", 4));
    for (size_t k = 0; k < 4; k++)
        bytes[entry + 24 + k] = '\x7f';  // unpacked size of the first member: 2 GB
    const ZipArchive archive(bytes, "memory");
    EXPECT_THAT(errorOf([&] { archive.read(archive.members()[0].name); }),
                HasSubstr("packed bytes cannot hold"));
}

TEST(Zip, Read_RefusesUnknownMethodsAndEncryption) {
    std::string bytes = storedZip({{"a", "hello"}});
    const size_t entry = bytes.find(std::string_view("PK\1\2", 4));
    bytes[entry + 10] = 12;
    EXPECT_THAT(errorOf([&] { ZipArchive(bytes, "memory").read("a"); }),
                HasSubstr("packed by method 12"));
    bytes[entry + 8] = 1;
    EXPECT_THAT(errorOf([&] { ZipArchive(bytes, "memory"); }), HasSubstr("encrypted"));
}

TEST(Zip, Open_RefusesATruncatedArchive) {
    const std::string bytes = storedZip(contents);
    for (size_t length = 0; length < bytes.size(); length++)
        EXPECT_THAT(errorOf([&] { ZipArchive(bytes.substr(0, length), "memory"); }),
                    HasSubstr("reading memory: no zip directory found"));
    EXPECT_THAT(errorOf([&] { ZipArchive("no/such/file"); }), HasSubstr("No such file"));
}

TEST(ZipWalk, Members_ComeInTheOrderOfTheDirectory) {
    const test::TemporaryFolder folder;
    ZipWalk walk(folder.write("x.zip", storedZip(contents)));
    ZipMember member;
    for (const auto& [name, content] : contents) {
        ASSERT_TRUE(walk.next(member));
        EXPECT_EQ(member.name, name);
        EXPECT_EQ(walk.read(member), content);
    }
    EXPECT_FALSE(walk.next(member));
}

TEST(ZipWalk, DamagedFiles_AreRefused) {
    const test::TemporaryFolder folder;
    std::string bytes = storedZip(contents);
    EXPECT_THAT(errorOf([&] { ZipWalk{folder.write("cut.zip", bytes.substr(0, 50))}; }),
                HasSubstr("cut.zip: no zip directory found"));
    bytes[bytes.find("hello")] = 'j';
    ZipWalk walk(folder.write("changed.zip", bytes));
    ZipMember member;
    ASSERT_TRUE(walk.next(member));
    EXPECT_THAT(errorOf([&] { walk.read(member); }), HasSubstr("checksum of \"a.txt\" differs"));
}
