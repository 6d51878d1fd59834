// The card, its clock, and launches with attributes. Every failed CUDA call throws a sentence.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace measure {

/// @throws std::runtime_error naming what was done, unless `status` is success
void check(cudaError_t status, const char* doing);

struct Card {
    explicit Card(int device);
    /// Name, compute capability, multiprocessors and versions, in one line.
    std::string describe() const;
    /// Why kernels built like this one cannot use clusters here, or an empty text.
    std::string lacksClusters(const void* kernel) const;

    cudaDeviceProp properties{};
    int processors = 0;  ///< multiprocessors
};

/// How a kernel is launched.
struct Shape {
    int blocks = 1;
    int threads = 1;
    size_t shared = 0;          ///< bytes of dynamic shared memory
    int cluster = 0;            ///< blocks a cluster; 0 for no clusters
    bool cooperative = false;   ///< all blocks at once, or an error
    bool programmatic = false;  ///< may start before the kernel before it has ended
};

/// Allows the kernel the shared memory and the size of cluster of `shape`.
void allow(const void* kernel, const Shape& shape);

/// Clusters of `shape` that run at the same time on the whole card.
int mostClusters(const void* kernel, const Shape& shape);

/// Why a kernel cannot be launched in this shape here, or an empty text.
std::string obstacle(const Card& card, const void* kernel, const Shape& shape);

void launchUntyped(const void* kernel, const Shape& shape, cudaStream_t stream, void** arguments);

template <class... Arguments>
void launch(void (*kernel)(Arguments...), const Shape& shape, cudaStream_t stream,
            std::type_identity_t<Arguments>... arguments) {
    void* addresses[] = {static_cast<void*>(&arguments)..., nullptr};
    launchUntyped(reinterpret_cast<const void*>(kernel), shape, stream, addresses);
}

/// Memory on the card, zero at first.
template <class T>
class Array {
public:
    explicit Array(size_t size) : size(size) {
        check(cudaMalloc(reinterpret_cast<void**>(&data), size * sizeof(T)), "allocating memory");
        clear();
    }
    explicit Array(const std::vector<T>& values) : Array(values.size()) {
        check(cudaMemcpy(data, values.data(), size * sizeof(T), cudaMemcpyHostToDevice),
              "copying to the card");
    }
    ~Array() { cudaFree(data); }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;

    void clear() { check(cudaMemset(data, 0, size * sizeof(T)), "clearing memory"); }
    std::vector<T> read() const {
        std::vector<T> values(size);
        check(cudaMemcpy(values.data(), data, size * sizeof(T), cudaMemcpyDeviceToHost),
              "copying from the card");
        return values;
    }

    T* data = nullptr;
    const size_t size;
};

class Stream {
public:
    Stream() {
        check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
    }
    ~Stream() { cudaStreamDestroy(stream); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    operator cudaStream_t() const { return stream; }

private:
    cudaStream_t stream = nullptr;
};

/// Microseconds between two events around `work` on the stream, the shortest of some turns.
double shortest(cudaStream_t stream, const std::function<void()>& work);

/// Microseconds that one more round of a kernel takes, so that its launch does not count.
/// @param run  launches the kernel on the stream with a number of rounds
double perRound(cudaStream_t stream, int rounds, const std::function<void(int rounds)>& run);

/// Keeps the card busy until its clocks have risen.
void warmUp(cudaStream_t stream);

/// "right", or how many of `all` results are wrong.
std::string verdict(unsigned wrong, size_t all);

}  // namespace measure
