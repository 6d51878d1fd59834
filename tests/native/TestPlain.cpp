// The plain network against LibTorch: every stage, forces, second derivatives, refusals.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "native/Reference.h"
#include "platforms/cpu/kernels/plain/Plain.h"

#include <gmock/gmock.h>

namespace molspectra::native {
namespace {

using namespace test;
using plain::Dual;
using plain::PlainNetwork;

/// Largest difference over root mean square. Whitening magnifies the rounding of vectors near zero.
constexpr double doubled = 1e-12, doubledBehindWhitening = 1e-10;
constexpr double single = 1e-5, singleForces = 2e-5, singleBehindWhitening = 2e-4;
/// Fourth-order differences of the gradient.
constexpr double differences = 1e-7, differenceStep = 2e-5;

template <class T>
std::vector<double> toDouble(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

class PlainVariants : public testing::TestWithParam<Variant> {
protected:
    const ModelConfig& config() const { return GetParam().config; }

    template <class T>
    double tolerance(double inSingle) const {
        const bool whitened = GetParam().whitened();
        if (std::is_same_v<T, float>)
            return whitened ? singleBehindWhitening : inSingle;
        return whitened ? doubledBehindWhitening : doubled;
    }

    template <class T>
    void compareStages(const System& system);
    template <class T>
    void compareForces(const System& system);

    torch::jit::Module reference{drawnNetwork(GetParam().config)};
    Tensors tensors = tensorsOf(reference);
};

template <class T>
void PlainVariants::compareStages(const System& system) {
    SCOPED_TRACE(system.name);
    const PlainNetwork<T> network(config(), tensors);
    const std::vector<T> positions(system.positions.begin(), system.positions.end());
    const auto found =
        network.encode(system.numbers, positions, candidates(system, config().cutoff));
    const auto expected =
        call(reference, "encode", graphOf(system, config().cutoff).atoms()).toTensorVector();
    ASSERT_EQ(2 * found.size(), expected.size());
    const double limit = tolerance<T>(single);
    for (size_t n = 0; n < found.size(); n++) {
        EXPECT_LE(relativeDifference(toDouble(found[n].x.values()), valuesOf(expected[2 * n])),
                  limit) << "x of stage " << n;
        EXPECT_LE(relativeDifference(toDouble(found[n].v.values()), valuesOf(expected[2 * n + 1])),
                  limit) << "v of stage " << n;
    }
}

template <class T>
void PlainVariants::compareForces(const System& system) {
    SCOPED_TRACE(system.name);
    const PlainNetwork<T> network(config(), tensors);
    const std::vector<T> positions(system.positions.begin(), system.positions.end());
    const std::vector<HalfPair> pairs = candidates(system, config().cutoff);
    std::vector<T> gradient;
    const T energy = network.evaluate(system.numbers, positions, pairs, gradient);
    const EnergyForces expected = evaluate(reference, graphOf(system, config().cutoff), true);
    const double limit = tolerance<T>(singleForces);
    EXPECT_EQ(energy, network.energy(system.numbers, positions, pairs));
    EXPECT_LE(relativeDifference({double(energy)}, valuesOf(expected.energy)), limit);
    EXPECT_LE(relativeDifference(toDouble(gradient), valuesOf(expected.forces.neg())), limit);
}

TEST_P(PlainVariants, EveryStage_IsTheReferences) {
    for (const System& system : systems()) {
        compareStages<double>(system);
        compareStages<float>(system);
    }
}

TEST_P(PlainVariants, EnergyAndForces_AreTheReferences) {
    for (const System& system : systems()) {
        compareForces<double>(system);
        compareForces<float>(system);
    }
}

/// The Hessian times a direction, by differences of the gradient.
std::vector<double> gradientDifference(const PlainNetwork<double>& network, const System& system,
                                       const std::vector<double>& direction) {
    const auto pairs = candidates(system, 5.0);
    const auto gradientAt = [&](double by) {
        const std::vector<double> positions = plus(system.positions, by, direction);
        std::vector<double> gradient;
        network.evaluate(system.numbers, positions, pairs, gradient);
        return gradient;
    };
    return centralDifference(gradientAt, differenceStep);
}

/// The Hessian times a direction, by duals.
std::vector<double> hessianTimes(const PlainNetwork<Dual<double>>& network, const System& system,
                                 const std::vector<double>& direction) {
    std::vector<Dual<double>> positions, gradient;
    for (size_t n = 0; n < direction.size(); n++)
        positions.emplace_back(system.positions[n], direction[n]);
    network.evaluate(system.numbers, positions, candidates(system, 5.0), gradient);
    std::vector<double> product;
    for (const Dual<double>& component : gradient)
        product.push_back(component.slope);
    return product;
}

TEST_P(PlainVariants, DualsGiveTheHessian_AsDifferencesOfTheGradientDo) {
    const PlainNetwork<double> network(config(), tensors);
    const PlainNetwork<Dual<double>> onDuals(config(), tensors);
    Random random(3);
    for (const System& system : {ethanol(), withLoneAtom()}) {
        const std::vector<double> u = normals(system.positions.size(), random);
        EXPECT_LE(relativeDifference(hessianTimes(onDuals, system, u),
                                     gradientDifference(network, system, u)),
                  differences) << system.name;
    }
}

TEST_P(PlainVariants, Hessian_IsSymmetric) {
    const PlainNetwork<Dual<double>> network(config(), tensors);
    Random random(4);
    for (const System& system : systems()) {
        const std::vector<double> u = normals(system.positions.size(), random);
        const std::vector<double> w = normals(system.positions.size(), random);
        const std::vector<double> Hu = hessianTimes(network, system, u);
        const std::vector<double> Hw = hessianTimes(network, system, w);
        const double scale = std::sqrt(dot(Hu, Hu) * dot(w, w));
        EXPECT_NEAR(dot(w, Hu), dot(u, Hw), doubledBehindWhitening * scale) << system.name;
        EXPECT_TRUE(std::isfinite(scale)) << system.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Native, PlainVariants, testing::ValuesIn(variants()),
                         [](const auto& info) { return info.param.name; });

class PlainNetworkTest : public testing::Test {
protected:
    std::string refusal(const Tensors& changed) const {
        try {
            PlainNetwork<double>(config, changed);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    ModelConfig config = variants()[1].config;
    Tensors tensors = tensorsOf(makeNetwork(config, 2, at::kDouble));
};

TEST_F(PlainNetworkTest, AtomWithoutNeighbors_HasNoForce) {
    const System alone = oneAtom();
    std::vector<double> gradient;
    PlainNetwork<double>(config, tensors).evaluate(alone.numbers, alone.positions, {}, gradient);
    EXPECT_EQ(gradient, std::vector<double>(3, 0.0));
}

TEST_F(PlainNetworkTest, MissingTensor_IsNamed) {
    tensors.erase("layer1.output_bias");
    EXPECT_THAT(refusal(tensors), testing::HasSubstr("layer1.output_bias"));
}

TEST_F(PlainNetworkTest, WrongShape_IsNamedWithBothShapes) {
    tensors["layer2.filter_weight"].shape = {8, 128};
    EXPECT_THAT(refusal(tensors),
                testing::AllOf(testing::HasSubstr("layer2.filter_weight"),
                               testing::HasSubstr("[8,128]"), testing::HasSubstr("[128,8]")));
}

TEST_F(PlainNetworkTest, MissingValues_AreCounted) {
    tensors["norm_weight"].values.pop_back();
    EXPECT_THAT(refusal(tensors),
                testing::AllOf(testing::HasSubstr("norm_weight"), testing::HasSubstr("31"),
                               testing::HasSubstr("32")));
}

TEST_F(PlainNetworkTest, OtherDistanceInfluence_IsRefused) {
    config.distanceInfluence = "keys";
    EXPECT_THAT(refusal(tensors), testing::HasSubstr("distanceInfluence is \"keys\""));
}

TEST_F(PlainNetworkTest, UnknownElement_IsRefused) {
    const PlainNetwork<double> network(config, tensors);
    const std::vector<int> numbers{config.elements};
    const std::vector<double> positions(3);
    EXPECT_THROW(network.energy(numbers, positions, {}), Error);
}

}  // namespace
}  // namespace molspectra::native
