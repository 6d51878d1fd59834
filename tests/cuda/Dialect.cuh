// The words of OpenMM's kernel dialect as they are for CUDA: what our kernels use of them.
// SPDX-License-Identifier: MIT
//
// OpenMM puts its own before each source that it compiles. kernels.py compares the two.

#define KERNEL extern "C" __global__
#define DEVICE __device__
#define LOCAL __shared__
#define GLOBAL
#define RESTRICT __restrict__
#define GLOBAL_ID (blockIdx.x*blockDim.x + threadIdx.x)
#define GLOBAL_SIZE (blockDim.x*gridDim.x)
#define LOCAL_ID threadIdx.x
#define LOCAL_SIZE blockDim.x
#define GROUP_ID blockIdx.x
#define NUM_GROUPS gridDim.x
#define SYNC_THREADS __syncthreads();
#define ATOMIC_ADD(dest, value) atomicAdd(dest, value)
typedef long long mm_long;
typedef unsigned long long mm_ulong;

#ifdef USE_DOUBLE_PRECISION
typedef double real;
typedef double4 real4;
#else
typedef float real;
typedef float4 real4;
#endif

#if defined(USE_DOUBLE_PRECISION) || defined(USE_MIXED_PRECISION)
typedef double mixed;
typedef double4 mixed4;
#else
typedef float mixed;
typedef float4 mixed4;
#endif
