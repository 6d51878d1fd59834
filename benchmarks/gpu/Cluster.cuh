// What blocks of one cluster do with each other's shared memory, in the words of PTX.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace measure {

/// Elsewhere the functions below do nothing, and kernels that call them must not be launched.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define MEASURE_CLUSTERS 1
#else
#define MEASURE_CLUSTERS 0
#endif

/// Address of one's own shared memory, as the functions below take it.
__device__ inline uint32_t sharedAddress(const void* pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

/// The same place in the shared memory of another block of the cluster.
__device__ inline uint32_t addressAt(int block, const void* pointer) {
    uint32_t address = 0;
#if MEASURE_CLUSTERS
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(address) : "r"(sharedAddress(pointer)), "r"(block));
#endif
    return address;
}

/// Waits for all threads of all blocks; what they wrote before is seen after.
__device__ inline void clusterBarrier() {
#if MEASURE_CLUSTERS
    __syncwarp();
    asm volatile("barrier.cluster.arrive.release.aligned;\n"
                 "barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

/// The same without any order of what was written.
__device__ inline void clusterMeeting() {
#if MEASURE_CLUSTERS
    __syncwarp();
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\n"
                 "barrier.cluster.wait.aligned;" ::: "memory");
#endif
}

__device__ inline float4 loadAt(int block, const float4* pointer) {
    float4 value = {};
#if MEASURE_CLUSTERS
    asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
                 : "r"(addressAt(block, pointer)));
#endif
    return value;
}

/// Counts the bytes that other blocks send into one's own shared memory.
class Arrivals {
public:
    /// By one thread, before a clusterBarrier.
    __device__ void open() {
#if MEASURE_CLUSTERS
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;\n"
                     "fence.mbarrier_init.release.cluster;"
                     :: "r"(sharedAddress(this)) : "memory");
#endif
    }

    /// By one thread, once a phase.
    __device__ void expect(uint32_t bytes) {
#if MEASURE_CLUSTERS
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                     :: "r"(sharedAddress(this)), "r"(bytes) : "memory");
#endif
    }

    /// Until the phase has ended; phases are numbered from 0.
    __device__ void wait(int phase) {
#if MEASURE_CLUSTERS
        uint32_t ended = 0;
        while (!ended)
            asm volatile("{\n.reg .pred done;\n"
                         "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64"
                         " done, [%1], %2;\n"
                         "selp.u32 %0, 1, 0, done;\n}"
                         : "=r"(ended) : "r"(sharedAddress(this)), "r"(phase & 1) : "memory");
#endif
    }

private:
    alignas(8) uint64_t state;
};

/// Stores into another block's shared memory, and tells that block's Arrivals.
__device__ inline void storeAt(int block, float4* pointer, float4 value, Arrivals* arrivals) {
#if MEASURE_CLUSTERS
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32"
                 " [%0], {%1, %2, %3, %4}, [%5];"
                 :: "r"(addressAt(block, pointer)), "f"(value.x), "f"(value.y), "f"(value.z),
                    "f"(value.w), "r"(addressAt(block, arrivals)) : "memory");
#endif
}

/// What this thread wrote to shared memory can be copied by copyAt after the next barrier.
__device__ inline void fenceShared() {
#if MEASURE_CLUSTERS
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}

/// What this thread wrote to global memory can be copied by copyToAll after the next barrier.
__device__ inline void fenceGlobal() {
#if MEASURE_CLUSTERS
    asm volatile("fence.proxy.async.global;" ::: "memory");
#endif
}

/// One copy of a piece of shared memory, by the copy engine. Places and size are multiples of 16
/// bytes.
__device__ inline void copyAt(int block, float4* to, const float4* from, uint32_t bytes,
                              Arrivals* arrivals) {
#if MEASURE_CLUSTERS
    asm volatile("cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes"
                 " [%0], [%1], %2, [%3];"
                 :: "r"(addressAt(block, to)), "r"(sharedAddress(from)), "r"(bytes),
                    "r"(addressAt(block, arrivals)) : "memory");
#endif
}

/// One copy from global memory to the same place of several blocks, whose Arrivals are told.
__device__ inline void copyToAll(uint16_t blocks, float4* to, const float4* from, uint32_t bytes,
                                 Arrivals* arrivals) {
#if MEASURE_CLUSTERS
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1], %2, [%3], %4;"
                 :: "r"(sharedAddress(to)), "l"(__cvta_generic_to_global(from)), "r"(bytes),
                    "r"(sharedAddress(arrivals)), "h"(blocks) : "memory");
#endif
}

}  // namespace measure
