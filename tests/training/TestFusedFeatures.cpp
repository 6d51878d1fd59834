// The fused network of training against the script, which defines it.
// SPDX-License-Identifier: MIT
#include "core/Random.h"
#include "model/FusedFeatures.h"
#include "model/Network.h"
#include "training/Molecules.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace molspectra {
namespace {

using torch::jit::Module;

constexpr double floatRounding = 2e-5;
/// Whitening divides by the smallest spread of a vector's channels, in fp32.
constexpr double whitenedRounding = 2e-3;

/// Some atoms; carbon and hydrogen.
MoleculeGraph someAtoms(size_t atoms, double cutoff, const std::optional<Cell>& cell,
                        Random& random) {
    std::vector<int> numbers;
    std::vector<double> positions;
    for (size_t n = 0; n < atoms; n++) {
        numbers.push_back(n % 3 == 0 ? 6 : 1);
        for (int axis = 0; axis < 3; axis++)
            positions.push_back(1.5 * random.normal());
    }
    return moleculeGraph(numbers, positions, cutoff, cell);
}

/// Molecules of several sizes, so that threads get unequal parts; none is flat, where whitening
/// makes rounding errors large. With `odd`, single atoms and a cell with its own images too.
Graph severalMolecules(const ModelConfig& config, bool odd) {
    Random random(11);
    std::vector<MoleculeGraph> graphs;
    for (const size_t atoms : {7, 5, 9, 6})
        graphs.push_back(someAtoms(atoms, config.cutoff, {}, random));
    if (odd) {
        const Cell cell{{{4.0, 0.0, 0.0}, {0.5, 4.5, 0.0}, {-0.3, 0.2, 4.2}}};
        graphs.insert(graphs.begin() + 1, someAtoms(1, config.cutoff, {}, random));
        graphs.insert(graphs.begin() + 3, someAtoms(4, config.cutoff, cell, random));
        graphs.push_back(someAtoms(1, config.cutoff, {}, random));
    }
    std::vector<const MoleculeGraph*> pointers;
    for (const MoleculeGraph& graph : graphs)
        pointers.push_back(&graph);
    return joinGraphs(pointers, at::kFloat);
}

struct Case {
    std::string name;
    bool vectorCutoff = true, layerNorms = false, neighborEmbedding = true;
    int threads = 1;
    bool odd = false;
};

std::string nameOf(const testing::TestParamInfo<Case>& info) {
    return info.param.name;
}

class FusedFeatures : public testing::TestWithParam<Case> {
protected:
    void SetUp() override { at::set_num_threads(GetParam().threads); }
    void TearDown() override { at::set_num_threads(1); }

    ModelConfig config() const {
        ModelConfig made = smallConfig();
        made.layers = 3;
        made.vectorCutoff = GetParam().vectorCutoff;
        made.layerNorms = GetParam().layerNorms;
        made.vectorNorm = GetParam().layerNorms ? "whitened" : "none";
        made.neighborEmbedding = GetParam().neighborEmbedding;
        return made;
    }

    double rounding() const { return GetParam().layerNorms ? whitenedRounding : floatRounding; }

    /// Both losses have the same slopes by all weights.
    void compareSlopes(const at::Tensor& fused, const at::Tensor& script) const {
        const std::vector<at::Tensor> weights = weightsOf(network);
        const auto found = torch::autograd::grad({fused}, weights, {}, {}, false, true);
        const auto expected = torch::autograd::grad({script}, weights, {}, {}, false, true);
        int compared = 0;
        for (size_t n = 0; n < weights.size(); n++) {
            ASSERT_EQ(found[n].defined(), expected[n].defined()) << n;
            if (!found[n].defined())
                continue;
            const double scale = expected[n].abs().max().item<double>() + 1e-3;
            EXPECT_LT((found[n] - expected[n]).abs().max().item<double>(), 20 * rounding() * scale)
                << "weight " << n;
            compared++;
        }
        EXPECT_GT(compared, 20);
    }

    Module network = makeNetwork(config(), 5);
    Graph graph = severalMolecules(config(), GetParam().odd);
};

TEST_P(FusedFeatures, ValuesAndSlopes_AreTheScripts) {
    const Features fused = trainingFeatures(network, config(), graph);
    const c10::IValue script = call(network, "features", graph.atoms());
    const at::Tensor x = script.toTupleRef().elements()[0].toTensor();
    const at::Tensor v = script.toTupleRef().elements()[1].toTensor();
    EXPECT_TRUE(at::allclose(fused.x, x, rounding(), rounding()));
    EXPECT_TRUE(at::allclose(fused.v, v, rounding(), rounding()));
    const auto loss = [](const at::Tensor& some, const at::Tensor& others) {
        return (some * some.detach().cos()).sum() + (others * others.detach().sin()).sum();
    };
    compareSlopes(loss(fused.x, fused.v), loss(x, v));
}

TEST_P(FusedFeatures, SecondDerivatives_AreTheScripts) {
    const EnergyForces fused = trainingEnergyForces(network, config(), graph);
    const EnergyForces script = evaluate(network, graph, true, true);
    const double force = script.forces.abs().max().item<double>();
    EXPECT_LT((fused.forces - script.forces).abs().max().item<double>(), 10 * rounding() * force);
    const auto loss = [](const EnergyForces& found) {
        return (found.energy * found.energy.detach().cos()).sum() +
               (found.forces * found.forces.detach().sin()).sum();
    };
    compareSlopes(loss(fused), loss(script));
}

INSTANTIATE_TEST_SUITE_P(
    Configurations, FusedFeatures,
    testing::Values(Case{.name = "Usual"}, Case{.name = "HardVectors", .vectorCutoff = false},
                    Case{.name = "Norms", .layerNorms = true},
                    Case{.name = "NoNeighborEmbedding", .neighborEmbedding = false},
                    Case{.name = "TwoThreads", .threads = 2},
                    Case{.name = "ImagesAndSingleAtoms", .odd = true},
                    Case{.name = "ImagesAndSingleAtomsOnThreeThreads", .threads = 3, .odd = true}),
    nameOf);

TEST(FusedFeatures, AtomsWithoutNeighbors_GetTheScripts) {
    const ModelConfig config = smallConfig();
    Module network = makeNetwork(config, 5);
    Random random(3);
    const MoleculeGraph atom = someAtoms(1, config.cutoff, {}, random);
    const std::vector<const MoleculeGraph*> both{&atom, &atom};
    const Graph graph = joinGraphs(both, at::kFloat);
    const at::Tensor x = trainingFeatures(network, config, graph).x;
    const at::Tensor expected =
        call(network, "features", graph.atoms()).toTupleRef().elements()[0].toTensor();
    EXPECT_TRUE(at::allclose(x, expected, floatRounding, floatRounding));
}

}  // namespace
}  // namespace molspectra
