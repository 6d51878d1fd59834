// A small counter-seeded generator whose numbers are the same on every machine and compiler.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace molspectra {

/// splitmix64: enough for shuffles and noise, its state is one number.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next();
    /// Uniform integer in [0, bound), without bias. bound > 0.
    uint64_t below(uint64_t bound);
    /// Uniform in (0, 1).
    double uniform();
    /// Standard normal (Box-Muller).
    double normal();
    /// A random order of 0..count-1 (Fisher-Yates).
    std::vector<int64_t> permutation(int64_t count);

private:
    uint64_t state_;
};

/// A generator that depends on these numbers alone, so that resuming needs no state.
/// @param purpose  below 256, for streams that must not repeat one another
Random randomFor(uint64_t seed, uint64_t purpose, uint64_t number);

}  // namespace molspectra
