// Files: nothing is lost when writing fails; SHA-256 by the standard's vectors.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "unit/Fixtures.h"

#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

using namespace molspectra;
using molspectra::test::errorOf;
using molspectra::test::TemporaryFolder;
using testing::HasSubstr;

namespace {

/// Lets files grow to `bytes` at most, as a full disk would; the old limit comes back at the end.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{bytes, old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit old_{};
    void (*handler_)(int);
};

}  // namespace

TEST(Files, Write_ReadsBackEveryByte) {
    const TemporaryFolder folder;
    std::string content;
    for (int k = 0; k < 300000; k++)
        content.push_back(char(k * 7));
    writeFileSafely(folder / "a", content);
    EXPECT_EQ(readFile(folder / "a"), content);
    writeFileSafely(folder / "a", "");
    EXPECT_EQ(readFile(folder / "a"), "");
    EXPECT_FALSE(std::filesystem::exists(folder / "a.part"));
}

TEST(Files, Write_OnAFullDiskLeavesTheOldFile) {
    const TemporaryFolder folder;
    writeFileSafely(folder / "model", "old");
    std::string text;
    {
        const FileSizeLimit limit(1000);
        text = errorOf([&] { writeFileSafely(folder / "model", std::string(5000, 'x')); });
    }
    EXPECT_THAT(text, HasSubstr(folder / "model: File too large"));
    EXPECT_EQ(readFile(folder / "model"), "old");
    EXPECT_FALSE(std::filesystem::exists(folder / "model.part"));
}

TEST(Files, Write_RemovesThePartOfAWriterThatThrows) {
    const TemporaryFolder folder;
    writeFileSafely(folder / "model", "old");
    const auto writer = [&](const std::string& part) {
        std::ofstream(part) << "half";
        fail("saving the model: stopped");
    };
    EXPECT_EQ(errorOf([&] { writeFileSafely(folder / "model", writer); }),
              "saving the model: stopped");
    EXPECT_EQ(readFile(folder / "model"), "old");
    EXPECT_FALSE(std::filesystem::exists(folder / "model.part"));
}

TEST(Files, Write_TakesAWriterWithAPathOfItsOwn) {
    const TemporaryFolder folder;
    writeFileSafely(folder / "x", [](const std::string& part) { std::ofstream(part) << "new"; });
    EXPECT_EQ(readFile(folder / "x"), "new");
}

TEST(Files, Write_GoesWhereALinkLeads) {
    const TemporaryFolder folder;
    writeFileSafely(folder / "target", "old");
    std::filesystem::create_symlink("target", folder / "link");
    writeFileSafely(folder / "link", "new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_EQ(readFile(folder / "target"), "new");
}

TEST(Files, Write_DoesNotReplaceAPipe) {
    const TemporaryFolder folder;
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    std::string read;
    std::thread reader([&] { read = readFile(folder / "pipe"); });
    writeFileSafely(folder / "pipe", "through it");
    reader.join();
    EXPECT_EQ(read, "through it");
    EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

TEST(Files, Errors_NameTheFileAndTheReason) {
    const TemporaryFolder folder;
    EXPECT_EQ(errorOf([&] { readFile(folder / "none"); }),
              "reading " + (folder / "none: No such file or directory"));
    EXPECT_THAT(errorOf([&] { readFile(folder.path()); }), HasSubstr("it is a folder"));
    EXPECT_EQ(errorOf([&] { writeFileSafely(folder / "no/file", "x"); }),
              "writing " + (folder / "no/file: No such file or directory"));
    std::filesystem::create_directory(folder / "taken");
    EXPECT_THAT(errorOf([&] { writeFileSafely(folder / "taken", "x"); }),
                HasSubstr("taken: Is a directory"));
    EXPECT_FALSE(std::filesystem::exists(folder / "taken.part"));
}

TEST(Files, Sha256_MatchesTheStandardsVectors) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
