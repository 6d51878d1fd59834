// Product of matrices by one block with tensor cores, in three products of half precision.
// SPDX-License-Identifier: MIT
//
// Every number is split, a = high + low / 2048, where high = half(a), low = half(2048 (a - high)).
// a b = high high + (high low + low high) / 2048; what is left out is below 2^-22 of it.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

namespace measure {

constexpr float lowScale = 2048.0f;
constexpr int productColumns = 128;
constexpr int tileK = 16, tileRows = 16, tileColumns = 8;  // of one mma.sync.m16n8k16
constexpr int padding = 8;  // halves a row: eight rows then begin in different banks

__host__ __device__ inline __half highOf(float value) {
    return __float2half_rn(value);
}

__host__ __device__ inline __half lowOf(float value) {
    return __float2half_rn((value - __half2float(highOf(value))) * lowScale);
}

/// Four fragments of 8 x 8 halves; each lane gives the address of one row of 8.
__device__ inline void loadFragments(uint32_t (&fragments)[4], const __half* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]), "=r"(fragments[3])
                 : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(row))) : "memory");
}

__device__ inline void multiplyAdd(float (&sum)[4], const uint32_t (&a)[4], uint32_t b0,
                                   uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3},"
                 " {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// C [M,128] = A [M,K] B [K,128]. The block's warps stand in a grid of M/32 rows; each has 32 rows
/// and its part of the columns.
template <int M, int K, int warps>
struct SplitProduct {
    static constexpr int threads = 32 * warps;
    static constexpr int warpRows = M / 32, warpColumns = warps / warpRows;
    static constexpr int columns = productColumns / warpColumns;  ///< of one warp
    static constexpr int rowTiles = 2, columnTiles = columns / tileColumns;
    static constexpr int stride = K + padding;
    static constexpr size_t shared = 2 * (M + productColumns) * stride * sizeof(__half);
    static constexpr int perThread = M * K / threads;  ///< values of A
    static_assert(columnTiles % 2 == 0 && perThread * threads == M * K);

    /// In shared memory: high and low halves of A [M,stride] and of B transposed [128,stride].
    __device__ explicit SplitProduct(__half* memory)
        : aHigh(memory), aLow(aHigh + M * stride), bHigh(aLow + M * stride),
          bLow(bHigh + productColumns * stride), lane(int(threadIdx.x) % 32),
          firstRow(int(threadIdx.x) / 32 / warpColumns * 32),
          firstColumn(int(threadIdx.x) / 32 % warpColumns * columns) {}

    /// @param b  [K,128], global
    __device__ void writeB(const float* b) {
        for (int i = int(threadIdx.x); i < K * productColumns; i += threads) {
            const int k = i / productColumns, column = i % productColumns;
            bHigh[column * stride + k] = highOf(b[i]);
            bLow[column * stride + k] = lowOf(b[i]);
        }
    }

    /// The thread's values of A: two neighbors in a row each, so that a store has both halves.
    __device__ static int indexOf(int pair) { return 2 * (pair * threads + int(threadIdx.x)); }

    __device__ void writeA(const float (&values)[perThread]) {
#pragma unroll
        for (int pair = 0; pair < perThread / 2; ++pair) {
            const int place = indexOf(pair) / K * stride + indexOf(pair) % K;
            const float first = values[2 * pair], second = values[2 * pair + 1];
            *reinterpret_cast<__half2*>(aHigh + place) = {highOf(first), highOf(second)};
            *reinterpret_cast<__half2*>(aLow + place) = {lowOf(first), lowOf(second)};
        }
    }

    /// Rows of A that ldmatrix takes from this lane: upper and lower half, then the next 8 of k.
    __device__ int placeInA(int tile, int k) const {
        return (firstRow + tile * tileRows + lane % 16) * stride + k + lane / 16 * 8;
    }

    /// Rows of transposed B: 8 columns, the next 8 of k, then the same of the next 8 columns.
    __device__ int placeInB(int tilePair, int k) const {
        return (firstColumn + tilePair * 2 * tileColumns + lane / 16 * 8 + lane % 8) * stride + k +
               lane / 8 % 2 * 8;
    }

    __device__ void step(int k) {
        uint32_t high[rowTiles][4], low[rowTiles][4];
#pragma unroll
        for (int row = 0; row < rowTiles; ++row) {
            loadFragments(high[row], aHigh + placeInA(row, k));
            loadFragments(low[row], aLow + placeInA(row, k));
        }
#pragma unroll
        for (int pair = 0; pair < columnTiles / 2; ++pair) {
            uint32_t bh[4], bl[4];
            loadFragments(bh, bHigh + placeInB(pair, k));
            loadFragments(bl, bLow + placeInB(pair, k));
#pragma unroll
            for (int row = 0; row < rowTiles; ++row)
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const int column = 2 * pair + half;
                    multiplyAdd(main[row][column], high[row], bh[2 * half], bh[2 * half + 1]);
                    multiplyAdd(rest[row][column], high[row], bl[2 * half], bl[2 * half + 1]);
                    multiplyAdd(rest[row][column], low[row], bh[2 * half], bh[2 * half + 1]);
                }
        }
    }

    __device__ void multiply() {
#pragma unroll
        for (int row = 0; row < rowTiles; ++row)
#pragma unroll
            for (int column = 0; column < columnTiles; ++column)
#pragma unroll
                for (int i = 0; i < 4; ++i)
                    main[row][column][i] = rest[row][column][i] = 0.0f;
#pragma unroll
        for (int k = 0; k < K; k += tileK)
            step(k);
    }

    /// @param c  [M,128], global
    __device__ void store(float* c) const {
#pragma unroll
        for (int row = 0; row < rowTiles; ++row)
#pragma unroll
            for (int column = 0; column < columnTiles; ++column)
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const int m = firstRow + row * tileRows + lane / 4 + 8 * half;
                    const int n = firstColumn + column * tileColumns + lane % 4 * 2;
                    const float* a = main[row][column] + 2 * half;
                    const float* b = rest[row][column] + 2 * half;
                    *reinterpret_cast<float2*>(c + m * productColumns + n) = {
                        a[0] + b[0] / lowScale, a[1] + b[1] / lowScale};
                }
    }

    __half *aHigh, *aLow, *bHigh, *bLow;
    int lane, firstRow, firstColumn;
    float main[rowTiles][columnTiles][4], rest[rowTiles][columnTiles][4];
};

/// @tparam splits  whether A is split out of registers in every round, as a new activation is
template <int M, int K, int warps, bool splits>
__global__ void __launch_bounds__(32 * warps, 1)
productKernel(const float* a, const float* b, float* c, int rounds) {
    extern __shared__ __align__(128) __half halves[];
    using Product = SplitProduct<M, K, warps>;
    Product product(halves);
    float values[Product::perThread];
#pragma unroll
    for (int pair = 0; pair < Product::perThread / 2; ++pair) {
        values[2 * pair] = a[Product::indexOf(pair)];
        values[2 * pair + 1] = a[Product::indexOf(pair) + 1];
    }
    product.writeB(b);
    if constexpr (!splits)
        product.writeA(values);
    __syncthreads();
    for (int round = 0; round < rounds; ++round) {
        if constexpr (splits) {
            product.writeA(values);
            __syncthreads();
        }
        product.multiply();
        product.store(c);
        __syncthreads();
    }
}

}  // namespace measure
