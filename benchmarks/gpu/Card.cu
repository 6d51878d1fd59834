// Turns are repeated because a shared card is slower now and then, never faster.
// SPDX-License-Identifier: MIT
#include "Card.h"

#include <algorithm>
#include <chrono>

namespace measure {

namespace {

constexpr int turns = 7;
constexpr std::chrono::milliseconds warmUpTime{300};
constexpr size_t usualShared = 48 * 1024;  // what a kernel gets without asking
constexpr int usualCluster = 8;

/// Two events, destroyed with it.
struct Interval {
    Interval() {
        check(cudaEventCreate(&begin), "making an event");
        check(cudaEventCreate(&end), "making an event");
    }
    ~Interval() {
        cudaEventDestroy(begin);
        cudaEventDestroy(end);
    }
    Interval(const Interval&) = delete;
    Interval& operator=(const Interval&) = delete;

    double microseconds(cudaStream_t stream, const std::function<void()>& work) {
        check(cudaEventRecord(begin, stream), "recording an event");
        work();
        check(cudaEventRecord(end, stream), "recording an event");
        check(cudaEventSynchronize(end), "waiting for a kernel");
        float milliseconds = 0;
        check(cudaEventElapsedTime(&milliseconds, begin, end), "reading events");
        return 1000.0 * milliseconds;
    }

    cudaEvent_t begin = nullptr, end = nullptr;
};

struct Configuration {
    Configuration(const Shape& shape, cudaStream_t stream) {
        config.gridDim = dim3(unsigned(shape.blocks));
        config.blockDim = dim3(unsigned(shape.threads));
        config.dynamicSmemBytes = shape.shared;
        config.stream = stream;
        config.attrs = attributes;
        if (shape.cluster > 0) {
            cudaLaunchAttribute& next = add(cudaLaunchAttributeClusterDimension);
            next.val.clusterDim = {unsigned(shape.cluster), 1, 1};
        }
        if (shape.cooperative)
            add(cudaLaunchAttributeCooperative).val.cooperative = 1;
        if (shape.programmatic)
            add(cudaLaunchAttributeProgrammaticStreamSerialization)
                .val.programmaticStreamSerializationAllowed = 1;
    }
    Configuration(const Configuration&) = delete;
    Configuration& operator=(const Configuration&) = delete;

    cudaLaunchAttribute& add(cudaLaunchAttributeID id) {
        cudaLaunchAttribute& next = attributes[config.numAttrs++];
        next.id = id;
        return next;
    }

    cudaLaunchAttribute attributes[3] = {};
    cudaLaunchConfig_t config{};
};

__global__ void busyKernel(float* result, int rounds) {
    float x = float(threadIdx.x);
    for (int i = 0; i < rounds; ++i)
        x = x * 0.999f + 0.5f;
    if (x < 0.0f)
        *result = x;
}

}  // namespace

void check(cudaError_t status, const char* doing) {
    if (status != cudaSuccess)
        throw std::runtime_error(std::string(doing) + ": " + cudaGetErrorString(status));
}

Card::Card(int device) {
    check(cudaSetDevice(device), "choosing the card");
    check(cudaGetDeviceProperties(&properties, device), "asking for the card's properties");
    processors = properties.multiProcessorCount;
}

std::string Card::describe() const {
    int driver = 0, runtime = 0;
    check(cudaDriverGetVersion(&driver), "asking for the driver's version");
    check(cudaRuntimeGetVersion(&runtime), "asking for the runtime's version");
    const auto version = [](int number) {
        return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
    };
    return std::string(properties.name) + ", compute capability " +
           std::to_string(properties.major) + "." + std::to_string(properties.minor) + ", " +
           std::to_string(processors) + " multiprocessors, L2 " +
           std::to_string(properties.l2CacheSize >> 20) + " MiB, driver for CUDA " +
           version(driver) + ", runtime " + version(runtime);
}

std::string Card::lacksClusters(const void* kernel) const {
    if (properties.major < 9)
        return "needs compute capability 9.0, this card has " + std::to_string(properties.major) +
               "." + std::to_string(properties.minor);
    cudaFuncAttributes attributes{};
    check(cudaFuncGetAttributes(&attributes, kernel), "asking for a kernel's attributes");
    if (attributes.ptxVersion < 90)
        return "this program was built for compute capability " +
               std::to_string(attributes.ptxVersion / 10) + "." +
               std::to_string(attributes.ptxVersion % 10) + ", build it for the card's own";
    return "";
}

void allow(const void* kernel, const Shape& shape) {
    if (shape.shared > usualShared)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   int(shape.shared)), "asking for shared memory");
    if (shape.cluster > usualCluster)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
              "asking for a large cluster");
}

int mostClusters(const void* kernel, const Shape& shape) {
    Configuration configuration(shape, nullptr);
    int clusters = 0;
    check(cudaOccupancyMaxActiveClusters(&clusters, kernel, &configuration.config),
          "asking how many clusters fit");
    return clusters;
}

std::string obstacle(const Card& card, const void* kernel, const Shape& shape) {
    if (shape.cluster > 0)
        if (const std::string lacking = card.lacksClusters(kernel); !lacking.empty())
            return lacking;
    if (shape.shared > card.properties.sharedMemPerBlockOptin)
        return "needs " + std::to_string(shape.shared >> 10) +
               " KiB of shared memory, a block has " +
               std::to_string(card.properties.sharedMemPerBlockOptin >> 10) + " KiB here";
    allow(kernel, shape);
    if (shape.cluster > 0 && mostClusters(kernel, shape) == 0)
        return "no cluster of " + std::to_string(shape.cluster) + " blocks fits on this card";
    return "";
}

void launchUntyped(const void* kernel, const Shape& shape, cudaStream_t stream, void** arguments) {
    Configuration configuration(shape, stream);
    check(cudaLaunchKernelExC(&configuration.config, kernel, arguments), "launching a kernel");
}

double shortest(cudaStream_t stream, const std::function<void()>& work) {
    Interval interval;
    double best = interval.microseconds(stream, work);
    for (int turn = 1; turn < turns; ++turn)
        best = std::min(best, interval.microseconds(stream, work));
    return best;
}

double perRound(cudaStream_t stream, int rounds, const std::function<void(int rounds)>& run) {
    run(1);
    const double few = shortest(stream, [&] { run(rounds); });
    const double many = shortest(stream, [&] { run(3 * rounds); });
    return (many - few) / (2.0 * rounds);
}

void warmUp(cudaStream_t stream) {
    const auto end = std::chrono::steady_clock::now() + warmUpTime;
    Array<float> result(1);
    while (std::chrono::steady_clock::now() < end) {
        busyKernel<<<1024, 256, 0, stream>>>(result.data, 4096);
        check(cudaGetLastError(), "launching a kernel");
        check(cudaStreamSynchronize(stream), "waiting for a kernel");
    }
}

std::string verdict(unsigned wrong, size_t all) {
    if (wrong == 0)
        return "right";
    return "wrong: " + std::to_string(wrong) + " of " + std::to_string(all) + " values";
}

}  // namespace measure
