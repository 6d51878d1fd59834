// CUDA graphs on a device: replays against plain calls, other capacities, models without a graph.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"
#include "contract/ToyModel.h"
#include "platforms/cuda/src/GraphCache.h"

#include <cstdlib>
#include <dlfcn.h>
#include <thread>

namespace contract {

using MolSpectraPlugin::GraphCache;
using OpenMM::State;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

namespace {

constexpr int both = State::Energy | State::Forces;
/// Two of them are replays.
constexpr int calls = GraphCache::warmUpCalls + 3;
/// Added to the toy, it makes the host look at a number.
const std::string look = "    if float(atomic.sum()) > 1e30:\n        atomic = 2.0 * atomic\n";

/// A function of the CUDA driver, which this program does not link.
template <class Function>
Function* driver(const char* name) {
    void* library = dlopen("libcuda.so.1", RTLD_NOW);
    return library ? reinterpret_cast<Function*>(dlsym(library, name)) : nullptr;
}

bool hasDevice() {
    auto* initialize = driver<int(unsigned)>("cuInit");
    auto* count = driver<int(int*)>("cuDeviceGetCount");
    int devices = 0;
    return initialize && count && initialize(0) == 0 && count(&devices) == 0 && devices > 0;
}

void* currentContext() {
    void* context = nullptr;
    driver<int(void**)>("cuCtxGetCurrent")(&context);
    return context;
}

/// Every atom moved another way, by a few hundredths of an angstrom.
Positions shaken(const Positions& positions, int how) {
    Positions moved = positions;
    for (size_t i = 0; i < moved.size(); ++i)
        moved[i] += Vec3(std::sin(1.0 + how + 2.0 * i), std::cos(3.0 * how + i),
                         std::sin(5.0 * how - i)) * 0.004;
    return moved;
}

}  // namespace

class OnDevice : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (!hasDevice())
            GTEST_SKIP() << "no CUDA device here";
        loadPlugins();
    }

    Bench::Setting setting(const std::string& model, const std::vector<int>& numbers) const {
        return {Place("CUDA", {{"Precision", GetParam()}}), model, numbers};
    }

    /// The same without graphs.
    std::unique_ptr<Bench> plainBench(const Bench::Setting& setting) const {
        setenv("MOLSPECTRA_CUDA_GRAPH", "off", 1);
        auto bench = std::make_unique<Bench>(setting);
        unsetenv("MOLSPECTRA_CUDA_GRAPH");
        return bench;
    }

    void expectEqual(Bench& bench, Bench& plain, const Positions& positions) const {
        const State found = bench.evaluate(positions, both);
        const State expected = plain.evaluate(positions, both);
        EXPECT_NEAR(found.getPotentialEnergy(), expected.getPotentialEnergy(),
                    tolerance().energyRounding);
        EXPECT_LT(largestDifference(found.getForces(), expected.getForces()),
                  tolerance().rounding * largestComponent(expected.getForces()));
    }

    /// Also with energies alone between.
    void compare(Bench& bench, Bench& plain, const Positions& positions) const {
        for (int i = 0; i < calls; ++i) {
            expectEqual(bench, plain, shaken(positions, i));
            const Positions other = shaken(positions, calls + i);
            EXPECT_NEAR(bench.energy(other), plain.energy(other), tolerance().energyRounding);
        }
    }

    const Tolerances& tolerance() const {
        return std::string(GetParam()) == "double" ? inDouble : inSingle;
    }
};

INSTANTIATE_TEST_SUITE_P(Precisions, OnDevice, testing::Values("single", "mixed", "double"),
                         [](const auto& info) { return info.param; });

TEST_P(OnDevice, Replays_GiveWhatPlainCallsGive) {
    const Sample sample = ethanol();
    for (const char* model : {"Toy", "Network", "Norms"}) {
        const auto parameters = setting(modelBytes(model), sample.numbers);
        Bench bench(parameters);
        const auto plain = plainBench(parameters);
        EXPECT_THAT(bench.evaluatorInUse(), EndsWith(", CUDA graph after 3 warm-up calls"));
        compare(bench, *plain, sample.positions);
        EXPECT_THAT(bench.evaluatorInUse(), EndsWith(", CUDA graph")) << model;
        EXPECT_THAT(plain->evaluatorInUse(), HasSubstr("because MOLSPECTRA_CUDA_GRAPH is off"));
    }
}

TEST_P(OnDevice, MorePlacesForPairs_GetAGraphOfTheirOwn) {
    const Sample sample = waters();
    const auto parameters = setting(modelBytes("Toy"), sample.numbers);
    Bench bench(parameters);
    const auto plain = plainBench(parameters);
    for (const double stretch : {3.0, 1.5, 1.0, 3.0}) {
        Positions positions = sample.positions;
        for (Vec3& position : positions)
            position *= stretch;
        compare(bench, *plain, positions);
        EXPECT_THAT(bench.evaluatorInUse(), EndsWith(", CUDA graph"));
    }
}

TEST_P(OnDevice, ModelThatCannotBeCaptured_IsEvaluatedWithoutAGraph) {
    const Sample sample = ethanol();
    ToyOptions options;
    options.script = toyScript(look);
    Bench bench(setting(makeToyModel(options), sample.numbers));
    const auto graph = setting(modelBytes("Toy"), sample.numbers);
    const auto plain = plainBench(graph);
    compare(bench, *plain, sample.positions);
    EXPECT_THAT(bench.evaluatorInUse(), HasSubstr(", no CUDA graph because capturing failed: "));
    Bench other(graph);
    compare(other, *plain, sample.positions);
    EXPECT_THAT(other.evaluatorInUse(), EndsWith(", CUDA graph"));
}

TEST_P(OnDevice, SeveralContexts_DoNotDisturbEachOther) {
    const Sample sample = ethanol();
    const auto parameters = setting(modelBytes("Network"), sample.numbers);
    const auto plain = plainBench(parameters);
    Bench first(parameters), second(parameters);
    for (int i = 0; i < 2 * calls; ++i) {
        expectEqual(first, *plain, shaken(sample.positions, i));
        expectEqual(second, *plain, shaken(sample.positions, -i));
    }
}

TEST_P(OnDevice, SeveralThreads_CaptureAtTheSameTime) {
    const Sample sample = ethanol();
    const auto parameters = setting(modelBytes("Network"), sample.numbers);
    std::vector<std::unique_ptr<Bench>> benches, plain;
    for (int i = 0; i < 3; ++i) {
        benches.push_back(std::make_unique<Bench>(parameters));
        plain.push_back(plainBench(parameters));
    }
    std::vector<std::thread> threads;
    for (size_t i = 0; i < benches.size(); ++i)
        threads.emplace_back([&, i] { compare(*benches[i], *plain[i], sample.positions); });
    for (std::thread& thread : threads)
        thread.join();
    for (const auto& bench : benches)
        EXPECT_THAT(bench->evaluatorInUse(), EndsWith(", CUDA graph"));
}

TEST_P(OnDevice, EvaluationAndExceptions_LeaveTheContextOfTheCaller) {
    ToyOptions options;  // 7 numbers cannot be added to those of 3 atoms
    options.script = toyScript("    if bool((positions[1] - positions[0]).norm() > 1.4):\n"
                               "        atomic = atomic + torch.ones([7], device=atomic.device)\n");
    const Positions water = {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}};
    Positions bad = water;
    bad[1][0] = 0.2;
    void* const before = currentContext();
    Bench bench(setting(makeToyModel(options), {8, 1, 1}));
    for (int i = 0; i < calls; ++i) {
        const double energy = bench.energy(water);
        EXPECT_THAT(messageOf([&] { bench.forces(bad); }),
                    AllOf(HasSubstr("evaluating model model bytes"), HasSubstr("size of")));
        EXPECT_NEAR(bench.energy(water), energy, tolerance().energyRounding);
        EXPECT_EQ(currentContext(), before);
    }
}

TEST_P(OnDevice, UnknownWordForGraphs_IsRefused) {
    setenv("MOLSPECTRA_CUDA_GRAPH", "perhaps", 1);
    EXPECT_THAT(messageOf([&] { Bench bench(setting(modelBytes("Toy"), {8, 1, 1})); }),
                HasSubstr("found perhaps, expected on or off"));
    unsetenv("MOLSPECTRA_CUDA_GRAPH");
    Bench bench(setting(modelBytes("Toy"), {8, 1, 1}));
}

}  // namespace contract
