// Mapping through POSIX calls; what cannot be mapped has no size known beforehand.
// SPDX-License-Identifier: MIT
#include "core/MappedFile.h"

#include "core/Error.h"
#include "core/Files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace molspectra {

MappedFile::MappedFile(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        fail("reading ", path, ": ", std::strerror(errno));
    struct stat status {};
    const bool regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    if (regular && status.st_size > 0) {
        const auto size = size_t(status.st_size);
        void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (start != MAP_FAILED) {
            bytes_ = {static_cast<const char*>(start), size};
            mapped_ = true;
        }
    }
    ::close(file);
    if (!mapped_) {
        read_ = readFile(path);
        bytes_ = read_;
    }
}

MappedFile::~MappedFile() {
    if (mapped_)
        ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

void MappedFile::forget() const {
    if (mapped_)
        ::madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

}  // namespace molspectra
