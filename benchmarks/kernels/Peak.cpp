// One loop, compiled for each instruction set, in which nothing waits for anything else.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Peak.h"

#include <algorithm>
#include <chrono>

namespace molspectra {

namespace {

/// Independent sums: more than a unit has additions under way, few enough for the registers.
constexpr int chains = 12;
constexpr long rounds = 200000;
constexpr std::chrono::milliseconds trying{2};

/// Returns the operations that it made.
using Loop = double (*)();

// A macro, because a template's vectors are cut to what the target of the file has before the
// template becomes part of a function with a wider target. The empty instruction makes the
// compiler believe that each sum is looked at in every round. Both loops over the sums are
// unrolled, because only then do the sums live in registers.
#if defined(__x86_64__) || defined(__i386__)
#define MOLSPECTRA_VECTOR_REGISTER "+x"
#else
#define MOLSPECTRA_VECTOR_REGISTER "+w"
#endif
#define MOLSPECTRA_PEAK_LOOP(name, lanes, target)                             \
    target double name() {                                                    \
        using Vector [[gnu::vector_size(4 * (lanes))]] = float;               \
        Vector sum[chains];                                                   \
        _Pragma("GCC unroll 12") for (int k = 0; k < chains; ++k)             \
            sum[k] = Vector{} + float(k);                                     \
        for (long round = 0; round < rounds; ++round) {                       \
            _Pragma("GCC unroll 12") for (int k = 0; k < chains; ++k) {       \
                sum[k] = sum[k] * 0.5F + 1.0F;                                \
                asm volatile("" : MOLSPECTRA_VECTOR_REGISTER(sum[k]));        \
            }                                                                 \
        }                                                                     \
        return 2.0 * (lanes) * chains * rounds;                               \
    }

MOLSPECTRA_PEAK_LOOP(baselineLoop, 4, )
#ifdef __x86_64__
MOLSPECTRA_PEAK_LOOP(avx2Loop, 8, [[gnu::target("avx2,fma")]])
MOLSPECTRA_PEAK_LOOP(avx512Loop, 16, [[gnu::target("avx512f,fma")]])
#endif

Loop loopOf(native::InstructionSet set) {
#ifdef __x86_64__
    if (set == native::InstructionSet::avx512)
        return avx512Loop;
    if (set == native::InstructionSet::avx2)
        return avx2Loop;
#endif
    (void)set;
    return baselineLoop;
}

}  // namespace

Peak::Peak(native::InstructionSet set, int threads) : loop_(loopOf(set)), team_(threads) {}

void Peak::tryAgain() {
    using Clock = std::chrono::steady_clock;
    struct Work {
        Loop loop;
        double operations;  ///< of one thread
    } work{loop_, 0.0};
    const Clock::time_point start = Clock::now();
    for (Clock::time_point begin = start; begin < start + trying; begin = Clock::now()) {
        team_.run(
            [](void* context, native::Member& member) {
                Work& work = *static_cast<Work*>(context);
                const double operations = work.loop();
                if (member.index == 0)
                    work.operations = operations;
            },
            &work);
        const std::chrono::duration<double> seconds = Clock::now() - begin;
        best_ = std::max(best_, 1e-9 * work.operations * team_.size() / seconds.count());
    }
}

}  // namespace molspectra
