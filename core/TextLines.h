// Lines of a text file of any size, as it is or compressed by gzip.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace molspectra {

/// Reads a file line by line; no more than one line and a buffer are in memory.
class TextLines {
public:
    /// @throws Error naming the file if it is missing
    explicit TextLines(const std::string& path);
    ~TextLines();

    /// Takes the next line, without its end, which may be "\r\n"; it is valid until the next call.
    /// @return false at the end of the file
    /// @throws Error if the file cannot be read, is compressed and was cut off, or has a line of
    ///         more than 64 MiB
    bool next(std::string_view& line);

    const std::string& path() const { return path_; }
    /// Of the last line, counted from 1.
    int64_t number() const { return number_; }

private:
    bool refill();

    struct Stream;
    std::string path_;
    std::unique_ptr<Stream> stream_;
    std::string buffer_;
    size_t at_ = 0, end_ = 0;  ///< of what is in the buffer and not yet taken
    int64_t number_ = 0;
};

}  // namespace molspectra
