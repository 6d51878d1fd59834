// Memory for weights and features: it begins at a cache line, so that no vector straddles two of
// them, and large pieces lie in large pages where the system has some, because a step walks through
// more ordinary pages than a processor remembers.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace molspectra::native {

template <class T>
class Aligned {
public:
    Aligned() = default;
    /// Filled with zeros. @throws std::bad_alloc
    explicit Aligned(size_t size) : size_(size) {
        const size_t unit = size * sizeof(T) >= largePage ? largePage : line;
        const size_t bytes = (size * sizeof(T) + unit) / unit * unit;
        memory_.reset(static_cast<T*>(std::aligned_alloc(unit, bytes)));
        if (!memory_)
            throw std::bad_alloc();
#ifdef __linux__
        if (unit == largePage)
            madvise(memory_.get(), bytes, MADV_HUGEPAGE);  // a wish: refusal changes nothing
#endif
        std::uninitialized_fill_n(memory_.get(), size, T(0));
    }

    T* data() { return memory_.get(); }
    const T* data() const { return memory_.get(); }
    size_t size() const { return size_; }
    size_t bytes() const { return size_ * sizeof(T); }

private:
    static constexpr size_t line = 64, largePage = size_t(2) << 20;

    struct Free {
        void operator()(T* memory) const { std::free(memory); }
    };

    std::unique_ptr<T[], Free> memory_;
    size_t size_ = 0;
};

/// Many pieces that live as long as the arena, next to each other in the order of asking.
template <class T>
class Arena {
public:
    /// @return zeros that begin at a cache line
    T* take(size_t size) {
        constexpr size_t unit = 64 / sizeof(T), chunk = (size_t(8) << 20) / sizeof(T);
        size = (size + unit - 1) / unit * unit;
        if (chunks_.empty() || used_ + size > chunks_.back().size()) {
            chunks_.emplace_back(std::max(size, chunk));
            used_ = 0;
        }
        T* piece = chunks_.back().data() + used_;
        used_ += size;
        bytes_ += size * sizeof(T);
        return piece;
    }

    size_t bytes() const { return bytes_; }

private:
    std::vector<Aligned<T>> chunks_;
    size_t used_ = 0, bytes_ = 0;
};

}  // namespace molspectra::native
