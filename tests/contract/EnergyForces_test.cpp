// What energy and forces must be on every platform, whatever the model.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"
#include "contract/ToyModel.h"
#include "core/Units.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace contract {

using OpenMM::State;

class EnergyForces : public ContractTest {};

INSTANTIATE_TEST_SUITE_P(All, EnergyForces, testing::ValuesIn(allCases()), nameOf);

namespace {

/// E(x + h u) - E(x - h u) over 2 h, h in nm.
double differenceAlong(Bench& bench, const Positions& positions, const Positions& direction,
                       double h) {
    Positions ahead = positions, behind = positions;
    for (size_t i = 0; i < positions.size(); ++i) {
        ahead[i] += direction[i] * h;
        behind[i] -= direction[i] * h;
    }
    return (bench.energy(ahead) - bench.energy(behind)) / (2 * h);
}

molspectra::ModelDescription describe(const std::string& model) {
    const std::unique_ptr<MolSpectraForce> force(MolSpectraForce::fromBytes(model));
    return molspectra::parseDescription(force->getModelDescription(), "the model");
}

/// Ethanol whose oxygen end looks at a lone carbon atom at `distance` from the oxygen, nm.
Sample withLoneAtom(double distance) {
    Sample sample = ethanol();
    sample.numbers.push_back(6);
    sample.positions.push_back(sample.positions[2] + Vec3(0.0, distance, 0.0));
    return sample;
}

}  // namespace

TEST_P(EnergyForces, Forces_AreMinusTheEnergyGradient) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const Positions forces = bench.forces(sample.positions);
    const double scale = largestComponent(forces);
    ASSERT_GT(scale, 1e-3) << "a model without forces would pass everything";
    for (size_t i = 0; i < forces.size(); ++i)
        for (int d = 0; d < 3; ++d) {
            Positions direction(forces.size());
            direction[i][d] = 1.0;
            EXPECT_NEAR(forces[i][d],
                        -differenceAlong(bench, sample.positions, direction,
                                         tolerance.differenceStep),
                        tolerance.difference * scale + 1e-5);
        }
}

TEST_P(EnergyForces, Energy_IsInvariantAndForcesTurnWithTheMolecule) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const double energy = bench.energy(sample.positions);
    const Positions forces = bench.forces(sample.positions);
    const double scale = largestComponent(forces);
    const Positions moved = translated(sample.positions, {3.5, -2.0, 11.0});
    EXPECT_NEAR(bench.energy(moved), energy, tolerance.energyRounding);
    EXPECT_LT(largestDifference(bench.forces(moved), forces), tolerance.rounding * scale);
    const Positions turned = rotated(sample.positions, 1.234);
    EXPECT_NEAR(bench.energy(turned), energy, tolerance.energyRounding);
    EXPECT_LT(largestDifference(bench.forces(turned), rotated(forces, 1.234)),
              tolerance.rounding * scale);
}

TEST_P(EnergyForces, PlanarMolecules_HaveTheForcesOfDoublePrecision) {
    const std::vector<int> formaldehyde{6, 8, 1, 1};
    const Positions planar{{0.01, 0.02, 0}, {0.131, 0.024, 0}, {-0.046, 0.117, 0},
                           {-0.05, -0.071, 0}};
    Bench::Setting reference = setting(formaldehyde);
    reference.place = "Reference";
    reference.evaluator = "torchscript";
    const Positions expected = Bench(reference).forces(planar);
    Bench bench(setting(formaldehyde));
    EXPECT_LT(largestDifference(bench.forces(planar), expected),
              tolerance.rounding * largestComponent(expected));
}

TEST_P(EnergyForces, Energy_IsInvariantUnderReflection) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const auto mirror = [](Positions vectors) {
        for (Vec3& vector : vectors)
            vector[2] = -vector[2];
        return vectors;
    };
    const Positions forces = bench.forces(sample.positions);
    const Positions mirrored = bench.forces(mirror(sample.positions));
    EXPECT_NEAR(bench.energy(mirror(sample.positions)), bench.energy(sample.positions),
                tolerance.energyRounding);
    EXPECT_LT(largestDifference(mirrored, mirror(forces)),
              tolerance.rounding * largestComponent(forces));
}

TEST_P(EnergyForces, Energy_DoesNotDependOnTheOrderOfAtoms) {
    const Sample sample = ethanol();
    Sample reversed = sample;
    std::ranges::reverse(reversed.numbers);
    std::ranges::reverse(reversed.positions);
    Bench bench(setting(sample.numbers)), other(setting(reversed.numbers));
    Positions forces = other.forces(reversed.positions);
    std::ranges::reverse(forces);
    EXPECT_NEAR(other.energy(reversed.positions), bench.energy(sample.positions),
                tolerance.energyRounding);
    EXPECT_LT(largestDifference(forces, bench.forces(sample.positions)),
              tolerance.rounding * largestComponent(forces));
}

TEST_P(EnergyForces, EnergyAndForces_AreContinuousAtTheCutoff) {
    if (GetParam().model == "Norms")
        GTEST_SKIP() << "whitening enlarges the vanishing vectors of a lone atom: they change "
                        "continuously, but more steeply than this scan resolves";
    const std::string& model = modelBytes(GetParam().model);
    const double cutoff = describe(model).config.cutoff / molspectra::angstroms("nm");
    Bench bench(setting(withLoneAtom(cutoff).numbers));
    const auto at = [&](double r) { return withLoneAtom(r).positions; };
    // The chain of atoms near the oxygen crosses its own cutoffs within this range as well.
    const double step = 2e-5;
    double energy = bench.energy(at(cutoff - 0.001));
    Positions forces = bench.forces(at(cutoff - 0.001));
    const double largestEnergyStep =
        tolerance.energyJump *
        std::abs(bench.energy(at(0.6 * cutoff)) - bench.energy(at(10 * cutoff)));
    const double largestForceStep =
        tolerance.forceJump *
        largestDifference(bench.forces(at(0.6 * cutoff)), bench.forces(at(10 * cutoff)));
    for (double r = cutoff - 0.001 + step; r < cutoff + 0.001; r += step) {
        const State next = bench.evaluate(at(r), State::Energy | State::Forces);
        EXPECT_LT(std::abs(next.getPotentialEnergy() - energy), largestEnergyStep) << r;
        EXPECT_LT(largestDifference(next.getForces(), forces), largestForceStep) << r;
        energy = next.getPotentialEnergy();
        forces = next.getForces();
    }
}

TEST_P(EnergyForces, FarMolecules_HaveTheSumOfTheirEnergies) {
    const Sample sample = ethanol();
    Sample pair = sample;
    const Positions far = translated(rotated(sample.positions, 0.7), {20, 0, 0});
    pair.numbers.insert(pair.numbers.end(), sample.numbers.begin(), sample.numbers.end());
    pair.positions.insert(pair.positions.end(), far.begin(), far.end());
    Bench one(setting(sample.numbers)), two(setting(pair.numbers));
    const auto description = describe(modelBytes(GetParam().model));
    const double counted = description.offset.perMolecule *
                           molspectra::kilojoulesPerMole(description.energyUnit);
    EXPECT_NEAR(two.energy(pair.positions), 2 * one.energy(sample.positions) - counted,
                2 * tolerance.energyRounding);
}

TEST_P(EnergyForces, EnergyAlone_EqualsEnergyWithForcesInEveryOrder) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const State both = bench.evaluate(sample.positions, State::Energy | State::Forces);
    const double scale = largestComponent(both.getForces());
    const double energy = bench.energy(sample.positions);
    EXPECT_NEAR(both.getPotentialEnergy(), energy, tolerance.energyRounding);
    EXPECT_LT(largestDifference(bench.forces(sample.positions), both.getForces()),
              tolerance.rounding * scale);
    EXPECT_NEAR(bench.energy(sample.positions), energy, tolerance.energyRounding);
    const State again = bench.evaluate(sample.positions, State::Energy | State::Forces);
    EXPECT_NEAR(again.getPotentialEnergy(), energy, tolerance.energyRounding);
    EXPECT_LT(largestDifference(again.getForces(), both.getForces()), tolerance.rounding * scale);
}

TEST_P(EnergyForces, NetForceAndTorque_AreZero) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    const Positions forces = bench.forces(sample.positions);
    Vec3 force, torque;
    double magnitude = 0.0;
    for (size_t i = 0; i < forces.size(); ++i) {
        force += forces[i];
        torque += sample.positions[i].cross(forces[i]);
        magnitude += std::sqrt(forces[i].dot(forces[i]));
    }
    EXPECT_LT(std::sqrt(force.dot(force)), tolerance.balance * magnitude);
    EXPECT_LT(std::sqrt(torque.dot(torque)), tolerance.balance * magnitude);
}

TEST_P(EnergyForces, TotalEnergy_IsConservedByVerlet) {
    const Sample sample = ethanol();
    Bench bench(setting(sample.numbers));
    bench.context().setPositions(sample.positions);
    bench.context().setVelocitiesToTemperature(300, 11);
    double lowest = INFINITY, highest = -INFINITY, kinetic = 0.0;
    for (int step = 0; step < 200; ++step) {
        bench.integrator().step(1);
        const State state = bench.context().getState(State::Energy);
        kinetic = std::max(kinetic, state.getKineticEnergy());
        lowest = std::min(lowest, state.getPotentialEnergy() + state.getKineticEnergy());
        highest = std::max(highest, state.getPotentialEnergy() + state.getKineticEnergy());
    }
    EXPECT_LT(highest - lowest, tolerance.drift * kinetic);
}

/// Beside a particle that is none of the network's: some OpenCL drivers fail on a System of one.
TEST_P(EnergyForces, OneAtom_HasItsOffsetAndNoForce) {
    auto system = makeSystem({8, 18});
    MolSpectraForce* alone = force({8});
    alone->setParticles({0});
    system->addForce(alone);
    Bench bench(std::move(system), GetParam().place());
    const State state =
        bench.evaluate({{0.1, 0.2, 0.3}, {0.1, 0.2, 0.4}}, State::Energy | State::Forces);
    EXPECT_EQ(largestComponent(state.getForces()), 0.0);
    EXPECT_TRUE(std::isfinite(state.getPotentialEnergy()));
}

TEST_P(EnergyForces, TwoContexts_DoNotDisturbEachOther) {
    const Sample sample = ethanol();
    const Positions other = rotated(translated(sample.positions, {0.01, 0, 0}), 0.3);
    Bench first(setting(sample.numbers)), second(setting({6, 6, 8, 1, 1, 1, 1, 1, 8}));
    const double a = first.energy(sample.positions), b = second.energy(other);
    EXPECT_NE(a, b);
    const Positions forcesA = first.forces(sample.positions), forcesB = second.forces(other);
    const auto repeat = [&](Bench& bench, const Positions& at, const Positions& expected) {
        for (int n = 0; n < 20; ++n)
            EXPECT_LT(largestDifference(bench.forces(at), expected), tolerance.energyRounding);
    };
    std::thread one([&] { repeat(first, sample.positions, forcesA); });
    std::thread two([&] { repeat(second, other, forcesB); });
    one.join();
    two.join();
    EXPECT_NEAR(first.energy(sample.positions), a, tolerance.energyRounding);
}

TEST_P(EnergyForces, CustomCVForce_SeesTheSameEnergy) {
    const Sample sample = ethanol();
    Bench plain(setting(sample.numbers));
    auto system = makeSystem(sample.numbers);
    auto* scaled = new OpenMM::CustomCVForce("2*ml");
    scaled->addCollectiveVariable("ml", force(sample.numbers));
    system->addForce(scaled);
    Bench wrapped(std::move(system), GetParam().place());
    Positions twice = plain.forces(sample.positions);
    for (Vec3& force : twice)
        force *= 2.0;
    EXPECT_NEAR(wrapped.energy(sample.positions), 2 * plain.energy(sample.positions),
                2 * tolerance.energyRounding);
    EXPECT_LT(largestDifference(wrapped.forces(sample.positions), twice),
              tolerance.rounding * largestComponent(twice));
}

TEST_P(EnergyForces, ForceGroup_DecidesWhetherTheForceActs) {
    const Sample sample = ethanol();
    auto system = makeSystem(sample.numbers);
    MolSpectraForce* inGroup = force(sample.numbers);
    inGroup->setForceGroup(3);
    system->addForce(inGroup);
    Bench grouped(std::move(system), GetParam().place()), plain(setting(sample.numbers));
    const int both = State::Energy | State::Forces;
    const State without = grouped.evaluate(sample.positions, both, 1 << 0);
    EXPECT_EQ(without.getPotentialEnergy(), 0.0);
    EXPECT_EQ(largestComponent(without.getForces()), 0.0);
    EXPECT_NEAR(grouped.evaluate(sample.positions, both, 1 << 3).getPotentialEnergy(),
                plain.energy(sample.positions), tolerance.energyRounding);
}

TEST(Precision, DoubleWeights_AreAccepted) {
    ToyOptions options;
    options.description.dtype = "float64";
    const Sample sample = ethanol();
    Bench wide({"Reference", makeToyModel(options), sample.numbers});
    Bench narrow({"Reference", makeToyModel(), sample.numbers});
    EXPECT_EQ(wide.energy(sample.positions), narrow.energy(sample.positions));
}

TEST(TorchThreads, Energy_DoesNotDependOnTheirNumber) {
    loadPlugins();
    const Sample sample = ethanol();
    std::vector<double> energies;
    for (const char* threads : {"1", "2"}) {
        auto system = makeSystem(sample.numbers);
        MolSpectraForce* force = makeForce(modelBytes("Network"), sample.numbers);
        force->setEvaluator("torchscript");
        system->addForce(force);
        OpenMM::VerletIntegrator integrator(0.001);
        OpenMM::Context context(*system, integrator, OpenMM::Platform::getPlatformByName("CPU"),
                                {{"Threads", threads}});
        context.setPositions(sample.positions);
        energies.push_back(context.getState(State::Energy).getPotentialEnergy());
    }
    EXPECT_NEAR(energies[0], energies[1], inDouble.energyRounding);
}

class ToyEnergy : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Units, ToyEnergy, testing::Values("kcal/mol", "kJ/mol", "eV", "hartree"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::erase(name, '/');
                             return name;
                         });

TEST_P(ToyEnergy, Energy_IsTheFormulaAndTheOffsetInEveryUnit) {
    ToyOptions options;
    options.description.energyUnit = GetParam();
    const Sample sample = ethanol();
    std::vector<double> angstrom;
    for (const Vec3& position : sample.positions)
        for (int d = 0; d < 3; ++d)
            angstrom.push_back(10.0 * position[d]);
    const double expected =
        molspectra::kilojoulesPerMole(GetParam()) *
        (toyEnergy(sample.numbers, angstrom) - 12.5 + 6 * -375.25 + 2 * -23900.5 - 47100.75);
    Bench bench({"Reference", makeToyModel(options), sample.numbers});
    EXPECT_NEAR(bench.energy(sample.positions), expected, 1e-13 * std::abs(expected));
}

}  // namespace contract
