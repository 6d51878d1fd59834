// Periodic boxes, and forces that act on a part of a System.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"

#include <cmath>

namespace contract {

using OpenMM::State;
using Box = std::array<Vec3, 3>;

class Periodic : public ContractTest {
protected:
    Bench periodicBench(const std::vector<int>& numbers, const Box& box) const {
        auto parameters = setting(numbers);
        parameters.box = box;
        return Bench(parameters);
    }
};

INSTANTIATE_TEST_SUITE_P(All, Periodic, testing::ValuesIn(allCases()), nameOf);

namespace {

/// Small enough for the molecule to meet its images.
const Box triclinic = {Vec3(0.8, 0, 0), Vec3(0.15, 0.75, 0), Vec3(-0.2, 0.2, 0.7)};
/// Smaller than the cutoff, so that an atom has several images of a neighbor, and of itself.
const Box tiny = {Vec3(0.36, 0, 0), Vec3(-0.1, 0.38, 0), Vec3(0.08, -0.12, 0.4)};
const Box large = {Vec3(5, 0, 0), Vec3(0, 5, 0), Vec3(0, 0, 5)};

/// Each atom moved by box vectors of its own.
Positions scattered(const Positions& positions, const Box& box) {
    Positions moved = positions;
    for (size_t i = 0; i < moved.size(); ++i)
        moved[i] += box[i % 3] * (static_cast<double>(i) - 4) + box[2] * 2.0;
    return moved;
}

/// Argon-like particles on a grid around the molecule, in a periodic box of 3 nm.
void addSurroundings(OpenMM::System& system, Positions& positions) {
    for (int x = 0; x < 3; ++x)
        for (int y = 0; y < 3; ++y) {
            system.addParticle(39.9);
            positions.push_back(Vec3(0.4 + 0.9 * x, 0.4 + 0.9 * y, 1.5));
        }
    system.setDefaultPeriodicBoxVectors({3, 0, 0}, {0, 3, 0}, {0, 0, 3});
    auto* nonbonded = new OpenMM::NonbondedForce();
    nonbonded->setNonbondedMethod(OpenMM::NonbondedForce::CutoffPeriodic);
    for (int i = 0; i < system.getNumParticles(); ++i)
        nonbonded->addParticle(0.0, 0.34, i < 9 ? 0.0 : 0.99);
    system.addForce(nonbonded);
}

}  // namespace

TEST_P(Periodic, LargeBox_GivesTheOpenResult) {
    const Sample sample = ethanol();
    Bench open(setting(sample.numbers)), boxed = periodicBench(sample.numbers, large);
    EXPECT_NEAR(boxed.energy(sample.positions), open.energy(sample.positions),
                tolerance.energyRounding);
}

TEST_P(Periodic, SmallTriclinicBox_IsSeenByTheModel) {
    const Sample sample = ethanol();
    Bench open(setting(sample.numbers)), boxed = periodicBench(sample.numbers, triclinic);
    EXPECT_GT(std::abs(boxed.energy(sample.positions) - open.energy(sample.positions)), 1e-4);
}

TEST_P(Periodic, AtomsBoxesAway_FeelTheSame) {
    const Sample sample = ethanol();
    Bench bench = periodicBench(sample.numbers, triclinic);
    const Positions forces = bench.forces(sample.positions);
    const Positions moved = scattered(sample.positions, triclinic);
    EXPECT_NEAR(bench.energy(moved), bench.energy(sample.positions), tolerance.energyRounding);
    EXPECT_LT(largestDifference(bench.forces(moved), forces),
              tolerance.rounding * largestComponent(forces));
}

TEST_P(Periodic, Forces_AreMinusTheEnergyGradientInATriclinicBox) {
    const Sample sample = ethanol();
    Bench bench = periodicBench(sample.numbers, triclinic);
    const Positions forces = bench.forces(sample.positions);
    for (size_t i = 0; i < forces.size(); i += 2) {
        Positions ahead = sample.positions, behind = sample.positions;
        ahead[i][i % 3] += tolerance.differenceStep;
        behind[i][i % 3] -= tolerance.differenceStep;
        EXPECT_NEAR(forces[i][static_cast<int>(i % 3)],
                    (bench.energy(behind) - bench.energy(ahead)) / (2 * tolerance.differenceStep),
                    tolerance.difference * largestComponent(forces) + 1e-5);
    }
}

TEST_P(Periodic, DoubledBox_HasTheSameForcesTwice) {
    const Sample water = {{8, 1, 1}, {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}}};
    Sample twice = water;
    const Positions image = translated(water.positions, tiny[0]);
    twice.numbers.insert(twice.numbers.end(), water.numbers.begin(), water.numbers.end());
    twice.positions.insert(twice.positions.end(), image.begin(), image.end());
    Bench one = periodicBench(water.numbers, tiny);
    Bench two = periodicBench(twice.numbers, {tiny[0] * 2.0, tiny[1], tiny[2]});
    const Positions forces = one.forces(water.positions), both = two.forces(twice.positions);
    const double scale = largestComponent(forces);
    ASSERT_GT(scale, 1e-3);
    for (size_t i = 0; i < forces.size(); ++i)
        EXPECT_LT(largestDifference({both[i], both[i + 3]}, {forces[i], forces[i]}),
                  tolerance.rounding * scale);
}

TEST_P(Periodic, BoxOfTheContext_IsUsedNotThatOfTheSystem) {
    const Sample sample = ethanol();
    // Triclinic as well: some platforms refuse to change that.
    const Box wide = {triclinic[0] * 5.0, triclinic[1] * 5.0, triclinic[2] * 5.0};
    Bench bench = periodicBench(sample.numbers, wide);
    Bench small = periodicBench(sample.numbers, triclinic);
    EXPECT_GT(std::abs(bench.energy(sample.positions) - small.energy(sample.positions)), 1e-4);
    bench.context().setPeriodicBoxVectors(triclinic[0], triclinic[1], triclinic[2]);
    EXPECT_NEAR(bench.energy(sample.positions), small.energy(sample.positions),
                tolerance.energyRounding);
}

TEST_P(Periodic, PartOfAPeriodicSystem_IsEvaluatedWhereItIs) {
    const Sample sample = ethanol();
    auto system = makeSystem(sample.numbers);
    Positions positions = translated(sample.positions, {2.95, 2.98, -0.03});  // across the border
    addSurroundings(*system, positions);
    // In another order than the System's, to tell indices from ranks.
    MolSpectraForce* partial = force({1, 6, 6, 8, 1, 1, 1, 1, 1});
    partial->setParticles({8, 0, 1, 2, 3, 4, 5, 6, 7});
    partial->setForceGroup(1);
    system->addForce(partial);
    Bench mixed(std::move(system), GetParam().place()), alone(setting(sample.numbers));
    mixed.context().setPositions(positions);
    mixed.context().setVelocitiesToTemperature(300, 5);
    mixed.integrator().step(300);
    const int types = State::Positions | State::Energy | State::Forces;
    const State state = mixed.context().getState(types, false, 1 << 1);
    const Positions now(state.getPositions().begin(), state.getPositions().begin() + 9);
    const Positions forces(state.getForces().begin(), state.getForces().begin() + 9);
    EXPECT_NEAR(state.getPotentialEnergy(), alone.energy(now), tolerance.energyRounding);
    EXPECT_LT(largestDifference(forces, alone.forces(now)),
              tolerance.rounding * largestComponent(forces));
    EXPECT_EQ(largestComponent({state.getForces().begin() + 9, state.getForces().end()}), 0.0);
}

}  // namespace contract
