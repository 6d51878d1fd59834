// Each evaluation is timed by itself: minima and medians shrug off what else the machine does.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Measure.h"

#include <algorithm>
#include <chrono>

namespace molspectra {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int warmup = 5;
constexpr size_t fewestRounds = 5;

/// Milliseconds of each evaluation.
std::vector<double> roundsOf(Case& molecule, bool forces, double seconds) {
    const std::chrono::duration<double> budget(seconds);
    std::vector<double> milliseconds;
    const Clock::time_point start = Clock::now();
    while (milliseconds.size() < fewestRounds || Clock::now() - start < budget) {
        const Clock::time_point begin = Clock::now();
        molecule.evaluate(forces);
        const std::chrono::duration<double, std::milli> taken = Clock::now() - begin;
        milliseconds.push_back(taken.count());
    }
    return milliseconds;
}

void warmUp(Case& molecule, bool forces) {
    for (int n = 0; n < warmup; n++)
        molecule.evaluate(forces);
}

}  // namespace

Timing timeOf(Case& molecule, bool forces, double seconds) {
    warmUp(molecule, forces);
    std::vector<double> rounds = roundsOf(molecule, forces, seconds);
    std::sort(rounds.begin(), rounds.end());
    return {rounds.front(), rounds[rounds.size() / 2], long(rounds.size())};
}

std::vector<native::StageTime> stagesOf(Case& molecule, double seconds) {
    warmUp(molecule, true);
    const std::vector<native::StageTime> before = molecule.network().profile();
    const auto rounds = roundsOf(molecule, true, seconds).size();
    std::vector<native::StageTime> stages = molecule.network().profile();
    for (size_t n = 0; n < stages.size(); n++) {
        if (n < before.size()) {
            stages[n].seconds -= before[n].seconds;
            stages[n].flops -= before[n].flops;
            stages[n].calls -= before[n].calls;
        }
        stages[n].seconds /= double(rounds);
        stages[n].flops /= double(rounds);
        stages[n].calls /= long(rounds);
    }
    return stages;
}

}  // namespace molspectra
