// What unit tests share: a folder that removes itself, errors by their text, labels by formula.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Error.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <zlib.h>

namespace molspectra::test {

/// A new folder in the system's place for such; removed with all it holds.
class TemporaryFolder {
public:
    TemporaryFolder() {
        // mkdtemp wants six of them at the end.
        const std::string pattern = "molspectra-" + std::string(6, 'X');
        std::string name = (std::filesystem::temp_directory_path() / pattern).string();
        path_ = ::mkdtemp(name.data()) != nullptr ? name : "";
        EXPECT_FALSE(path_.empty());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

    /// Writes a file into the folder and returns its path.
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(*this / name, std::ios::binary) << content;
        return *this / name;
    }

    /// The same, compressed by gzip.
    std::string writeCompressed(const std::string& name, const std::string& content) const {
        const std::string path = *this / name;
        const gzFile file = gzopen(path.c_str(), "wb");
        EXPECT_EQ(gzwrite(file, content.data(), unsigned(content.size())), int(content.size()));
        EXPECT_EQ(gzclose(file), Z_OK);
        return path;
    }

private:
    std::string path_;
};

/// Text of the Error that `action` throws; a test failure and "" if it throws none.
inline std::string errorOf(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "no Error was thrown";
    return "";
}

/// Path of a fixture.
inline std::string fixture(const std::string& name) {
    return std::string(TEST_DATA_DIR) + "/" + name;
}

/// Labels of the fixtures of tests/data/make_npz.py: frame t, atom i, component d.
inline double positionOf(size_t t, size_t i, size_t d) {
    return double(t) + double(i) / 4 + double(d) / 16;
}
inline double energyOf(size_t t) {
    return -10 - double(t) / 2;
}
inline double forceOf(size_t t, size_t i, size_t d) {
    return double(t) * double(i) - double(d) + 0.5;
}

}  // namespace molspectra::test
