// Whole-file reading, safe writing through POSIX calls, and SHA-256.
// SPDX-License-Identifier: MIT
#include "core/Files.h"

#include "core/Error.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace molspectra {

namespace {

[[noreturn]] void failSystem(std::string_view doing, const std::string& path, int reason) {
    fail(doing, " ", path, ": ", std::strerror(reason));
}

/// Owns a file descriptor; close() reports what a destructor could not.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0)
            ::close(number_);
    }
    int get() const { return number_; }
    int close() { return ::close(std::exchange(number_, -1)); }

private:
    int number_;
};

void writeAll(int descriptor, std::string_view content, const std::string& path) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            failSystem("writing", path, errno);
        content.remove_prefix(size_t(written));
    }
}

void writeContent(const std::string& part, std::string_view content, const std::string& path) {
    Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0)
        failSystem("writing", path, errno);
    writeAll(file.get(), content, path);
    if (file.close() != 0)
        failSystem("writing", path, errno);
}

/// Some file systems have no notion of flushing a folder and answer EINVAL.
void flush(const std::string& target, int flags, const std::string& path) {
    Descriptor file(::open(target.c_str(), flags | O_CLOEXEC));
    if (file.get() < 0)
        failSystem("writing", path, errno);
    if (::fsync(file.get()) != 0 && errno != EINVAL)
        failSystem("writing", path, errno);
}

std::string folderOf(const std::string& path) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    return folder.empty() ? "." : folder;
}

constexpr std::array<uint32_t, 64> roundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using Digest = std::array<uint32_t, 8>;

std::array<uint32_t, 64> messageSchedule(const char* block) {
    std::array<uint32_t, 64> words;
    for (size_t t = 0; t < 16; t++) {
        words[t] = 0;
        for (size_t k = 0; k < 4; k++)
            words[t] = words[t] << 8 | uint8_t(block[4 * t + k]);
    }
    for (size_t t = 16; t < 64; t++) {
        const uint32_t x = words[t - 15], y = words[t - 2];
        const uint32_t s0 = std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3;
        const uint32_t s1 = std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10;
        words[t] = words[t - 16] + s0 + words[t - 7] + s1;
    }
    return words;
}

void hashBlock(Digest& digest, const char* block) {
    const auto words = messageSchedule(block);
    auto [a, b, c, d, e, f, g, h] = digest;
    for (size_t t = 0; t < 64; t++) {
        const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + roundConstants[t] + words[t];
        const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const Digest change = {a, b, c, d, e, f, g, h};
    for (size_t k = 0; k < digest.size(); k++)
        digest[k] += change[k];
}

/// The last, incomplete block with its padding: a one bit, zeros, the length in bits.
std::string padded(std::string_view rest, uint64_t bytes) {
    std::string tail(rest);
    tail.push_back('\x80');
    tail.append((120 - tail.size() % 64) % 64, '\0');
    for (int shift = 56; shift >= 0; shift -= 8)
        tail.push_back(char(bytes * 8 >> shift & 0xff));
    return tail;
}

}  // namespace

std::string fileKind(const std::string& path) {
    std::filesystem::path name = lower(std::filesystem::path(path).filename().string());
    const std::string last = name.extension().string();
    if (last != ".gz")
        return last.empty() ? last : last.substr(1);
    name = name.stem();
    const std::string inner = name.extension().string();
    return inner == ".tar" ? "tar.gz" : inner.empty() ? inner : inner.substr(1);
}

std::string readFile(const std::string& path) {
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        failSystem("reading", path, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode))
        fail("reading ", path, ": it is a folder, expected a file");
    // One byte more than the size, so that the end is seen without growing.
    std::string content(status.st_size > 0 ? size_t(status.st_size) + 1 : size_t{1} << 16, '\0');
    size_t used = 0;
    for (;;) {
        // A pipe has no size, and a file may grow while it is read.
        if (used == content.size())
            content.resize(content.size() + (size_t{1} << 16));
        const ssize_t got = ::read(file.get(), content.data() + used, content.size() - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            failSystem("reading", path, errno);
        if (got == 0)
            break;
        used += size_t(got);
    }
    content.resize(used);
    return content;
}

void writeFileSafely(const std::string& path, std::string_view content) {
    writeFileSafely(path, [&](const std::string& part) { writeContent(part, content, path); });
}

void writeFileSafely(const std::string& path,
                     const std::function<void(const std::string&)>& write) {
    std::error_code unknown;
    const std::filesystem::file_status there = std::filesystem::status(path, unknown);
    if (std::filesystem::is_character_file(there) || std::filesystem::is_fifo(there)) {
        write(path);  // a pipe or terminal: nothing that could be kept or replaced
        return;
    }
    // The file that a link leads to, not the link, is what is replaced.
    const std::string target =
        std::filesystem::exists(there) ? std::filesystem::canonical(path).string() : path;
    const std::string part = target + ".part";
    try {
        write(part);
        flush(part, O_RDONLY, path);
        if (::rename(part.c_str(), target.c_str()) != 0)
            failSystem("writing", path, errno);
    } catch (...) {
        ::unlink(part.c_str());
        throw;
    }
    flush(folderOf(target), O_RDONLY | O_DIRECTORY, path);
}

std::string sha256(std::string_view bytes) {
    Digest digest = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const size_t whole = bytes.size() - bytes.size() % 64;
    for (size_t start = 0; start < whole; start += 64)
        hashBlock(digest, bytes.data() + start);
    const std::string tail = padded(bytes.substr(whole), bytes.size());
    for (size_t start = 0; start < tail.size(); start += 64)
        hashBlock(digest, tail.data() + start);
    std::string text;
    for (uint32_t word : digest)
        for (int shift = 28; shift >= 0; shift -= 4)
            text.push_back("0123456789abcdef"[word >> shift & 0xf]);
    return text;
}

}  // namespace molspectra
