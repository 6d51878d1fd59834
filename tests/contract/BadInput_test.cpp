// Every way to misuse the force has a sentence of its own, and leaves the Context usable.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"
#include "contract/ToyModel.h"

#include <limits>

namespace contract {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

/// Message of creating a Context for water with a force changed by `change`.
std::string refusal(const std::function<void(MolSpectraForce&)>& change) {
    auto system = makeSystem({8, 1, 1});
    MolSpectraForce* force = makeForce(modelBytes("Toy"), {8, 1, 1});
    change(*force);
    system->addForce(force);
    return messageOf([&] { Bench bench(std::move(system), "Reference"); });
}

/// Message of creating a Context for water with this model.
std::string modelRefusal(const std::string& model) {
    return messageOf([&] { Bench bench({"Reference", model, {8, 1, 1}}); });
}

const Positions water = {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}};

}  // namespace

TEST(BadForce, MissingFile_IsNamed) {
    EXPECT_THAT(messageOf([] { MolSpectraForce force("no/such/model.pt"); }),
                AllOf(StartsWith("MolSpectraForce"), HasSubstr("no/such/model.pt")));
    EXPECT_THAT(messageOf([] { MolSpectraForce force(SOURCE_DIR); }),
                StartsWith("MolSpectraForce"));
}

TEST(BadForce, MissingAtomicNumbers_AreAskedFor) {
    EXPECT_THAT(refusal([](auto& force) { force.setAtomicNumbers({}); }),
                AllOf(StartsWith("MolSpectraForce: no atomic numbers were given"),
                      HasSubstr("setAtomicNumbers")));
}

TEST(BadForce, WrongNumberOfAtoms_IsNamedOnBothSides) {
    EXPECT_THAT(refusal([](auto& force) { force.setAtomicNumbers({8, 1}); }),
                HasSubstr("2 atomic numbers were given, expected one for each of the 3 particles "
                          "of the System"));
    EXPECT_THAT(refusal([](auto& force) { force.setParticles({0, 1}); }),
                HasSubstr("3 atomic numbers were given, expected one for each of the 2 particles "
                          "of setParticles"));
}

TEST(BadForce, NameOfTheForce_IsInTheMessage) {
    EXPECT_THAT(refusal([](auto& force) {
                    force.setName("solute");
                    force.setAtomicNumbers({});
                }),
                StartsWith("MolSpectraForce \"solute\": "));
}

TEST(BadForce, UnknownElement_IsNamedWithItsParticle) {
    EXPECT_THAT(refusal([](auto& force) {
                    force.setAtomicNumbers({17, 8});
                    force.setParticles({2, 0});
                }),
                AllOf(HasSubstr("particle 2 is Cl (atomic number 17)"),
                      HasSubstr("H, C, N, O only")));
    EXPECT_THAT(refusal([](auto& force) { force.setAtomicNumbers({8, -3, 1}); }),
                HasSubstr("particle 1 is atomic number -3"));
}

TEST(BadForce, ParticleOutsideTheSystem_IsNamed) {
    for (const int particle : {3, -1})
        EXPECT_THAT(refusal([&](auto& force) { force.setParticles({0, 1, particle}); }),
                    HasSubstr("particle " + std::to_string(particle) +
                              ", expected indices from 0 to 2"));
}

TEST(BadForce, RepeatedParticle_IsNamed) {
    EXPECT_THAT(refusal([](auto& force) { force.setParticles({0, 2, 2}); }),
                HasSubstr("particle 2 twice"));
}

TEST(BadModel, NoArchive_IsRefusedByContextAndQueries) {
    const std::string text = "this is no model";
    EXPECT_THAT(modelRefusal(text),
                AllOf(StartsWith("MolSpectraForce: "), HasSubstr("model bytes")));
    const std::unique_ptr<MolSpectraForce> force(MolSpectraForce::fromBytes(text));
    EXPECT_THROW(force->getCutoff(), OpenMM::OpenMMException);
    EXPECT_THROW(force->getSpecies(), OpenMM::OpenMMException);
    EXPECT_THROW(force->getModelDescription(), OpenMM::OpenMMException);
}

TEST(BadModel, MissingDescription_IsNamed) {
    ToyOptions options;
    options.described = false;
    EXPECT_THAT(modelRefusal(makeToyModel(options)), HasSubstr("no molspectra.json found inside"));
}

TEST(BadModel, NewerFormat_IsRefused) {
    ToyOptions options;
    std::string text = molspectra::toText(options.description);
    const std::string key = "\"formatVersion\"";
    const size_t digit = text.find_first_of("0123456789", text.find(key) + key.size());
    text.replace(digit, 1, "9");
    options.descriptionText = text;
    EXPECT_THAT(modelRefusal(makeToyModel(options)), HasSubstr("format 9"));
}

TEST(BadModel, TruncatedArchive_IsRefused) {
    const std::string model = modelBytes("Toy");
    EXPECT_THAT(modelRefusal(model.substr(0, model.size() / 2)), StartsWith("MolSpectraForce: "));
}

TEST(BadModel, OtherForwardFunction_IsNamedOnBothSides) {
    ToyOptions options;
    options.script = "def forward(self, positions: Tensor) -> Tensor:\n    return positions\n";
    EXPECT_THAT(modelRefusal(makeToyModel(options)),
                AllOf(HasSubstr("forward(Tensor) -> Tensor found"),
                      HasSubstr("expected forward(Tensor, Tensor, Tensor, Tensor, Tensor, int)")));
}

TEST(BadModel, ContradictingCutoffs_AreNamedOnBothSides) {
    const Bench::Setting setting{"Reference", networkDescribedWith(2.5), ethanol().numbers};
    EXPECT_THAT(messageOf([&] { Bench bench(setting); }),
                AllOf(HasSubstr("cutoff is 5 angstrom"), HasSubstr("description says 2.5")));
}

TEST(BadModel, ContradictingWeights_AreNamedOnBothSides) {
    ToyOptions options;
    options.rows = 24;
    EXPECT_THAT(modelRefusal(makeToyModel(options)),
                AllOf(HasSubstr("embedding_weight is [24,8] float32"),
                      HasSubstr("says [16,8] float32")));
}

TEST(BadModel, SeveralEnergies_AreRefused) {
    ToyOptions options;
    options.script = toyScript() + "\n";
    options.script.replace(options.script.find("[molecules]"), 11, "[molecules + 1]");
    Bench bench({"Reference", makeToyModel(options), {8, 1, 1}});
    EXPECT_THAT(messageOf([&] { bench.energy(water); }),
                HasSubstr("2 energies returned for 1 molecules, expected one for each"));
}

TEST(BadModel, ExceptionInTheModel_IsToldInOneLine) {
    ToyOptions options;
    options.script = toyScript("    atomic = atomic + torch.ones([7])\n");
    Bench bench({"Reference", makeToyModel(options), {8, 1, 1}});
    EXPECT_THAT(messageOf([&] { bench.energy(water); }),
                AllOf(StartsWith("MolSpectraForce: evaluating model model bytes"),
                      HasSubstr("size of tensor")));
}

class BadGeometry : public ContractTest {
protected:
    /// Expects the message, and the same energy as before afterwards.
    void expectRefusal(const Positions& bad, const std::string& message) {
        const Sample sample = ethanol();
        Bench bench(setting(sample.numbers));
        const double before = bench.energy(sample.positions);
        EXPECT_THAT(messageOf([&] { bench.energy(bad); }), HasSubstr(message));
        EXPECT_THAT(messageOf([&] { bench.forces(bad); }), HasSubstr(message));
        EXPECT_THAT(messageOf([&] { bench.integrator().step(1); }), HasSubstr(message));
        EXPECT_NEAR(bench.energy(sample.positions), before, tolerance.energyRounding);
        EXPECT_GT(largestComponent(bench.forces(sample.positions)), 0.0);
    }
};

INSTANTIATE_TEST_SUITE_P(All, BadGeometry, testing::ValuesIn(allCases()), nameOf);

TEST_P(BadGeometry, CoincidingAtoms_AreNamedAndTheContextStaysUsable) {
    Positions bad = ethanol().positions;
    bad[5] = bad[2];
    expectRefusal(bad, "particles 2 and 5 are 0 angstrom apart");
}

TEST_P(BadGeometry, PositionThatIsNotFinite_IsNamedAndTheContextStaysUsable) {
    Positions bad = ethanol().positions;
    bad[4][1] = std::numeric_limits<double>::infinity();
    expectRefusal(bad, "position of particle 4 is not finite");
}

TEST(BadResult, ForceOrEnergyThatIsNotFinite_IsNamed) {
    ToyOptions options;  // NaN for the atoms at x below -1 angstrom
    options.script = toyScript("    atomic = atomic + torch.sqrt(positions[:, 0] + 1.0)\n");
    Bench bench({"Reference", makeToyModel(options), {8, 1, 1}});
    const double before = bench.energy(water);
    Positions bad = water;
    bad[1][0] = -0.15;
    EXPECT_THAT(messageOf([&] { bench.forces(bad); }),
                HasSubstr("force on particle 1 is not finite"));
    EXPECT_THAT(messageOf([&] { bench.energy(bad); }),
                HasSubstr("force on particle 1 is not finite"));
    EXPECT_EQ(bench.energy(water), before);
}

}  // namespace contract
