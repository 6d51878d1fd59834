// Mapped files: the same bytes as read ones.
// SPDX-License-Identifier: MIT
#include "core/MappedFile.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::HasSubstr;

TEST(MappedFile, Bytes_AreTheContent) {
    const TemporaryFolder folder;
    for (const std::string& content : {std::string(), std::string("a\0b", 3),
                                       std::string(100'000, 'x')}) {
        const MappedFile file(folder.write("file", content));
        EXPECT_EQ(file.bytes(), content);
        file.forget();
        EXPECT_EQ(file.bytes(), content);
    }
}

TEST(MappedFile, Open_NamesAMissingFileAndAFolder) {
    const TemporaryFolder folder;
    EXPECT_THAT(errorOf([&] { MappedFile{folder / "none"}; }), HasSubstr("none: No such file"));
    EXPECT_THAT(errorOf([&] { MappedFile{folder.path()}; }), HasSubstr("it is a folder"));
}
