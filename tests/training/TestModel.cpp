// The network's physics, and model files as plain LibTorch sees them.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "model/Graph.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "training/Molecules.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cmath>


namespace molspectra {
namespace {

/// A file of this process alone, since tests may run side by side.
std::string temporary(const std::string& name) {
    static const test::TemporaryFolder folder;
    return folder / name;
}

ModelDescription describe(const ModelConfig& config) {
    ModelDescription description;
    description.config = config;
    description.species = {1, 8};
    description.toolVersion = "molspectra test";
    return description;
}

Graph graphOf(const std::vector<Frame>& frames, double cutoff, at::ScalarType type) {
    std::vector<MoleculeGraph> molecules;
    for (const Frame& frame : frames)
        molecules.push_back(moleculeGraph(frame.numbers, frame.positions, cutoff, frame.cell));
    std::vector<const MoleculeGraph*> list;
    for (const MoleculeGraph& molecule : molecules)
        list.push_back(&molecule);
    return joinGraphs(list, type);
}

/// Every option that changes the network's code.
std::vector<ModelConfig> variants() {
    std::vector<ModelConfig> list;
    for (const char* influence : {"both", "keys", "values", "none"})
        for (const bool smooth : {true, false}) {
            ModelConfig config = smallConfig();
            config.distanceInfluence = influence;
            config.vectorCutoff = smooth;
            list.push_back(config);
        }
    ModelConfig config = smallConfig();
    config.layerNorms = true;
    config.vectorNorm = "whitened";
    config.noiseHead = true;
    list.push_back(config);
    config = smallConfig();
    config.radialType = "gauss";
    config.trainableRadial = true;
    config.neighborEmbedding = false;
    list.push_back(config);
    config = smallConfig();
    config.layers = 1;
    config.cutoffLower = 0.3;
    list.push_back(config);
    return list;
}

class Variants : public testing::TestWithParam<ModelConfig> {};

TEST_P(Variants, SecondDerivatives_MatchFiniteDifferences) {
    torch::jit::Module network = makeNetwork(GetParam(), 3, at::kDouble);
    const Graph graph = graphOf(springWaters(2), GetParam().cutoff, at::kDouble);
    const auto squaredForces = [&](bool trainable) {
        return evaluate(network, graph, true, trainable).forces.square().sum();
    };
    at::Tensor weight = network.attr("embedding_weight").toTensor();
    const at::Tensor gradient = torch::autograd::grad({squaredForces(true)}, {weight})[0];
    const at::Tensor direction = gradient / gradient.norm();
    constexpr double step = 1e-5;
    const at::NoGradGuard noGradients;
    const auto shifted = [&](double by) {
        weight.add_(direction, by);
        const at::AutoGradMode on(true);
        return squaredForces(false).item<double>();
    };
    const double up = shifted(step), down = shifted(-2 * step);
    EXPECT_NEAR((up - down) / (2 * step), gradient.norm().item<double>(),
                1e-6 * gradient.norm().item<double>() + 1e-9);
}

TEST_P(Variants, ModelFile_RunsInPlainLibTorchTwentyTimes) {
    const std::string path = temporary("plain.pt");
    saveModel(path, makeNetwork(GetParam(), 3), describe(GetParam()));
    torch::jit::Module plain = torch::jit::load(path);
    const std::vector<Frame> frames = springWaters(20);
    torch::jit::Module network = makeNetwork(GetParam(), 3);
    for (const Frame& frame : frames) {
        Graph graph = graphOf({frame}, GetParam().cutoff, at::kFloat);
        const EnergyForces expected = evaluate(network, graph, true);
        graph.positions.requires_grad_(true);
        const at::Tensor energy = plain.forward(graph.forward()).toTensor();
        energy.sum().backward();
        EXPECT_TRUE(at::allclose(energy, expected.energy, 1e-4, 1e-4));
        EXPECT_TRUE(at::allclose(graph.positions.grad().neg(), expected.forces, 1e-3, 1e-3));
    }
}

TEST_P(Variants, ModelFile_ReadsBackEqual) {
    const std::string path = temporary("equal.pt");
    ModelDescription description = describe(GetParam());
    description.offset.perMolecule = -97208.123456789012;
    torch::jit::Module network = makeNetwork(GetParam(), 5);
    saveModel(path, network, description);
    LoadedModel loaded = loadModel(path);
    EXPECT_EQ(loaded.description.config, GetParam());
    EXPECT_EQ(loaded.description.offset.perMolecule, description.offset.perMolecule);
    const Graph graph = graphOf(springWaters(2), GetParam().cutoff, at::kFloat);
    EXPECT_TRUE(at::equal(evaluate(loaded.network, graph, false).energy,
                          evaluate(network, graph, false).energy));
}

TEST_P(Variants, EnergyOnly_EqualsEnergyWithForces) {
    torch::jit::Module network = makeNetwork(GetParam(), 3);
    const Graph graph = graphOf(springWaters(3), GetParam().cutoff, at::kFloat);
    EXPECT_TRUE(at::equal(evaluate(network, graph, false).energy,
                          evaluate(network, graph, true).energy));
}

std::string nameOf(const testing::TestParamInfo<ModelConfig>& info) {
    const ModelConfig& config = info.param;
    return cat(config.radialType, "_", config.distanceInfluence,
               config.vectorCutoff ? "" : "_historicCutoff", config.layerNorms ? "_norms" : "",
               config.layers == 1 ? "_oneLayer" : "");
}

INSTANTIATE_TEST_SUITE_P(Network, Variants, testing::ValuesIn(variants()), nameOf);

TEST(Network, Molecules_DoNotSeeEachOther) {
    torch::jit::Module network = makeNetwork(smallConfig(), 1, at::kDouble);
    const std::vector<Frame> frames = springWaters(3);
    const at::Tensor together = evaluate(network, graphOf(frames, 5.0, at::kDouble), false).energy;
    for (size_t n = 0; n < frames.size(); n++) {
        const Graph alone = graphOf({frames[n]}, 5.0, at::kDouble);
        EXPECT_NEAR(evaluate(network, alone, false).energy.item<double>(),
                    together[static_cast<int64_t>(n)].item<double>(), 1e-12);
    }
}

TEST(Network, IsolatedAtom_HasFiniteForcesOfZero) {
    ModelConfig config = smallConfig();
    config.vectorNorm = "whitened";
    torch::jit::Module network = makeNetwork(config, 1, at::kDouble);
    const Frame atom{{8}, {1, 2, 3}, 0.0, {0, 0, 0}, {}};
    const EnergyForces found = evaluate(network, graphOf({atom}, 5.0, at::kDouble), true, true);
    EXPECT_TRUE(at::equal(found.forces, at::zeros({1, 3}, at::kDouble)));
}

TEST(Network, WhiteningOfCollinearVectors_DividesByTheirSpread) {
    ModelConfig config = smallConfig();
    config.vectorNorm = "whitened";
    torch::jit::Module norm = makeNetwork(config, 1, at::kDouble).attr("vector_norm").toModule();
    const at::Tensor axis = at::tensor({1.0, -2.0, 3.0}, at::kDouble).view({1, 3, 1});
    Random random(5);
    std::vector<double> drawn;
    for (int n = 0; n < config.channels; n++)
        drawn.push_back(random.normal());
    for (const double length : {1e-3, 1.0, 1e3}) {
        const at::Tensor v = length * axis * at::tensor(drawn, at::kDouble);
        const at::Tensor centred = v - v.mean(2, true);
        const double spread = centred.square().sum(1).mean().item<double>();
        const double regularization = 3e-5;
        // What rounding of the covariance may leave across the axis.
        const double rounding = 2.2e-16 * (10.0 + std::pow(spread / regularization, 1.5));
        const at::Tensor expected = centred / std::sqrt(spread + regularization);
        EXPECT_LE((norm.forward({v}).toTensor() - expected).abs().max().item<double>(), rounding)
            << length;
    }
}

TEST(Network, Sizes_AreThePublishedOnes) {
    const auto weights = [](const ModelConfig& config) {
        int64_t count = 0;
        for (const at::Tensor& parameter : makeNetwork(config, 0).parameters())
            count += parameter.numel();
        return count;
    };
    // The published counts hold the last energy block's vector rows, which reach no energy:
    // F/2 directions, and F/2 + 1 for the gate.
    EXPECT_EQ(weights(ModelConfig::md17()), 1339906 - 64 - 65);
    ModelConfig plain = ModelConfig::qm9();
    plain.layerNorms = false;
    plain.vectorNorm = "none";
    EXPECT_EQ(weights(plain), 6864898 - 128 - 129);
}

TEST(ModelFile, Converting_KeepsWhatIsDoubleInEveryNetwork) {
    ModelConfig config = smallConfig();
    config.vectorNorm = "whitened";
    const ModelDescription description = describe(config);
    LoadedModel model{makeNetwork(description, 1), description};
    const auto regularization = [&] {
        return model.network.attr("vector_norm").toModule().attr("regularization").toTensor();
    };
    const at::Tensor before = regularization().clone();
    ASSERT_EQ(before.scalar_type(), at::kDouble);
    for (const char* type : {"float64", "float32"}) {
        convertTo(model, type);
        EXPECT_EQ((*model.network.parameters().begin()).scalar_type(),
                  model.description.dtype == "float64" ? at::kDouble : at::kFloat);
        EXPECT_TRUE(at::equal(regularization(), before)) << type;
    }
    EXPECT_THAT(test::errorOf([&] { convertTo(model, "half"); }), testing::HasSubstr("'half'"));
}

TEST(ModelFile, Load_RefusesWhatIsNoModel) {
    const std::string path = temporary("text.pt");
    writeFileSafely(path, "this is no archive");
    EXPECT_THAT([&] { loadModel(path); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("not a TorchScript file")));
    EXPECT_THAT([&] { loadModel(temporary("absent.pt")); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("absent.pt")));
}

TEST(ModelFile, Load_RefusesTorchScriptWithoutDescription) {
    const std::string path = temporary("bare.pt");
    makeNetwork(smallConfig(), 1).save(path);
    EXPECT_THAT([&] { loadModel(path); },
                testing::ThrowsMessage<Error>(testing::HasSubstr(descriptionFile)));
}

TEST(ModelFile, Load_NamesTheTensorThatContradicts) {
    const std::string path = temporary("wide.pt");
    ModelConfig wider = smallConfig();
    wider.channels = 32;
    makeNetwork(smallConfig(), 1).save(path, {{descriptionFile, toText(describe(wider))}});
    EXPECT_THAT([&] { loadModel(path); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("embedding_weight")));
}

TEST(Network, EnergiesOfManyAtoms_AreAddedInDouble) {
    constexpr int64_t atoms = 100'000;
    torch::jit::Module network = makeNetwork(smallConfig(), 1);
    setEnergyScale(network, 1000.0);
    const at::Tensor x = at::ones({atoms, smallConfig().channels});
    const at::Tensor v = at::zeros({atoms, 3, smallConfig().channels});
    const auto energies = [&](const at::Tensor& molecule, int64_t molecules) {
        return call(network, "energy_of", {x, v, molecule, molecules}).toTensor().to(at::kDouble);
    };
    // Of as many molecules as atoms, not one atom alone: products of one row may round otherwise.
    const double expected = energies(at::arange(atoms), atoms).sum().item<double>();
    ASSERT_GT(std::abs(expected) / atoms, 1.0);
    const double found = energies(at::zeros({atoms}, at::kLong), 1).item<double>();
    EXPECT_NEAR(found / expected, 1.0, 2e-7);  // rounded once, not at every atom
}

}  // namespace
}  // namespace molspectra
