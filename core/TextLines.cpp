// zlib passes files through that are not compressed.
// SPDX-License-Identifier: MIT
#include "core/TextLines.h"

#include "core/Error.h"

#include <cerrno>
#include <cstring>
#include <zlib.h>

namespace molspectra {

namespace {

constexpr size_t firstBuffer = size_t{1} << 20, longestLine = size_t{64} << 20;

}  // namespace

struct TextLines::Stream {
    explicit Stream(const std::string& path) : file(gzopen(path.c_str(), "rb")) {
        if (file == nullptr)
            fail("reading ", path, ": ", std::strerror(errno));
        gzbuffer(file, 1 << 17);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    ~Stream() { gzclose(file); }

    gzFile file;
};

TextLines::TextLines(const std::string& path)
    : path_(path), stream_(std::make_unique<Stream>(path)), buffer_(firstBuffer, '\0') {}

TextLines::~TextLines() = default;

bool TextLines::refill() {
    if (at_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
        end_ -= at_;
        at_ = 0;
    }
    if (end_ == buffer_.size()) {
        if (buffer_.size() >= longestLine)
            fail("reading ", path_, " line ", number_ + 1, ": it is longer than ", longestLine,
                 " bytes, expected a text file");
        buffer_.resize(2 * buffer_.size());
    }
    const int got = gzread(stream_->file, buffer_.data() + end_, unsigned(buffer_.size() - end_));
    int status = Z_OK;
    const char* const reason = gzerror(stream_->file, &status);
    if (status == Z_BUF_ERROR)
        fail("reading ", path_, " after line ", number_, ": the compressed file was cut off");
    if (got < 0)
        fail("reading ", path_, " after line ", number_, ": ",
             status == Z_ERRNO ? std::strerror(errno) : reason);
    end_ += size_t(got);
    return got > 0;
}

bool TextLines::next(std::string_view& line) {
    const void* found = nullptr;
    for (size_t looked = 0; found == nullptr; looked = end_ - at_) {
        if (looked == end_ - at_ && !refill())
            break;
        found = std::memchr(buffer_.data() + at_ + looked, '\n', end_ - at_ - looked);
    }
    if (at_ == end_)
        return false;
    const char* const start = buffer_.data() + at_;
    const size_t length = found ? size_t(static_cast<const char*>(found) - start) : end_ - at_;
    line = {start, length};
    at_ += length + (found ? 1 : 0);
    number_++;
    constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF";  // spreadsheets write it
    if (number_ == 1 && line.starts_with(byteOrderMark))
        line.remove_prefix(byteOrderMark.size());
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    if (number_ == 1 && line.find('\r') != line.npos)
        fail("reading ", path_, ": its lines end with CR alone, as old Macs wrote them, expected ",
             "LF or CR LF; convert the file");
    return true;
}

}  // namespace molspectra
