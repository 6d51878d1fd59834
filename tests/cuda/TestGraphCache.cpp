// The graph cache on a device that is only a number: order of calls, results, and ways to fail.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/GraphCache.h"

#include <openmm/OpenMMException.h>

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace MolSpectraPlugin;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double tolerance = 1e-4;
const GraphKey small = {64, &tolerance, &notANumber};
const GraphKey large = {128, &notANumber, &tolerance};

/// Calls from the first until a graph is replayed without a comparison.
constexpr int callsToReplay = GraphCache::warmUpCalls + 1;

/// What a graph of the device below can be.
enum class Quality { Good, DoesNothing, KeepsInput, IsOff };

/// Evaluates to its input. Each stage can be told to throw.
class Device : public GraphSteps {
public:
    double input = 0.0, result = notANumber, aside = notANumber;
    Quality quality = Quality::Good;
    std::string failing;           ///< name of a stage
    std::vector<std::string> log;  ///< names of stages, in order
    int living = 0;                ///< graphs

    void run(bool wantForces) override {
        enter("run", wantForces);
        result = input;
    }
    std::unique_ptr<Graph> capture(bool wantForces) override {
        enter("capture", wantForces);
        return std::make_unique<Captured>(*this, wantForces);
    }
    void setAside(bool wantForces) override {
        enter("setAside", wantForces);
        aside = std::exchange(result, notANumber);
    }
    double difference(bool wantForces) override {
        enter("difference", wantForces);
        if (std::isfinite(aside) && !std::isfinite(result))
            return std::numeric_limits<double>::infinity();
        return std::abs(result - aside) / std::max(1.0, std::abs(aside));
    }
    auto count(const std::string& stage) const {
        return std::count_if(log.begin(), log.end(),
                             [&](const std::string& entry) { return entry.starts_with(stage); });
    }

private:
    class Captured : public Graph {
    public:
        Captured(Device& device, bool wantForces)
            : device(device), wantForces(wantForces), input(device.input) {
            ++device.living;
        }
        ~Captured() override { --device.living; }
        void replay() override {
            device.enter("replay", wantForces);
            if (device.quality == Quality::KeepsInput)
                device.result = input;
            else if (device.quality == Quality::IsOff)
                device.result = device.input * (1 + 3 * tolerance);
            else if (device.quality == Quality::Good)
                device.result = device.input;
        }

    private:
        Device& device;
        bool wantForces;
        double input;
    };

    void enter(const std::string& stage, bool wantForces) {
        log.push_back(stage + (wantForces ? "" : " energy"));
        if (failing == stage)
            throw std::runtime_error("the " + stage + " broke");
    }
};

/// Evaluates at a new input each time and expects the result for it.
void call(GraphCache& cache, Device& device, const GraphKey& key = small, bool wantForces = true,
          int times = 1) {
    for (int i = 0; i < times; ++i) {
        device.input += 10.0;
        device.result = notANumber;
        cache.evaluate(key, wantForces);
        EXPECT_EQ(device.result, device.input) << "call " << i;
    }
}

struct Fault {
    std::string name;
    std::string failing;  ///< stage that throws
    Quality quality;
    std::string told;
};

void PrintTo(const Fault& fault, std::ostream* stream) {
    *stream << fault.name;
}

}  // namespace

TEST(GraphCache, Calls_FollowTheirOrder) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay + 2);
    EXPECT_THAT(device.log, ElementsAre("run", "run", "run", "capture", "run", "setAside", "replay",
                                        "difference", "replay", "replay"));
}

TEST(GraphCache, Description_TellsWhetherAGraphRuns) {
    Device device;
    GraphCache cache(device, tolerance);
    EXPECT_EQ(cache.describe(), "CUDA graph after 3 warm-up calls");
    call(cache, device, small, true, callsToReplay - 1);
    EXPECT_EQ(cache.describe(), "CUDA graph after 3 warm-up calls");
    call(cache, device);
    EXPECT_EQ(cache.describe(), "CUDA graph");
}

TEST(GraphCache, Growth_LetsGraphsGoAndCapturesAgain) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay);
    call(cache, device, small, false, callsToReplay);
    EXPECT_EQ(device.living, 2);
    call(cache, device, large);
    EXPECT_EQ(device.living, 0);
    EXPECT_EQ(cache.describe(), "CUDA graph after 3 warm-up calls");
    call(cache, device, large, true, callsToReplay);
    EXPECT_EQ(device.living, 1);
    EXPECT_EQ(device.count("capture"), 3);
    EXPECT_EQ(cache.describe(), "CUDA graph");
}

TEST(GraphCache, EveryPartOfTheKey_Counts) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay);
    for (const GraphKey& key : {GraphKey{large.capacity, small.pairs, small.shifts},
                                GraphKey{large.capacity, large.pairs, small.shifts},
                                GraphKey{large.capacity, large.pairs, large.shifts}}) {
        const auto before = device.count("capture");
        call(cache, device, key, true, callsToReplay);
        EXPECT_EQ(device.count("capture"), before + 1);
        EXPECT_EQ(device.living, 1);
    }
}

TEST(GraphCache, EnergiesAlone_HaveTheirOwnGraph) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay);
    device.log.clear();
    for (int i = 0; i < callsToReplay; ++i) {
        call(cache, device, small, false);
        call(cache, device, small, true);
    }
    EXPECT_THAT(device.log,
                ElementsAre("run energy", "replay", "run energy", "replay", "run energy",
                            "capture energy", "replay", "run energy", "setAside energy",
                            "replay energy", "difference energy", "replay"));
}

TEST(GraphCache, FaultOfEnergiesAlone_LeavesTheGraphOfForces) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay);
    device.failing = "capture";
    call(cache, device, small, false, callsToReplay);
    device.log.clear();
    call(cache, device, small, false);
    call(cache, device, small, true);
    EXPECT_THAT(device.log, ElementsAre("run energy", "replay"));
    EXPECT_EQ(cache.describe(), "CUDA graph, but none for energies alone because capturing failed: "
                                "the capture broke");
}

TEST(GraphCache, FaultOfForces_LeavesTheGraphOfEnergiesAlone) {
    Device device;
    GraphCache cache(device, tolerance);
    device.failing = "capture";
    call(cache, device, small, true, callsToReplay);
    device.failing.clear();
    call(cache, device, small, false, callsToReplay);
    EXPECT_EQ(device.living, 1);
    EXPECT_EQ(cache.describe(),
              "no CUDA graph for forces because capturing failed: the capture broke");
}

TEST(GraphCache, ErrorOfThePlainCall_PassesAndIsNoFaultOfTheGraph) {
    Device device;
    GraphCache cache(device, tolerance);
    for (int i = 0; i < callsToReplay; ++i) {  // in the last one a graph is compared
        device.failing = "run";
        EXPECT_THROW(cache.evaluate(small, true), std::runtime_error);
        device.failing.clear();
        call(cache, device);
    }
    EXPECT_EQ(cache.describe(), "CUDA graph");
}

TEST(GraphCache, ResultsThatAreNotFinite_PutTheComparisonOff) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, GraphCache::warmUpCalls);
    device.input = notANumber;
    cache.evaluate(small, true);
    EXPECT_EQ(cache.describe(), "CUDA graph after 3 warm-up calls");
    device.input = 1.0;
    call(cache, device);
    EXPECT_EQ(cache.describe(), "CUDA graph");
}

TEST(GraphCache, ReplayThatBreaksLater_EndsTheGraph) {
    Device device;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay + 1);
    device.failing = "replay";
    call(cache, device);
    EXPECT_EQ(device.living, 0);
    device.failing.clear();
    call(cache, device, large, true, 2 * callsToReplay);
    EXPECT_EQ(device.count("capture"), 1);
    EXPECT_EQ(cache.describe(),
              "no CUDA graph for forces because replaying failed: the replay broke");
}

TEST(GraphCache, ObstacleFromTheStart_LeavesOutEverythingButPlainCalls) {
    Device device;
    GraphCache cache(device, tolerance, graphObstacle("off"));
    call(cache, device, small, true, 2 * callsToReplay);
    EXPECT_EQ(device.count("run"), 2 * callsToReplay);
    EXPECT_EQ(device.log.size(), static_cast<size_t>(2 * callsToReplay));
    EXPECT_EQ(cache.describe(), "no CUDA graph because MOLSPECTRA_CUDA_GRAPH is off");
}

TEST(GraphObstacle, OtherValuesThanOnAndOff_AreRefused) {
    EXPECT_EQ(graphObstacle(nullptr), "");
    EXPECT_EQ(graphObstacle(""), "");
    EXPECT_EQ(graphObstacle("on"), "");
    EXPECT_THAT(graphObstacle("off"), StartsWith("MOLSPECTRA_CUDA_GRAPH"));
    EXPECT_THROW(graphObstacle("never"), OpenMM::OpenMMException);
}

class GraphFault : public testing::TestWithParam<Fault> {};

TEST_P(GraphFault, EveryCall_HasItsResultAllTheSame) {
    Device device;
    device.failing = GetParam().failing;
    device.quality = GetParam().quality;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, 2 * callsToReplay);
    call(cache, device, large, true, 2 * callsToReplay);
}

TEST_P(GraphFault, Graph_IsNeverTriedAgain) {
    Device device;
    device.failing = GetParam().failing;
    device.quality = GetParam().quality;
    GraphCache cache(device, tolerance);
    call(cache, device, small, true, callsToReplay);
    EXPECT_EQ(device.living, 0);
    device.failing.clear();
    device.quality = Quality::Good;
    device.log.clear();
    call(cache, device, small, true, 2 * callsToReplay);
    call(cache, device, large, true, 2 * callsToReplay);
    EXPECT_EQ(device.log, std::vector<std::string>(4 * callsToReplay, "run"));
}

TEST_P(GraphFault, Reason_IsKept) {
    Device device;
    device.failing = GetParam().failing;
    device.quality = GetParam().quality;
    GraphCache cache(device, tolerance);
    for (const bool wantForces : {true, false})
        call(cache, device, small, wantForces, callsToReplay);
    EXPECT_THAT(cache.describe(), StartsWith("no CUDA graph"));
    EXPECT_THAT(cache.describe(), HasSubstr("because " + GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    Stages, GraphFault,
    testing::Values(
        Fault{"Capture", "capture", Quality::Good, "capturing failed: the capture broke"},
        Fault{"SetAside", "setAside", Quality::Good, "comparing failed: the setAside broke"},
        Fault{"Replay", "replay", Quality::Good, "comparing failed: the replay broke"},
        Fault{"Difference", "difference", Quality::Good, "comparing failed: the difference broke"},
        Fault{"GraphDoesNothing", "", Quality::DoesNothing, "its results differ by inf, expected"},
        Fault{"GraphKeepsItsInput", "", Quality::KeepsInput, "its results differ by 0."},
        Fault{"GraphIsOff", "", Quality::IsOff, "its results differ by 0.000"}),
    [](const auto& info) { return info.param.name; });
