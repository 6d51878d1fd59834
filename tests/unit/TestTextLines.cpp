// Lines of files: compressed or not, long, without an end, cut off.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "core/TextLines.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>
#include <zlib.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::vector<std::string> linesOf(const std::string& path) {
    TextLines lines(path);
    std::vector<std::string> found;
    std::string_view line;
    while (lines.next(line)) {
        found.emplace_back(line);
        EXPECT_EQ(lines.number(), int64_t(found.size()));
    }
    return found;
}

}  // namespace

TEST(TextLines, Ends_AreTakenOff) {
    const TemporaryFolder folder;
    EXPECT_THAT(linesOf(folder.write("a", "one\ntwo\r\n\nfour")),
                ElementsAre("one", "two", "", "four"));
    EXPECT_THAT(linesOf(folder.write("a", "one\n")), ElementsAre("one"));
    EXPECT_THAT(linesOf(folder.write("a", "")), ElementsAre());
}

TEST(TextLines, CompressedFile_HasTheSameLines) {
    const TemporaryFolder folder;
    EXPECT_THAT(linesOf(folder.writeCompressed("a.gz", "one\ntwo\n")),
                ElementsAre("one", "two"));
}

TEST(TextLines, LinesLongerThanTheBuffer_AreWhole) {
    const TemporaryFolder folder;
    const std::string longOne(3'000'000, 'x'), other(1'500'000, 'y');
    EXPECT_THAT(linesOf(folder.write("a", cat("a\n", longOne, "\n", other, "\nz"))),
                ElementsAre("a", longOne, other, "z"));
}

TEST(TextLines, EndlessLine_IsRefused) {
    const TemporaryFolder folder;
    const std::string path = folder.writeCompressed("a.gz", std::string(70'000'000, 'x'));
    EXPECT_THAT(errorOf([&] { linesOf(path); }), HasSubstr("a.gz line 1: it is longer than"));
}

TEST(TextLines, CompressedFileThatWasCutOff_IsRefused) {
    const TemporaryFolder folder;
    std::string content;
    for (int k = 0; k < 10'000; k++)
        content += cat(k * k, "\n");
    const std::string bytes = readFile(folder.writeCompressed("a.gz", content));
    const std::string path = folder.write("cut.gz", bytes.substr(0, bytes.size() / 2));
    EXPECT_THAT(errorOf([&] { linesOf(path); }), HasSubstr("the compressed file was cut off"));
}

TEST(TextLines, MissingFileAndFolder_AreNamed) {
    const TemporaryFolder folder;
    EXPECT_THAT(errorOf([&] { linesOf(folder / "none"); }), HasSubstr("none: No such file"));
    EXPECT_THAT(errorOf([&] { linesOf(folder.path()); }), HasSubstr("Is a directory"));
}
