// The fast network against LibTorch on every instruction set: stages, forces, and what a molecular
// dynamics program relies on.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "native/Reference.h"
#include "platforms/cpu/kernels/Network.h"

#include <gmock/gmock.h>

namespace molspectra::native {
namespace {

using namespace test;

/// Root mean square of the difference over that of what is expected. Whitening magnifies the
/// rounding of vectors near zero.
constexpr double doubled = 1e-10, single = 2e-5, singleBehindWhitening = 2e-4;
/// Fourth-order differences of an energy in single precision, in parts of the largest force.
constexpr double differenceStep = 0.01, differences = 2e-4;

double relativeRms(const std::vector<double>& found, const std::vector<double>& expected) {
    const std::vector<double> difference = plus(found, -1.0, expected);
    const double square = dot(expected, expected);
    const double error = dot(difference, difference);
    return square == 0 ? error : std::sqrt(error / square);
}

/// How a network is evaluated.
struct Way {
    InstructionSet set;
    bool doublePrecision;
    int threads;
};

std::vector<Way> ways() {
    std::vector<Way> list;
    for (const InstructionSet set :
         {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512})
        if (supported(set))
            for (const bool doublePrecision : {false, true})
                for (const int threads : {1, 3})
                    list.push_back({set, doublePrecision, threads});
    return list;
}

std::string nameOf(const Way& way) {
    return cat(native::nameOf(way.set), way.doublePrecision ? " double, " : " single, ",
               way.threads, " threads");
}

/// Heads as wide as the blocks of AVX-512.
Variant wideHeads(Variant variant) {
    variant.name += "WideHeads";
    variant.config.channels = 64;
    return variant;
}

/// Heads of three blocks with AVX2, which fill no whole panels.
Variant oddHeads(Variant variant) {
    variant.name += "OddHeads";
    variant.config.channels = 96;
    return variant;
}

std::vector<Variant> fastVariants() {
    std::vector<Variant> list = variants();
    list.push_back(oddHeads(list[0]));
    list.push_back(wideHeads(list[0]));
    list.push_back(wideHeads(list[1]));
    return list;
}

/// Atoms' energies are of the order of the drawn network's energy_scale and may cancel.
double energyOfAtoms(const System& system) {
    return 7.75 * double(system.numbers.size());
}

struct Evaluated {
    double energy = 0.0;
    std::vector<double> forces;

    bool operator==(const Evaluated&) const = default;
};

Evaluated evaluateOn(Network& network, const System& system, double cutoff, double skin = 0.7) {
    Evaluated result;
    result.forces.resize(system.positions.size());
    result.energy = network.evaluate(system.numbers, system.positions,
                                     candidates(system, cutoff, skin), result.forces);
    return result;
}

class FastVariants : public testing::TestWithParam<Variant> {
protected:
    const ModelConfig& config() const { return GetParam().config; }

    double tolerance(const Way& way) const {
        if (way.doublePrecision)
            return doubled;
        return GetParam().whitened() ? singleBehindWhitening : single;
    }
    std::unique_ptr<Network> network(const Way& way) const {
        Options options;
        options.doublePrecision = way.doublePrecision;
        options.instructions = way.set;
        options.threads = way.threads;
        return std::make_unique<Network>(config(), tensors, options);
    }
    void compareStages(Network& fast, const System& system, double limit) {
        const auto found = fast.encode(system.numbers, system.positions,
                                       candidates(system, config().cutoff));
        const auto expected =
            call(reference, "encode", graphOf(system, config().cutoff).atoms()).toTensorVector();
        ASSERT_EQ(2 * found.size(), expected.size());
        for (size_t n = 0; n < found.size(); ++n) {
            EXPECT_LE(relativeRms(found[n].x, valuesOf(expected[2 * n])), limit) << "x " << n;
            EXPECT_LE(relativeRms(found[n].v, valuesOf(expected[2 * n + 1])), limit) << "v " << n;
        }
    }
    void compareForces(Network& fast, const System& system, double limit) {
        const Evaluated found = evaluateOn(fast, system, config().cutoff);
        const EnergyForces expected = evaluate(reference, graphOf(system, config().cutoff), true);
        const double energy = valuesOf(expected.energy)[0];
        EXPECT_NEAR(found.energy, energy, limit * (std::abs(energy) + energyOfAtoms(system)))
            << system.name;
        EXPECT_LE(relativeRms(found.forces, valuesOf(expected.forces)), limit) << system.name;
    }

    torch::jit::Module reference{drawnNetwork(GetParam().config)};
    Tensors tensors = tensorsOf(reference);
};

TEST_P(FastVariants, EveryStage_IsTheReferences) {
    for (const Way& way : ways()) {
        SCOPED_TRACE(nameOf(way));
        const auto fast = network(way);
        for (const System& system : systems())
            compareStages(*fast, system, tolerance(way));
    }
}

TEST_P(FastVariants, EnergyAndForces_AreTheReferences) {
    for (const Way& way : ways()) {
        SCOPED_TRACE(nameOf(way));
        const auto fast = network(way);
        for (const System& system : systems())
            compareForces(*fast, system, tolerance(way));
    }
}

INSTANTIATE_TEST_SUITE_P(Native, FastVariants, testing::ValuesIn(fastVariants()),
                         [](const auto& info) { return info.param.name; });

class FastNetwork : public testing::TestWithParam<Way> {
protected:
    FastNetwork() {
        options.doublePrecision = GetParam().doublePrecision;
        options.instructions = GetParam().set;
        options.threads = GetParam().threads;
    }
    double energy(Network& network, const System& system) const {
        return network.evaluate(system.numbers, system.positions,
                                candidates(system, config.cutoff), {});
    }

    ModelConfig config = wideHeads(variants().front()).config;
    torch::jit::Module reference{drawnNetwork(config)};
    Tensors tensors = tensorsOf(reference);
    Options options;
};

TEST_P(FastNetwork, SameInput_GivesTheSameBitsWhateverCameBefore) {
    Network network(config, tensors, options);
    const Evaluated first = evaluateOn(network, ethanol(), config.cutoff);
    for (const System& other : systems())
        evaluateOn(network, other, config.cutoff);
    EXPECT_EQ(evaluateOn(network, ethanol(), config.cutoff), first);
    Network another(config, tensors, options);
    EXPECT_EQ(evaluateOn(another, ethanol(), config.cutoff), first);
}

TEST_P(FastNetwork, CandidatesBeyondTheCutoff_ChangeNoBits) {
    Network network(config, tensors, options);
    std::vector<System> all = systems();
    all.push_back(crowd(2.3));  // whose neighbors and candidates are on two sides of a chunk's end
    for (const System& system : all)
        EXPECT_EQ(evaluateOn(network, system, config.cutoff, 0.0),
                  evaluateOn(network, system, config.cutoff, 1.5))
            << system.name;
}

TEST_P(FastNetwork, EnergyAlone_IsTheEnergyThatComesWithForces) {
    Network network(config, tensors, options);
    for (const System& system : systems())
        EXPECT_EQ(energy(network, system), evaluateOn(network, system, config.cutoff).energy);
}

TEST_P(FastNetwork, Forces_AreMinusTheGradientOfTheEnergy) {
    Network network(config, tensors, options);
    Random random(5);
    for (const System& system : {ethanol(), smallCell()}) {
        const Evaluated at = evaluateOn(network, system, config.cutoff);
        const std::vector<double> u = normals(system.positions.size(), random);
        const auto energyAt = [&](double by) {
            System moved = system;
            moved.positions = plus(system.positions, by, u);
            return std::vector<double>{energy(network, moved)};
        };
        const double scale = std::sqrt(dot(at.forces, at.forces) * dot(u, u));
        EXPECT_NEAR(centralDifference(energyAt, differenceStep / std::sqrt(dot(u, u)))[0],
                    -dot(at.forces, u), differences * scale)
            << system.name;
    }
}

/// Two atoms as close as 0.3 angstrom, where filters are computed without tables, and through the
/// first knot, where the tables begin, to the cutoff.
TEST_P(FastNetwork, PairAtAnyDistance_HasTheReferencesForce) {
    Network network(config, tensors, options);
    const double bondForce = 10.0, tolerance = GetParam().doublePrecision ? 1e-9 : 1e-5;
    for (const double r : {0.3, 0.599, 0.601, 0.97, 2.5, 4.9, 4.999, 5.001}) {
        System pair{"pair", {6, 8}, {0.0, 0.0, 0.0, r, 0.0, 0.0}, {}};
        const Evaluated found = evaluateOn(network, pair, config.cutoff);
        const auto expected = evaluate(reference, graphOf(pair, config.cutoff), true);
        const std::vector<double> forces = valuesOf(expected.forces);
        EXPECT_NEAR(found.forces[3], forces[3], tolerance * bondForce) << r;
        EXPECT_NEAR(found.energy, valuesOf(expected.energy)[0], tolerance * bondForce) << r;
    }
}

TEST_P(FastNetwork, PairBeyondTheCutoff_ContributesNothing) {
    Network network(config, tensors, options);
    System alone = withLoneAtom(), near = ethanol();
    const Evaluated both = evaluateOn(network, alone, config.cutoff);
    const Evaluated one = evaluateOn(network, near, config.cutoff);
    for (size_t n = 0; n < one.forces.size(); ++n)
        EXPECT_NEAR(both.forces[n], one.forces[n], 1e-5);
    EXPECT_EQ(std::vector<double>(both.forces.end() - 3, both.forces.end()),
              std::vector<double>(3, 0.0));
}

TEST_P(FastNetwork, Threads_AreNoMoreThanGroupsOfHeads) {
    options.threads = 64;
    EXPECT_LE(Network(config, tensors, options).threads(), config.heads);
}

INSTANTIATE_TEST_SUITE_P(Native, FastNetwork, testing::ValuesIn(ways()), [](const auto& info) {
    return cat(nameOf(info.param.set), info.param.doublePrecision ? "Double" : "Single",
               info.param.threads);
});

TEST(RadialFunctions, TrainedToBeNarrow_AreTabulatedFinelyOrNotAtAll) {
    for (const double narrower : {8.0, 32.0})
        for (const char* type : {"expnorm", "gauss"}) {
            ModelConfig config = variants().front().config;
            config.trainableRadial = true;
            config.radialType = type;
            torch::jit::Module reference = drawnNetwork(config);
            const at::NoGradGuard noGradients;
            for (const auto& item : reference.named_parameters())
                if (item.name == "radial.betas" || item.name == "radial.coefficient")
                    item.value.mul_(narrower * narrower);
            Options options;
            options.threads = 1;
            Network fast(config, tensorsOf(reference), options);
            const Evaluated found = evaluateOn(fast, ethanol(), config.cutoff);
            const at::AutoGradMode gradients(true);
            const auto expected = evaluate(reference, graphOf(ethanol(), config.cutoff), true);
            EXPECT_LE(relativeRms(found.forces, valuesOf(expected.forces)), single)
                << type << " " << narrower;
        }
}

TEST(NativeObstacle, OtherConfigurations_AreNamed) {
    ModelConfig config = ModelConfig::md17();
    EXPECT_EQ(obstacle(config), "");
    EXPECT_EQ(obstacle(ModelConfig::qm9()), "");
    config.distanceInfluence = "keys";
    EXPECT_THAT(obstacle(config), testing::HasSubstr("distanceInfluence is keys"));
    config = ModelConfig::md17();
    config.heads = 32;
    EXPECT_THAT(obstacle(config), testing::HasSubstr("heads 32"));
    EXPECT_THROW(Network(config, {}), Error);
}

TEST(NativeInstructions, BaselineIsAlwaysThere) {
    EXPECT_TRUE(supported(InstructionSet::baseline));
    EXPECT_TRUE(supported(bestInstructionSet()));
}

}  // namespace
}  // namespace molspectra::native
