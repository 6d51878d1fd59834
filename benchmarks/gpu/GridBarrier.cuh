// Reads, and barriers of all blocks of a cooperative launch, through global memory.
// SPDX-License-Identifier: MIT
#pragma once

namespace measure {

__device__ inline unsigned loadAcquire(const unsigned* address) {
    unsigned value;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                 : "=r"(value) : "l"(__cvta_generic_to_global(address)) : "memory");
    return value;
}

__device__ inline void storeRelease(unsigned* address, unsigned value) {
    asm volatile("st.release.gpu.global.u32 [%0], %1;"
                 :: "l"(__cvta_generic_to_global(address)), "r"(value) : "memory");
}

__device__ inline void addRelease(unsigned* address) {
    asm volatile("red.release.gpu.global.add.u32 [%0], 1;"
                 :: "l"(__cvta_generic_to_global(address)) : "memory");
}

/// From L2, in the order of the program, so that the compiler keeps many loads under way.
__device__ inline float4 loadCached(const float4* address) {
    float4 value;
    asm volatile("ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
                 : "l"(__cvta_generic_to_global(address)));
    return value;
}

/// All blocks add to one counter, and one thread of each waits for the sum.
/// @param counter  0 before the first barrier
/// @param count    1 at the first barrier, 2 at the next, ...
__device__ inline void counterBarrier(unsigned* counter, unsigned count) {
    __syncthreads();
    if (threadIdx.x == 0) {
        addRelease(counter);
        while (loadAcquire(counter) < count * gridDim.x) {
        }
    }
    __syncthreads();
}

/// Each block raises a flag of its own, and one thread of each block waits for each flag.
/// @param flags  [blocks], 0 before the first barrier
__device__ inline void flagBarrier(unsigned* flags, unsigned count) {
    __syncthreads();
    if (threadIdx.x == 0)
        storeRelease(flags + blockIdx.x, count);
    for (unsigned block = threadIdx.x; block < gridDim.x; block += blockDim.x)
        while (loadAcquire(flags + block) < count) {
        }
    __syncthreads();
}

}  // namespace measure
