// Which instructions this processor has, asked once.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "platforms/cpu/kernels/Network.h"

#include <cstdlib>

namespace molspectra::native {

namespace {

constexpr InstructionSet allSets[] = {InstructionSet::avx512, InstructionSet::avx2,
                                      InstructionSet::baseline};

InstructionSet fromName(const std::string& name) {
    for (const InstructionSet set : allSets)
        if (name == nameOf(set))
            return set;
    fail("reading MOLSPECTRA_INSTRUCTIONS: found \"", name,
         "\", expected baseline, avx2 or avx512");
}

}  // namespace

const char* nameOf(InstructionSet set) {
    switch (set) {
    case InstructionSet::avx512:
        return "avx512";
    case InstructionSet::avx2:
        return "avx2";
    default:
        return "baseline";
    }
}

bool supported(InstructionSet set) {
#ifdef __x86_64__
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (set == InstructionSet::avx512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    if (set == InstructionSet::avx2)
        return avx2;
#endif
    return set == InstructionSet::baseline;
}

InstructionSet bestInstructionSet() {
    const char* const named = std::getenv("MOLSPECTRA_INSTRUCTIONS");
    const bool limited = named != nullptr && *named != '\0';
    const InstructionSet widest = limited ? fromName(named) : allSets[0];
    for (const InstructionSet set : allSets)
        if (set <= widest && supported(set))
            return set;
    return InstructionSet::baseline;
}

}  // namespace molspectra::native
