// Memory that begins at a cache line, so that no vector of a feature straddles two of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace molspectra::native {

template <class T>
class Aligned {
public:
    Aligned() = default;
    /// Filled with zeros. @throws std::bad_alloc
    explicit Aligned(size_t size) : size_(size) {
        const size_t bytes = (size * sizeof(T) + line - 1) / line * line;
        memory_.reset(static_cast<T*>(std::aligned_alloc(line, bytes + line)));
        if (!memory_)
            throw std::bad_alloc();
        std::uninitialized_fill_n(memory_.get(), size, T(0));
    }

    T* data() { return memory_.get(); }
    const T* data() const { return memory_.get(); }
    size_t size() const { return size_; }
    size_t bytes() const { return size_ * sizeof(T); }

private:
    static constexpr size_t line = 64;

    struct Free {
        void operator()(T* memory) const { std::free(memory); }
    };

    std::unique_ptr<T[], Free> memory_;
    size_t size_ = 0;
};

}  // namespace molspectra::native
