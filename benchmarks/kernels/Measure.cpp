// Each evaluation is timed by itself: minima and medians shrug off what else the machine does.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Measure.h"

#include "core/Error.h"

#include <algorithm>
#include <chrono>

namespace molspectra {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int warmup = 5;
constexpr size_t fewestRounds = 5;

/// Stages that are products of features with weights and little else. The adjoint of `combine` is
/// part of the stage "neighbors adjoint", whose time goes to the pairs.
constexpr const char* products[] = {
    "combine",          "project",           "output",             "directions",
    "hidden 0",         "gate",              "lengths 1",          "hidden 1",
    "hidden 1 adjoint", "gate adjoint",      "hidden 0 adjoint",   "lengths 0 adjoint",
    "output adjoint",   "project adjoint",   "directions adjoint"};

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

std::vector<native::StageTime> stagesOf(Case& molecule, double seconds, Peak& peak) {
    const std::chrono::duration<double> budget(seconds);
    for (const Clock::time_point start = Clock::now(); Clock::now() - start < budget;) {
        roundsOf(molecule, true, 0.0);
        peak.tryAgain();
    }
    return molecule.network().profile();
}

native::StageTime productsOf(const std::vector<native::StageTime>& stages) {
    native::StageTime sum{"products"};
    for (const char* name : products) {
        const auto stage = std::ranges::find(stages, name, &native::StageTime::name);
        if (stage == stages.end())
            fail("summing the products with weights: found no stage ", name,
                 ", expected it in the profile; correct the list in Measure.cpp");
        sum.seconds += stage->seconds;
        sum.flops += stage->flops;
        sum.calls += stage->calls;
    }
    return sum;
}

}  // namespace molspectra
