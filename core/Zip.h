// Zip archives: reading stored or deflated members, ZIP64 included, and packing stored ones.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace molspectra {

/// One member of an archive, as its central directory has it.
struct ZipMember {
    std::string name;
    int method = 0;           ///< 0 stored, 8 deflated
    uint64_t offset = 0;      ///< of the local header
    uint64_t packedSize = 0;
    uint64_t size = 0;
    uint32_t checksum = 0;    ///< CRC-32
};

/// A zip archive; its members are looked at where they lie in the file.
class ZipArchive {
public:
    /// @throws Error naming the file if it is missing, truncated or not a zip archive
    explicit ZipArchive(const std::string& path);
    /// From bytes; `name` is used in errors.
    ZipArchive(std::string bytes, std::string name);

    const std::vector<ZipMember>& members() const { return members_; }
    const std::string& path() const { return path_; }
    bool contains(const std::string& name) const;

    /// Unpacked content of a member. Sizes are checked against the file before anything is
    /// allocated, the checksum afterwards.
    /// @throws Error naming file and member
    std::string read(const std::string& name) const;

private:
    void readDirectory();

    std::string path_;
    std::shared_ptr<const void> owner_;  ///< of the bytes
    std::string_view bytes_;
    std::vector<ZipMember> members_;
};

/// Members of an archive that may have millions of them: one after the other, in the order of the
/// directory, which is not kept.
class ZipWalk {
public:
    /// @throws Error as ZipArchive
    explicit ZipWalk(const std::string& path);
    ~ZipWalk();

    /// Takes the next member; false at the end. @throws Error for a damaged directory
    bool next(ZipMember& member);
    /// Its content. @throws Error as ZipArchive::read
    std::string read(const ZipMember& member);

private:
    struct Place;
    std::unique_ptr<Place> place_;
};

/// Bytes of an archive whose members (content by name) are stored unpacked. The same contents give
/// the same bytes. @throws Error beyond 4 GiB
std::string storedZip(const std::map<std::string, std::string>& contents);

}  // namespace molspectra
