// What only platforms with a device of their own can get wrong: order and images of atoms, places
// for pairs, several devices, kernels that follow each other.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"
#include "contract/ToyModel.h"

#include <openmm/serialization/XmlSerializer.h>

#include <cmath>
#include <sstream>

namespace contract {

using OpenMM::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using Box = std::array<Vec3, 3>;

namespace {

constexpr int all = State::Positions | State::Energy | State::Forces;
const Box box = {Vec3(3, 0, 0), Vec3(0, 3, 0), Vec3(0, 0, 3)};
const Box skewed = {Vec3(2.6, 0, 0), Vec3(0.7, 2.4, 0), Vec3(-0.6, 0.8, 2.5)};

/// A device may add up in another order; the toy's energy is some 1e4 kJ/mol.
constexpr double toyRounding = 3e-3;

/// Fewer than OpenMM takes between two sortings of atoms would test nothing.
constexpr int stepsUntilSorted = 260;

}  // namespace

class Device : public ContractTest {
protected:
    /// The specification for the same network.
    Bench::Setting reference(const std::vector<int>& numbers) const {
        Bench::Setting setting{"Reference", modelBytes(GetParam().model), numbers};
        setting.evaluator = "torchscript";
        return setting;
    }

    /// Of the particles that both have.
    void expectSame(const State& state, const State& expected) const {
        const auto begin = state.getForces().begin();
        const Positions forces(begin, begin + static_cast<long>(expected.getForces().size()));
        EXPECT_NEAR(state.getPotentialEnergy(), expected.getPotentialEnergy(),
                    tolerance.energyRounding);
        EXPECT_LT(largestDifference(forces, expected.getForces()),
                  tolerance.rounding * largestComponent(expected.getForces()));
    }

    void expectSame(const State& state, Bench& specification, const Positions& at) const {
        expectSame(state, specification.evaluate(at, all));
    }
};

INSTANTIATE_TEST_SUITE_P(All, Device, testing::ValuesIn(deviceCases()), nameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Device);

/// Every particle has the same mass and no force but the network's, so that OpenMM takes them for
/// equal and sorting gives an atom of the network the slot of another element or of a bystander.
class Sorted : public Device {
protected:
    void addBystanders(Positions& positions) {
        for (int x = 0; x < 4; ++x)
            for (int y = 0; y < 4; ++y)
                for (int z = 0; z < 2; ++z)
                    positions.push_back(Vec3(0.7 * x, 0.7 * y, 0.9 + 1.1 * z));
    }

    /// A System whose neighbor list sorts atoms.
    std::unique_ptr<OpenMM::System> sortingSystem(size_t particles, const Box& vectors) {
        auto system = std::make_unique<OpenMM::System>();
        system->setDefaultPeriodicBoxVectors(vectors[0], vectors[1], vectors[2]);
        auto* nonbonded = new OpenMM::NonbondedForce();
        nonbonded->setNonbondedMethod(OpenMM::NonbondedForce::CutoffPeriodic);
        nonbonded->setCutoffDistance(0.9);
        for (size_t i = 0; i < particles; ++i) {
            system->addParticle(12.0);
            nonbonded->addParticle(0.0, 0.3, 0.0);
        }
        system->addForce(nonbonded);
        return system;
    }

    /// Runs until atoms are sorted, and compares with the specification for the network's atoms.
    void run(const Box& vectors, bool periodic, bool part, const Vec3& away) {
        const Sample sample = ethanol();
        Positions positions = translated(sample.positions, away);
        if (part)
            addBystanders(positions);
        auto system = sortingSystem(positions.size(), vectors);
        MolSpectraForce* network = force(sample.numbers);
        if (part)
            network->setParticles({0, 1, 2, 3, 4, 5, 6, 7, 8});
        network->setUsesPeriodicBoundaryConditions(periodic);
        network->setForceGroup(1);
        system->addForce(network);
        Bench bench(std::move(system), GetParam().place());
        bench.context().setPositions(positions);
        bench.context().setVelocitiesToTemperature(300, 5);
        bench.integrator().step(stepsUntilSorted);
        auto expected = reference(sample.numbers);
        if (periodic)
            expected.box = vectors;
        Bench alone(expected);
        const State state = bench.context().getState(all, false, 1 << 1);
        const auto begin = state.getPositions().begin();
        expectSame(state, alone, Positions(begin, begin + 9));
    }
};

INSTANTIATE_TEST_SUITE_P(All, Sorted, testing::ValuesIn(deviceCases()), nameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Sorted);

TEST_P(Sorted, WholeSystem_IsEvaluatedWhereItIs) {
    run(box, false, false, {2.95, 2.98, -0.03});
}

TEST_P(Sorted, WholePeriodicSystem_SeesItsImages) {
    run(skewed, true, false, {2.55, -0.02, 2.48});
}

TEST_P(Sorted, PartOfASystem_IsEvaluatedWhereItIs) {
    run(box, false, true, {2.95, 2.98, -0.03});
}

TEST_P(Sorted, PartOfAPeriodicSystem_SeesItsImages) {
    run(skewed, true, true, {2.55, -0.02, 2.48});
}

TEST_P(Sorted, AtomsBoxesAway_AreEvaluatedWhereTheyAre) {
    run(box, false, true, box[0] * 4 - box[1] * 3 + Vec3(2.95, -0.02, 7.5));
    run(skewed, false, true, skewed[2] * 3 - skewed[0] * 2 + Vec3(1.5, 2.38, -0.02));
}

TEST_P(Sorted, CheckpointAfterwards_GoesOnWithTheSameForces) {
    const Sample sample = ethanol();
    auto system = sortingSystem(sample.numbers.size(), box);
    system->addForce(force(sample.numbers));
    Bench bench(std::move(system), GetParam().place());
    bench.context().setPositions(translated(sample.positions, {2.95, 2.98, -0.03}));
    bench.integrator().step(stepsUntilSorted);
    std::stringstream checkpoint;
    bench.context().createCheckpoint(checkpoint);
    const State before = bench.context().getState(all);
    bench.evaluate(sample.positions, all);
    bench.context().loadCheckpoint(checkpoint);
    const State after = bench.context().getState(all);
    expectSame(after, before);
}

TEST_P(Device, MorePairsThanPlaces_AreFoundAllTheSame) {
    const Sample sample = waters();
    Bench bench(setting(sample.numbers)), expected(reference(sample.numbers));
    Positions sparse = sample.positions;
    for (Vec3& position : sparse)
        position *= 3.0;
    expectSame(bench.evaluate(sparse, all), expected, sparse);
    expectSame(bench.evaluate(sample.positions, all), expected, sample.positions);
    expectSame(bench.evaluate(sparse, all), expected, sparse);
}

TEST_P(Device, ManyAtomsInAThinBox_AreThoseOfTheSpecification) {
    const Sample sample = waters();
    auto parameters = setting(sample.numbers), other = reference(sample.numbers);
    parameters.box = other.box = {Vec3(1.86, 0, 0), Vec3(0, 1.24, 0), Vec3(0.2, 0, 0.93)};
    Bench bench(parameters), expected(other);
    expectSame(bench.evaluate(sample.positions, all), expected, sample.positions);
    for (Bench* each : {&bench, &expected})
        each->context().setPeriodicBoxVectors({1.9, 0, 0}, {0, 1.3, 0}, {0.21, 0, 0.99});
    expectSame(bench.evaluate(sample.positions, all), expected, sample.positions);
}

TEST_P(Device, TwoDevices_GiveWhatOneGives) {
    const Sample sample = ethanol();
    auto parameters = setting(sample.numbers);
    Bench one(parameters);
    parameters.place.properties["DeviceIndex"] = "0,0";
    Bench two(parameters);
    ASSERT_EQ(OpenMM::Platform::getPlatformByName(GetParam().platform)
                  .getPropertyValue(two.context(), "DeviceIndex"), "0,0");
    const State expected = one.evaluate(sample.positions, all);
    const State state = two.evaluate(sample.positions, all);
    expectSame(state, expected);
    EXPECT_NEAR(two.energy(sample.positions), expected.getPotentialEnergy(),
                tolerance.energyRounding);
}

TEST_P(Device, CopyThroughXml_GivesTheSame) {
    const Sample sample = ethanol();
    auto system = makeSystem(sample.numbers);
    MolSpectraForce* network = force(sample.numbers);
    network->setUsesPeriodicBoundaryConditions(true);
    system->addForce(network);
    system->setDefaultPeriodicBoxVectors(skewed[0] * 0.3, skewed[1] * 0.3, skewed[2] * 0.3);
    std::unique_ptr<OpenMM::System> copy(OpenMM::XmlSerializer::clone(*system));
    Bench original(std::move(system), GetParam().place()), again(std::move(copy),
                                                                 GetParam().place());
    const State expected = original.evaluate(sample.positions, all);
    const State state = again.evaluate(sample.positions, all);
    expectSame(state, expected);
}

TEST_P(Device, Barostat_AsksForEnergiesBetweenForces) {
    const Sample sample = waters();
    auto system = makeSystem(sample.numbers);
    system->setDefaultPeriodicBoxVectors({2.2, 0, 0}, {0, 1.6, 0}, {0, 0, 1.3});
    MolSpectraForce* network = force(sample.numbers);
    network->setUsesPeriodicBoundaryConditions(true);
    system->addForce(network);
    system->addForce(new OpenMM::MonteCarloBarostat(1.0, 300.0, 2));
    Bench bench(std::move(system), GetParam().place());
    bench.context().setPositions(sample.positions);
    bench.integrator().step(10);
    const State state = bench.context().getState(all);
    auto other = reference(sample.numbers);
    other.box.emplace();
    state.getPeriodicBoxVectors((*other.box)[0], (*other.box)[1], (*other.box)[2]);
    EXPECT_NE((*other.box)[0][0], 2.2);
    Bench expected(other);
    expectSame(state, expected, state.getPositions());
}

TEST_P(Device, Minimizer_FindsALowerEnergy) {
    if (GetParam().platform == "OpenCL")
        GTEST_SKIP() << "OpenMM 8.6.1's own minimizer fails under PoCL, also without this force";
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const double before = bench.energy(sample.positions);
    OpenMM::LocalEnergyMinimizer::minimize(bench.context(), 10.0, 20);
    const State state = bench.context().getState(all);
    EXPECT_LT(state.getPotentialEnergy(), before);
    Bench expected(reference(sample.numbers));
    expectSame(state, expected, state.getPositions());
}

TEST_P(Device, ExceptionInTheModel_LeavesTheContextUsable) {
    ToyOptions options;  // tensors of 7 and 3 rows do not add up for atoms at x below -1 angstrom
    options.script = toyScript("    if bool((positions[:-1, 0] - positions[1, 0]).max() > 1.4):\n"
                               "        atomic = atomic + torch.ones([7], device=atomic.device)\n");
    auto parameters = setting({8, 1, 1});
    parameters.model = makeToyModel(options);
    Bench bench(parameters);
    const Positions water = {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}};
    const State before = bench.evaluate(water, all);
    Positions bad = water;
    bad[1][0] = -0.2;
    const auto message =
        AllOf(StartsWith("MolSpectraForce: evaluating model model bytes"), HasSubstr("size of"));
    EXPECT_THAT(messageOf([&] { bench.forces(bad); }), message);
    EXPECT_THAT(messageOf([&] { bench.energy(bad); }), message);
    const State after = bench.evaluate(water, all);
    EXPECT_NEAR(after.getPotentialEnergy(), before.getPotentialEnergy(), toyRounding);
    EXPECT_LT(largestDifference(after.getForces(), before.getForces()),
              tolerance.rounding * largestComponent(before.getForces()));
}

TEST_P(Device, ForceThatIsNotFinite_IsNamed) {
    ToyOptions options;  // NaN for atoms more than 1 angstrom to the left of the first
    options.script = toyScript("    left = positions[:, 0] - positions[0, 0]\n"
                               "    atomic = atomic + torch.sqrt(left + 1.0)\n");
    auto parameters = setting({8, 1, 1});
    parameters.model = makeToyModel(options);
    Bench bench(parameters);
    const Positions water = {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}};
    const double before = bench.energy(water);
    Positions bad = water;
    bad[1][0] = -0.15;
    const auto named = HasSubstr("force on particle");
    EXPECT_THAT(messageOf([&] { bench.evaluate(bad, all); }), named);
    EXPECT_THAT(messageOf([&] { bench.energy(bad); }), named);
    EXPECT_THAT(messageOf([&] { bench.integrator().step(2); }), HasSubstr("is not finite"));
    EXPECT_NEAR(bench.energy(water), before, toyRounding);
}

TEST_P(Device, NativeEvaluator_IsRefusedInWords) {
    auto parameters = setting(ethanol().numbers);
    parameters.evaluator = "native";
    EXPECT_THAT(messageOf([&] { Bench bench(parameters); }),
                AllOf(HasSubstr(" natively: found the platform " + GetParam().platform),
                      HasSubstr("expected CPU or Reference")));
}

TEST_P(Device, EvaluatorInUse_TellsPrecisionAndPlace) {
    Bench bench(setting(ethanol().numbers));
    const std::string precision = GetParam().precision == "double" ? "double" : "single";
    EXPECT_THAT(bench.evaluatorInUse(), StartsWith("torchscript: " + precision + " precision, "));
}

/// A platform that OpenMM has here must be able to compute the force.
class Platforms : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(All, Platforms, testing::Values("OpenCL", "CUDA"),
                         [](const auto& info) { return info.param; });

TEST_P(Platforms, PlatformThatIsHere_ComputesTheForce) {
    loadPlugins();
    const std::string name = GetParam();
    std::string failures;
    for (const std::string& failure : OpenMM::Platform::getPluginLoadFailures())
        if (failure.find(name) != std::string::npos)
            failures += failure + "; ";
    bool here = false;
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        const OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        here = here || (platform.getName() == name && !platform.getDevices().empty());
    }
    if (!here)
        GTEST_SKIP() << "OpenMM has no device of platform " << name << " here; " << failures;
    EXPECT_THAT(devicePlatforms(), testing::Contains(name)) << failures;
}

TEST(Platforms, ReferenceAndCpu_AreLoaded) {
    loadPlugins();
    for (const std::string& failure : OpenMM::Platform::getPluginLoadFailures())
        EXPECT_TRUE(failure.find("CUDA") != std::string::npos ||
                    failure.find("OpenCL") != std::string::npos) << failure;
    for (const char* name : {"Reference", "CPU"})
        EXPECT_TRUE(OpenMM::Platform::getPlatformByName(name).supportsKernels(
            {"CalcMolSpectraForce"}));
}

}  // namespace contract
