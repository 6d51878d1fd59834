// The objectives: values by formula, gradients where they must and must not go.
// SPDX-License-Identifier: MIT
#include "model/Network.h"
#include "trainer/objectives/Denoising.h"
#include "trainer/objectives/EnergyForces.h"
#include "trainer/training/Batch.h"
#include "training/Molecules.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace molspectra {
namespace {

struct Labels {
    EnergyForces predicted{at::tensor({1.0, 2.0}, at::kDouble).requires_grad_(true),
                           at::tensor({3.0, 4.0, 0.0, 0.0, 0.0, 0.5}, at::kDouble).view({2, 3})};
    at::Tensor energy = at::tensor({0.0, 4.0}, at::kDouble);
    at::Tensor forces = at::zeros({2, 3}, at::kDouble);
};

TEST(EnergyForcesLoss, Squared_IsTheMeanSquare) {
    const Labels labels;
    const auto loss = energyForcesLoss(labels.predicted, labels.energy, labels.forces, {});
    EXPECT_DOUBLE_EQ(loss.energy.item<double>(), (1.0 + 4.0) / 2);
    EXPECT_DOUBLE_EQ(loss.forces.item<double>(), (9.0 + 16.0 + 0.25) / 6);
    EXPECT_DOUBLE_EQ(loss.total.item<double>(), 0.2 * 2.5 + 0.8 * 25.25 / 6);
}

TEST(EnergyForcesLoss, L2_IsTheMeanLengthOfAtomErrors) {
    const Labels labels;
    EnergyForcesOptions options;
    options.loss = "l2";
    const auto loss = energyForcesLoss(labels.predicted, labels.energy, labels.forces, options);
    EXPECT_NEAR(loss.forces.item<double>(), (5.0 + 0.5) / 2, 1e-9);
    EXPECT_DOUBLE_EQ(loss.energy.item<double>(), (1.0 + 2.0) / 2);
}

TEST(EnergyForcesLoss, SmoothL1_IsSquareBelowOneAndLinearAbove) {
    const Labels labels;
    EnergyForcesOptions options;
    options.loss = "smooth-l1";
    const auto loss = energyForcesLoss(labels.predicted, labels.energy, labels.forces, options);
    EXPECT_DOUBLE_EQ(loss.forces.item<double>(), (2.5 + 3.5 + 0.5 * 0.25) / 6);
}

TEST(EnergyForcesLoss, EnergyGradient_IsScaledButNotTheValue) {
    const Labels labels;
    EnergyForcesOptions options;
    options.energyGradientScale = 0.05;
    energyForcesLoss(labels.predicted, labels.energy, labels.forces, options).total.backward();
    const double whole = 2.0 * (1.0 - 0.0) / 2;
    EXPECT_NEAR(labels.predicted.energy.grad()[0].item<double>(), 0.2 * 0.05 * whole, 1e-15);
}

TEST(Denoising, Loss_LeavesTheGraphClean) {
    ModelConfig config = smallConfig();
    config.noiseHead = true;
    torch::jit::Module network = makeNetwork(config, 1);
    const std::vector<Frame> frames = springWaters(2);
    const std::vector<Sample> samples = makeSamples(pointers(frames), config.cutoff, {});
    const Batch batch = makeBatch(samples, std::vector<int64_t>{0, 1}, at::kFloat);
    const at::Tensor before = batch.graph.positions.clone();
    Random random(1);
    const at::Tensor loss = denoisingLoss(network, batch.graph, 0.05, random);
    EXPECT_TRUE(at::equal(before, batch.graph.positions));
    EXPECT_TRUE(std::isfinite(loss.item<double>()));
    EXPECT_TRUE(loss.requires_grad());
}

/// A network whose prediction of the noise is an expression of the positions.
torch::jit::Module predictorOf(const std::string& expression) {
    torch::jit::Module made("predictor");
    made.define("def noise(self, numbers: Tensor, positions: Tensor, pairs: Tensor, "
                "shifts: Tensor) -> Tensor:\n    return " + expression + "\n");
    return made;
}

TEST(Denoising, Loss_IsTheMeanSquareOfWhatIsLeftOfTheNoise) {
    const std::vector<Frame> frames = springWaters(2);
    const std::vector<Sample> samples = makeSamples(pointers(frames), 5.0, {});
    const Graph graph = makeBatch(samples, std::vector<int64_t>{0, 1}, at::kDouble).graph;
    Random own(3);
    at::Tensor noise = at::empty({2, 3, 3}, at::kDouble);  // two waters
    for (int64_t n = 0; n < noise.numel(); n++)
        noise.data_ptr<double>()[n] = own.normal();
    noise = (noise - noise.mean(1, true)).reshape({6, 3});
    constexpr double sigma = 0.05;
    for (const auto& [expression, predicted] :
         {std::pair<std::string, at::Tensor>("torch.zeros_like(positions)", at::zeros({6, 3})),
          {"positions", graph.positions + sigma * noise}}) {
        torch::jit::Module network = predictorOf(expression);
        Random random(3);
        EXPECT_NEAR(denoisingLoss(network, graph, sigma, random).item<double>(),
                    (predicted - noise).square().mean().item<double>(), 1e-12) << expression;
    }
}

TEST(Standardization, SingleMolecule_HasMeanAndDeviation) {
    std::vector<Frame> frames = springWaters(3);
    frames[0].energy = -10.0;
    frames[1].energy = -12.0;
    frames[2].energy = -14.0;
    const Standardization found = standardize(pointers(frames), true, {});
    EXPECT_DOUBLE_EQ(found.offset.perMolecule, -12.0);
    EXPECT_TRUE(found.offset.perElement.empty());
    EXPECT_DOUBLE_EQ(found.scale, std::sqrt(8.0 / 3.0));
}

TEST(Standardization, SeveralMolecules_HaveElementEnergies) {
    std::vector<Frame> frames(3);
    frames[0].numbers = {1, 1};
    frames[1].numbers = {8, 1, 1};
    frames[2].numbers = {8, 8};
    for (Frame& frame : frames)
        for (const int z : frame.numbers)
            frame.energy += z == 1 ? -0.5 : -75.0;
    const Standardization found = standardize(pointers(frames), false, {});
    EXPECT_NEAR(found.offset.perElement.at(1), -0.5, 1e-9);
    EXPECT_NEAR(found.offset.perElement.at(8), -75.0, 1e-9);
    EXPECT_EQ(found.offset.perMolecule, 0.0);
}

}  // namespace
}  // namespace molspectra
