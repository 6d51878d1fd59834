// A file's bytes without reading them first, for files larger than memory.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace molspectra {

/// A whole file mapped into memory, read-only; pipes and the like are read instead.
class MappedFile {
public:
    /// @throws Error naming the file if it is missing, unreadable or a folder
    explicit MappedFile(const std::string& path);
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    /// Valid as long as this object is.
    std::string_view bytes() const { return bytes_; }

    /// Tells the system that what was looked at so far may leave memory; it comes back when needed.
    void forget() const;

private:
    std::string read_;
    std::string_view bytes_;
    bool mapped_ = false;
};

}  // namespace molspectra
