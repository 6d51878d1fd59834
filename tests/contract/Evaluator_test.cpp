// Native kernels against TorchScript in double: that they agree, and are reproducible.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"

#include <cmath>
#include <limits>

namespace contract {

using OpenMM::State;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;
using Box = std::array<Vec3, 3>;

namespace {

/// Small enough for atoms to meet their own images.
const Box tiny = {Vec3(0.36, 0, 0), Vec3(-0.1, 0.38, 0), Vec3(0.08, -0.12, 0.4)};
/// Of waters(): in one direction thinner than twice the cutoff.
const Box full = {Vec3(1.86, 0, 0), Vec3(0, 1.24, 0), Vec3(0.2, 0, 0.93)};

double rootMeanSquare(const Positions& vectors) {
    double sum = 0.0;
    for (const Vec3& vector : vectors)
        sum += vector.dot(vector);
    return std::sqrt(sum / static_cast<double>(3 * vectors.size()));
}

Positions difference(Positions a, const Positions& b) {
    for (size_t i = 0; i < a.size(); ++i)
        a[i] -= b[i];
    return a;
}

void expectAgreement(const State& native, const State& torch, double relative,
                     const Tolerances& tolerance) {
    const Positions& expected = torch.getForces();
    EXPECT_LT(rootMeanSquare(difference(native.getForces(), expected)),
              relative * rootMeanSquare(expected));
    const auto molecules = 1.0 + static_cast<double>(expected.size()) / 9;
    EXPECT_NEAR(native.getPotentialEnergy(), torch.getPotentialEnergy(),
                molecules * tolerance.energyRounding);
}

constexpr int both = State::Energy | State::Forces;

}  // namespace

class NativeEvaluator : public ContractTest {
protected:
    Bench::Setting specification(const Bench::Setting& setting) const {
        Bench::Setting other = setting;
        other.place = "Reference";
        other.evaluator = "torchscript";
        return other;
    }

    void compare(Bench& native, Bench& torch, const Positions& positions) const {
        const TestModel& model = modelOf(GetParam().model);
        const bool inDouble = model.dtype == "float64" || model.network->whitens();
        expectAgreement(native.evaluate(positions, both), torch.evaluate(positions, both),
                        inDouble ? nativeDouble : nativeSingle, tolerance);
    }
};

INSTANTIATE_TEST_SUITE_P(All, NativeEvaluator, testing::ValuesIn(nativeCases()), nameOf);

TEST_P(NativeEvaluator, EnergyAndForces_AreThoseOfTorchScript) {
    auto parameters = setting(ethanol().numbers);
    Bench native(parameters), torch(specification(parameters));
    EXPECT_THAT(native.evaluatorInUse(), StartsWith("native: "));
    EXPECT_THAT(torch.evaluatorInUse(), StartsWith("torchscript: "));
    compare(native, torch, ethanol().positions);
    compare(native, torch, rotated(ethanol().positions, 2.1));
}

TEST_P(NativeEvaluator, ImagesInATinyBox_AreThoseOfTorchScript) {
    auto parameters = setting({8, 1, 1});
    parameters.box = tiny;
    Bench native(parameters), torch(specification(parameters));
    compare(native, torch, {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}});
}

TEST_P(NativeEvaluator, ManyAtomsInABox_FollowMovesJumpsAndBoxes) {
    Sample sample = waters();
    auto parameters = setting(sample.numbers);
    parameters.box = full;
    Bench native(parameters), torch(specification(parameters));
    compare(native, torch, sample.positions);
    for (size_t i = 0; i < sample.positions.size(); ++i)  // within the skin of a pair list
        sample.positions[i] += Vec3(std::sin(i), std::cos(3 * i), std::sin(7 * i)) * 0.01;
    compare(native, torch, sample.positions);
    for (size_t i = 0; i < sample.positions.size(); ++i)  // each atom to another image of the box
        sample.positions[i] += full[i % 3] * (static_cast<double>(i % 5) - 2) - full[2] * 40.0;
    compare(native, torch, sample.positions);
    for (Bench* bench : {&native, &torch})
        bench->context().setPeriodicBoxVectors(full[0] * 1.04, full[1] * 1.02, full[2] * 1.06);
    compare(native, torch, sample.positions);
}

TEST_P(NativeEvaluator, EnergyAlone_IsTheEnergyBesideForcesBitForBit) {
    Bench bench(setting(ethanol().numbers));
    const double alone = bench.energy(ethanol().positions);
    EXPECT_EQ(bench.evaluate(ethanol().positions, both).getPotentialEnergy(), alone);
    EXPECT_EQ(bench.energy(ethanol().positions), alone);
}

TEST_P(NativeEvaluator, SamePositions_GiveTheSameBits) {
    const Sample sample = waters();
    Bench bench(setting(sample.numbers)), other(setting(sample.numbers));
    const State first = bench.evaluate(sample.positions, both);
    Positions moved = sample.positions;
    moved[7][1] += 0.03;
    EXPECT_NE(bench.evaluate(moved, both).getPotentialEnergy(), first.getPotentialEnergy());
    for (Bench* again : {&bench, &other}) {
        const State state = again->evaluate(sample.positions, both);
        EXPECT_EQ(state.getPotentialEnergy(), first.getPotentialEnergy());
        EXPECT_EQ(largestDifference(state.getForces(), first.getForces()), 0.0);
    }
}

TEST_P(NativeEvaluator, Forces_DoNotDependOnTheNumberOfThreads) {
    const Sample sample = waters();
    auto parameters = setting(sample.numbers);
    parameters.threads = 1;
    Bench one(parameters);
    parameters.threads = 2;
    Bench two(parameters);
    EXPECT_THAT(one.evaluatorInUse(), HasSubstr(" 1 thread,"));
    EXPECT_THAT(two.evaluatorInUse(), HasSubstr(" 2 threads,"));
    const Positions forces = one.forces(sample.positions);
    EXPECT_LT(largestDifference(two.forces(sample.positions), forces),
              tolerance.rounding * largestComponent(forces));
}

TEST_P(NativeEvaluator, FirstPositionsThatAreBad_DoNotSpoilTheNext) {
    Bench bench(setting(ethanol().numbers)), good(setting(ethanol().numbers));
    Positions bad = ethanol().positions;
    bad[3][0] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT(messageOf([&] { bench.forces(bad); }),  // OpenMM's CPU platform looks as well
                AnyOf(HasSubstr("particle 3 is not finite"), HasSubstr("coordinate is NaN")));
    bad[3] = bad[6];
    EXPECT_THAT(messageOf([&] { bench.forces(bad); }), HasSubstr("particles 3 and 6 are 0 ang"));
    EXPECT_EQ(bench.energy(ethanol().positions), good.energy(ethanol().positions));
}

TEST_P(NativeEvaluator, CoincidingAtomsAmongMany_AreNamed) {
    Sample sample = waters();
    Bench bench(setting(sample.numbers));
    const double before = bench.energy(sample.positions);
    Positions bad = sample.positions;
    bad[131] = bad[130];
    EXPECT_THAT(messageOf([&] { bench.forces(bad); }), HasSubstr("particles 130 and 131 are 0"));
    EXPECT_EQ(bench.energy(sample.positions), before);
}

}  // namespace contract
