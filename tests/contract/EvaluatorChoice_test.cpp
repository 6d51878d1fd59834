// Which evaluator a Context uses and why, and that a wrong choice is refused in words.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace contract {

using OpenMM::State;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

namespace {

Bench::Setting networkOn(const std::string& platform, const std::string& evaluator) {
    Bench::Setting setting{platform, modelBytes("Network"), ethanol().numbers};
    setting.evaluator = evaluator;
    return setting;
}

/// What evaluates waters() on the CPU platform with its property Threads.
std::string inUseWithThreads(const char* property, int threadsOfTheForce) {
    loadPlugins();
    const Sample sample = waters();
    auto system = makeSystem(sample.numbers);
    MolSpectraForce* force = makeForce(modelBytes("Network"), sample.numbers);
    force->setThreads(threadsOfTheForce);
    system->addForce(force);
    OpenMM::VerletIntegrator integrator(0.001);
    const OpenMM::Context context(*system, integrator,
                                  OpenMM::Platform::getPlatformByName("CPU"),
                                  {{"Threads", property}});
    return force->getEvaluatorInUse(context);
}

}  // namespace

TEST(EvaluatorInUse, EveryChoice_IsToldWithItsReason) {
    const auto inUse = [](const std::string& platform, const std::string& evaluator) {
        return Bench(networkOn(platform, evaluator)).evaluatorInUse();
    };
    const std::string native = "native: [a-z0-9]+, [0-9]+ threads?, single precision";
    EXPECT_THAT(inUse("CPU", "auto"), MatchesRegex(native));
    EXPECT_THAT(inUse("CPU", "native"), MatchesRegex(native));
    EXPECT_THAT(inUse("Reference", "native"), MatchesRegex(native));
    EXPECT_EQ(inUse("CPU", "torchscript"), "torchscript: as asked for");
    EXPECT_EQ(inUse("Reference", "torchscript"), "torchscript: as asked for");
    EXPECT_EQ(inUse("Reference", "auto"), "torchscript: the platform's default");
}

TEST(EvaluatorInUse, DoubleWeights_AreEvaluatedInDouble) {
    auto setting = networkOn("CPU", "auto");
    setting.model = modelBytes("Double");
    EXPECT_THAT(Bench(setting).evaluatorInUse(), HasSubstr(", double precision"));
}

TEST(EvaluatorInUse, ThreadsOfThePlatform_AreObeyedUnlessTheForceNamesItsOwn) {
    EXPECT_THAT(inUseWithThreads("1", 0), HasSubstr(" 1 thread,"));
    EXPECT_THAT(inUseWithThreads("2", 0), HasSubstr(" 2 threads,"));
    EXPECT_THAT(inUseWithThreads("2", 1), HasSubstr(" 1 thread,"));
    EXPECT_THAT(inUseWithThreads("1", 2), HasSubstr(" 2 threads,"));
}

TEST(EvaluatorInUse, OtherContexts_AreRefused) {
    const Bench bench(networkOn("CPU", "auto"));
    Bench other(networkOn("CPU", "auto"));
    EXPECT_THAT(messageOf([&] { bench.force().getEvaluatorInUse(other.context()); }),
                HasSubstr("the Context does not have this Force"));
}

TEST(EvaluatorChoice, UnknownNamesAndNegativeThreads_AreRefused) {
    const std::unique_ptr<MolSpectraForce> force(makeForce(modelBytes("Toy"), {1}));
    EXPECT_THAT(messageOf([&] { force->setEvaluator("Native"); }),
                HasSubstr("\"Native\" found, expected one of auto, native, torchscript"));
    EXPECT_EQ(force->getEvaluator(), "auto");
    EXPECT_THAT(messageOf([&] { force->setThreads(-1); }), HasSubstr("-1 found, expected 0"));
}

TEST(EvaluatorChoice, ModelThatIsNoNetwork_IsLeftToTorchScript) {
    auto setting = networkOn("CPU", "auto");
    setting.model = modelBytes("Toy");
    const std::string reason = "it is not the network of its configuration: it has no tensor ";
    EXPECT_THAT(Bench(setting).evaluatorInUse(),
                StartsWith("torchscript: not native because " + reason));
    setting.evaluator = "native";
    EXPECT_THAT(messageOf([&] { Bench bench(setting); }),
                AllOf(StartsWith("MolSpectraForce: evaluating model model bytes"),
                      HasSubstr(" natively: " + reason), HasSubstr("try the evaluator auto")));
}

TEST(EvaluatorChoice, NetworkThatKernelsDoNotKnow_IsLeftToTorchScript) {
    molspectra::ModelConfig config = *modelOf("Network").network;
    config.distanceInfluence = "keys";
    auto setting = networkOn("CPU", "auto");
    setting.model = networkOf(config);
    const std::string inUse = Bench(setting).evaluatorInUse();
    EXPECT_THAT(inUse, AllOf(StartsWith("torchscript: not native because "), HasSubstr("keys")));
    setting.evaluator = "native";
    EXPECT_THAT(messageOf([&] { Bench bench(setting); }), HasSubstr("keys"));
}

/// The environment variable with another value, for as long as this lives.
class Instructions {
public:
    explicit Instructions(const char* value) {
        if (const char* set = std::getenv(variable))
            before_ = set;
        setenv(variable, value, 1);
    }
    ~Instructions() {
        before_ ? setenv(variable, before_->c_str(), 1) : unsetenv(variable);
    }
    Instructions(const Instructions&) = delete;
    Instructions& operator=(const Instructions&) = delete;

private:
    static constexpr const char* variable = "MOLSPECTRA_INSTRUCTIONS";
    std::optional<std::string> before_;
};

TEST(EvaluatorChoice, InstructionsThatDoNotExist_AreRefused) {
    const Instructions chosen("abacus");
    EXPECT_THAT(messageOf([] { Bench bench(networkOn("CPU", "auto")); }),
                AllOf(StartsWith("MolSpectraForce: "), HasSubstr("abacus")));
}

TEST(EvaluatorChoice, Instructions_AreThoseThatTheVariableNames) {
    const Instructions chosen("baseline");
    EXPECT_THAT(Bench(networkOn("CPU", "auto")).evaluatorInUse(), StartsWith("native: baseline, "));
}

TEST(EvaluatorChoice, Instructions_AreNoMoreThanTheProcessorHas) {
    const std::string usual = Bench(networkOn("CPU", "auto")).evaluatorInUse();
    for (const char* wide : {"", "avx512"}) {
        const Instructions chosen(wide);
        EXPECT_EQ(Bench(networkOn("CPU", "auto")).evaluatorInUse(), usual);
    }
}

class SelfCheck : public testing::Test {
protected:
    Bench::Setting altered(const Sample& sample) const {
        return {.place = "CPU", .model = model, .numbers = sample.numbers};
    }

    const std::string model = alteredNetwork(factor);
    static constexpr double factor = 1.05;
};

TEST_F(SelfCheck, OtherCodeThanTheDescriptions_IsRefused) {
    Bench bench(altered(ethanol()));
    const auto expected =
        AllOf(StartsWith("MolSpectraForce: comparing the native evaluation of model model bytes"),
              HasSubstr(" differ"), HasSubstr(", expected at most "),
              HasSubstr("try the evaluator torchscript"));
    EXPECT_THAT(messageOf([&] { bench.forces(ethanol().positions); }), expected);
    EXPECT_THAT(messageOf([&] { bench.energy(ethanol().positions); }), expected);
    EXPECT_THAT(messageOf([&] { bench.integrator().step(1); }), expected);
}

TEST_F(SelfCheck, Refusal_LeavesTheContextUsable) {
    auto system = makeSystem(ethanol().numbers);
    MolSpectraForce* force = makeForce(model, ethanol().numbers);
    force->setForceGroup(1);
    system->addForce(force);
    auto* bond = new OpenMM::HarmonicBondForce();
    bond->addBond(0, 1, 0.1, 1000.0);
    system->addForce(bond);
    Bench bench(std::move(system), "CPU");
    EXPECT_THAT(messageOf([&] { bench.forces(ethanol().positions); }), HasSubstr("comparing"));
    const State others =
        bench.evaluate(ethanol().positions, State::Energy | State::Positions, 1 << 0);
    EXPECT_GT(others.getPotentialEnergy(), 0.0);
    EXPECT_EQ(largestDifference(others.getPositions(), ethanol().positions), 0.0);
}

TEST_F(SelfCheck, LargeSystems_AreComparedInPart) {
    const Sample sample = waters();
    Bench bench(altered(sample));
    EXPECT_THAT(messageOf([&] { bench.forces(sample.positions); }), HasSubstr("comparing"));
}

TEST(SelfCheckOfSymmetry, VectorsThatVanish_AreNoReasonToRefuse) {
    const double d = 0.0629;  // nm; 0.109 along a diagonal
    const Sample methane{{6, 1, 1, 1, 1},
                         {Vec3(), Vec3(d, d, d), Vec3(d, -d, -d), Vec3(-d, d, -d),
                          Vec3(-d, -d, d)}};
    const Sample carbonDioxide{{6, 8, 8}, {Vec3(), Vec3(0.116, 0, 0), Vec3(-0.116, 0, 0)}};
    for (const Sample& sample : {methane, carbonDioxide}) {
        auto setting = networkOn("CPU", "native");
        setting.numbers = sample.numbers;
        Bench bench(setting);
        EXPECT_TRUE(std::isfinite(bench.energy(sample.positions)));
    }
}

TEST_F(SelfCheck, WithoutIt_EachEvaluatorComputesItsOwn) {
    auto setting = altered(ethanol());
    setting.selfCheck = false;
    Bench native(setting);
    setting.evaluator = "torchscript";
    Bench torch(setting);
    const Positions natively = native.forces(ethanol().positions);
    Positions scaled = natively;
    for (Vec3& force : scaled)
        force *= factor;
    EXPECT_LT(largestDifference(torch.forces(ethanol().positions), scaled),
              inSingle.rounding * largestComponent(scaled));
}

}  // namespace contract
