// splitmix64 and what is drawn from it.
// SPDX-License-Identifier: MIT
#include "core/Random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace molspectra {

uint64_t Random::next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
}

uint64_t Random::below(uint64_t bound) {
    // The first 2^64 mod bound numbers would make small remainders more likely: they are redrawn.
    const uint64_t unfair = (uint64_t{0} - bound) % bound;
    uint64_t number = next();
    while (number < unfair)
        number = next();
    return number % bound;
}

double Random::uniform() {
    // 52 bits, so that adding one half is exact and neither 0 nor 1 can come out.
    return (double(next() >> 12) + 0.5) * 0x1p-52;
}

double Random::normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::vector<int64_t> Random::permutation(int64_t count) {
    std::vector<int64_t> order(size_t(count > 0 ? count : 0));
    std::iota(order.begin(), order.end(), int64_t{0});
    for (size_t i = order.size(); i > 1; i--)
        std::swap(order[i - 1], order[below(i)]);
    return order;
}

Random randomFor(uint64_t seed, uint64_t purpose, uint64_t number) {
    // The generator counts in equal steps: starts that differ by a multiple of them would give the
    // same numbers one after another, so every part goes through its mixing.
    Random mixed(seed ^ (purpose << 56));
    return Random(Random(mixed.next() ^ number).next());
}

}  // namespace molspectra
