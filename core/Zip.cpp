// Zip archives by their central directory; local headers of streamed members carry no sizes.
// SPDX-License-Identifier: MIT
#include "core/Zip.h"

#include "core/Error.h"
#include "core/MappedFile.h"

#include <algorithm>
#include <optional>
#include <zlib.h>

namespace molspectra {

namespace {

constexpr uint32_t localSignature = 0x04034b50, centralSignature = 0x02014b50;
constexpr uint32_t endSignature = 0x06054b50, end64Signature = 0x06064b50;
constexpr uint32_t locator64Signature = 0x07064b50;
constexpr size_t localSize = 30, centralSize = 46, endSize = 22, end64Size = 56, locator64Size = 20;
constexpr uint64_t none32 = 0xffffffff, none16 = 0xffff;
constexpr size_t longestComment = 0xffff;
/// Deflate cannot pack more than 1032 bytes into one.
constexpr uint64_t deflateLimit = 1032;

/// Little-endian numbers of a byte range; every access is checked.
class Bytes {
public:
    Bytes(std::string_view bytes, std::string_view archive) : bytes_(bytes), archive_(archive) {}

    uint64_t number(uint64_t offset, size_t width) const {
        const std::string_view part = range(offset, width);
        uint64_t value = 0;
        for (size_t k = width; k-- > 0;)
            value = value << 8 | uint8_t(part[k]);
        return value;
    }

    std::string_view range(uint64_t offset, uint64_t length) const {
        if (offset > bytes_.size() || length > bytes_.size() - offset)
            fail("reading ", archive_, ": the zip directory points to bytes ", offset, " + ",
                 length, " of a file of ", bytes_.size(), " bytes; the file is damaged");
        return bytes_.substr(offset, length);
    }

private:
    std::string_view bytes_, archive_;
};

std::optional<size_t> findEnd(std::string_view bytes) {
    if (bytes.size() < endSize)
        return std::nullopt;
    const size_t last = bytes.size() - endSize;
    const size_t first = last > longestComment ? last - longestComment : 0;
    for (size_t offset = last + 1; offset-- > first;)
        if (bytes.substr(offset, 4) == std::string_view("PK\x05\x06", 4))
            return offset;
    return std::nullopt;
}

struct Directory {
    uint64_t offset, entries;
};

Directory findDirectory(const Bytes& bytes, size_t end) {
    if (end >= locator64Size && bytes.number(end - locator64Size, 4) == locator64Signature) {
        const uint64_t record = bytes.number(end - locator64Size + 8, 8);
        bytes.range(record, end64Size);
        if (bytes.number(record, 4) == end64Signature)
            return {bytes.number(record + 48, 8), bytes.number(record + 32, 8)};
    }
    return {bytes.number(end + 16, 4), bytes.number(end + 10, 2)};
}

/// Takes the 64-bit values of a member's extra field: those whose 32-bit place is all ones, in
/// this order.
void readZip64(const Bytes& extra, size_t length, ZipMember& member) {
    for (size_t at = 0; at + 4 <= length;) {
        const uint64_t tag = extra.number(at, 2), size = extra.number(at + 2, 2);
        at += 4;
        if (tag == 1) {
            for (uint64_t* value : {&member.size, &member.packedSize, &member.offset})
                if (*value == none32) {
                    *value = extra.number(at, 8);
                    at += 8;
                }
            return;
        }
        at += size;
    }
}

ZipMember readMember(const Bytes& bytes, uint64_t& at, const std::string& path) {
    if (bytes.number(at, 4) != centralSignature)
        fail("reading ", path, ": no entry of the zip directory at byte ", at,
             "; the file is damaged");
    const uint64_t nameLength = bytes.number(at + 28, 2), extraLength = bytes.number(at + 30, 2);
    ZipMember member;
    member.name = bytes.range(at + centralSize, nameLength);
    member.method = int(bytes.number(at + 10, 2));
    member.checksum = uint32_t(bytes.number(at + 16, 4));
    member.packedSize = bytes.number(at + 20, 4);
    member.size = bytes.number(at + 24, 4);
    member.offset = bytes.number(at + 42, 4);
    if (bytes.number(at + 8, 2) & 1)
        fail("reading ", path, ": \"", member.name, "\" is encrypted");
    const auto extra = bytes.range(at + centralSize + nameLength, extraLength);
    readZip64(Bytes(extra, path), extraLength, member);
    at += centralSize + nameLength + extraLength + bytes.number(at + 32, 2);
    return member;
}

/// Inflates raw deflate data into exactly `size` bytes; false if it does not fit.
bool inflateAll(std::string_view packed, std::string& content) {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    constexpr size_t step = size_t{1} << 30;  // zlib counts in 32 bits
    size_t taken = 0, made = 0;
    int status = Z_OK;
    char overflow = 0;  // one byte beyond the promised size shows that more follows
    while (status == Z_OK) {
        const size_t in = std::min(step, packed.size() - taken);
        const size_t out = std::min(step, content.size() - made);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + taken));
        stream.avail_in = uInt(in);
        stream.next_out = reinterpret_cast<Bytef*>(out > 0 ? content.data() + made : &overflow);
        stream.avail_out = uInt(out > 0 ? out : 1);
        status = inflate(&stream, Z_NO_FLUSH);
        taken += in - stream.avail_in;
        made += (out > 0 ? out : 1) - stream.avail_out;
        if (made > content.size() || (in == stream.avail_in && out == stream.avail_out))
            break;
    }
    inflateEnd(&stream);
    return status == Z_STREAM_END && made == content.size() && taken == packed.size();
}

uint32_t checksumOf(std::string_view bytes) {
    return uint32_t(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Where a member's packed bytes lie.
std::string_view packedBytes(const Bytes& bytes, const ZipMember& member, const std::string& path) {
    if (bytes.number(member.offset, 4) != localSignature)
        fail("reading ", path, ": \"", member.name, "\" does not start where the zip directory ",
             "says; the file is damaged");
    const uint64_t start = member.offset + localSize + bytes.number(member.offset + 26, 2) +
                           bytes.number(member.offset + 28, 2);
    const std::string_view packed = bytes.range(start, member.packedSize);
    if (member.method != 0 && member.method != 8)
        fail("reading ", path, ": \"", member.name, "\" is packed by method ", member.method,
             ", expected 0 (stored) or 8 (deflated)");
    const uint64_t largest = member.method == 0 ? packed.size() : packed.size() * deflateLimit;
    if (member.size > largest || (member.method == 0 && member.size != packed.size()))
        fail("reading ", path, ": \"", member.name, "\" is said to have ", member.size,
             " bytes, which its ", packed.size(), " packed bytes cannot hold; the file is damaged");
    return packed;
}

std::string unpacked(const Bytes& bytes, const ZipMember& member, const std::string& path) {
    const std::string_view packed = packedBytes(bytes, member, path);
    std::string content;
    if (member.method == 0) {
        content = packed;
    } else {
        content.assign(member.size, '\0');
        if (!inflateAll(packed, content))
            fail("reading ", path, ": \"", member.name, "\" does not unpack to the ", member.size,
                 " bytes the zip directory says; the file is damaged");
    }
    if (checksumOf(content) != member.checksum)
        fail("reading ", path, ": the checksum of \"", member.name,
             "\" differs; the file is damaged");
    return content;
}

Directory directoryOf(std::string_view content, const std::string& path) {
    const auto end = findEnd(content);
    if (!end)
        fail("reading ", path, ": no zip directory found, expected a zip archive; the file is ",
             "another format or was cut off");
    return findDirectory(Bytes(content, path), *end);
}

void append(std::string& text, uint64_t value, size_t width) {
    for (size_t k = 0; k < width; k++)
        text.push_back(char(value >> 8 * k & 0xff));
}

/// What local header and directory entry have in common: version 2.0, stored, 1 January 1980, so
/// that the same content gives the same file.
void appendCommon(std::string& text, const std::string& name, const std::string& content) {
    append(text, 20, 2);
    append(text, 0, 4);
    append(text, 0, 2);
    append(text, 1 << 5 | 1, 2);
    append(text, checksumOf(content), 4);
    append(text, content.size(), 4);
    append(text, content.size(), 4);
    append(text, name.size(), 2);
    append(text, 0, 2);
}

}  // namespace

ZipArchive::ZipArchive(const std::string& path) : path_(path) {
    const auto file = std::make_shared<MappedFile>(path);
    bytes_ = file->bytes();
    owner_ = file;
    readDirectory();
}

ZipArchive::ZipArchive(std::string bytes, std::string name) : path_(std::move(name)) {
    const auto kept = std::make_shared<std::string>(std::move(bytes));
    bytes_ = *kept;
    owner_ = kept;
    readDirectory();
}

void ZipArchive::readDirectory() {
    const Directory directory = directoryOf(bytes_, path_);
    const Bytes bytes(bytes_, path_);
    uint64_t at = directory.offset;
    // Every entry takes 46 bytes at least, so a false count ends at the end of the file.
    for (uint64_t k = 0; k < directory.entries; k++)
        members_.push_back(readMember(bytes, at, path_));
}

bool ZipArchive::contains(const std::string& name) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const ZipMember& member) { return member.name == name; });
}

std::string ZipArchive::read(const std::string& name) const {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const ZipMember& each) { return each.name == name; });
    if (found == members_.end())
        fail("reading ", path_, ": there is no \"", name, "\" in the archive");
    return unpacked(Bytes(bytes_, path_), *found, path_);
}

struct ZipWalk::Place {
    explicit Place(const std::string& file)
        : path(file), mapped(file), directory(directoryOf(mapped.bytes(), file)) {}

    std::string path;
    MappedFile mapped;
    Directory directory;  ///< where the next entry begins, and how many are left
    uint64_t touched = 0;
};

ZipWalk::ZipWalk(const std::string& path) : place_(std::make_unique<Place>(path)) {}

ZipWalk::~ZipWalk() = default;

bool ZipWalk::next(ZipMember& member) {
    Directory& directory = place_->directory;
    if (directory.entries == 0)
        return false;
    member = readMember(Bytes(place_->mapped.bytes(), place_->path), directory.offset,
                        place_->path);
    directory.entries--;
    return true;
}

std::string ZipWalk::read(const ZipMember& member) {
    // Pages that were read count as ours until they are given back.
    constexpr uint64_t often = uint64_t{16} << 20;
    place_->touched += member.packedSize + localSize;
    if (place_->touched > often) {
        place_->mapped.forget();
        place_->touched = 0;
    }
    return unpacked(Bytes(place_->mapped.bytes(), place_->path), member, place_->path);
}

std::string storedZip(const std::map<std::string, std::string>& contents) {
    std::string text, directory;
    if (contents.size() >= none16)
        fail("packing a zip archive: ", contents.size(), " members, expected fewer than ", none16);
    for (const auto& [name, content] : contents) {
        // 32-bit offsets end here, and so do the sizes of members.
        if (name.size() > none16 || text.size() + content.size() > none32 - localSize - none16)
            fail("packing a zip archive: \"", name, "\" does not fit, expected less than 4 GiB");
        append(directory, centralSignature, 4);
        append(directory, 20, 2);
        appendCommon(directory, name, content);
        append(directory, 0, 4);
        append(directory, 0, 6);
        append(directory, text.size(), 4);
        directory += name;
        append(text, localSignature, 4);
        appendCommon(text, name, content);
        text += name + content;
    }
    const size_t start = text.size();
    text += directory;
    append(text, endSignature, 4);
    append(text, 0, 4);
    append(text, contents.size(), 2);
    append(text, contents.size(), 2);
    append(text, directory.size(), 4);
    append(text, start, 4);
    append(text, 0, 2);
    return text;
}

}  // namespace molspectra
