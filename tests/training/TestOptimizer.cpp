// A step of the optimizer by its formula.
// SPDX-License-Identifier: MIT
#include "trainer/training/Optimizer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace molspectra {
namespace {

constexpr double rate = 0.1, start = 2.0;

class OptimizerTest : public testing::Test {
protected:
    /// Two weights, each a tensor of its own, after one step.
    std::vector<double> step(double first, double second,
                             const std::vector<double>& rates = {1, 1}) {
        const std::vector<at::Tensor> weights{at::full({1}, start, at::kDouble),
                                              at::full({1}, start, at::kDouble)};
        Optimizer optimizer(weights, rates, options);
        gradients = {at::full({1}, first, at::kDouble), at::full({1}, second, at::kDouble)};
        norm = optimizer.step(gradients, rate).item<double>();
        average = optimizer.average()[0].item<double>();
        return {weights[0].item<double>(), weights[1].item<double>()};
    }

    OptimizerTest() {
        options.averageDecay = 0.0;
        options.gradientClip = 0.0;
    }

    TrainingOptions options;
    std::vector<at::Tensor> gradients;
    double norm = 0.0, average = 0.0;
};

constexpr double near = 1e-7;  // a first step is as long as the rate, but for epsilon

TEST_F(OptimizerTest, FirstStep_GoesDownByTheRate) {
    EXPECT_THAT(step(0.5, -4), testing::ElementsAre(testing::DoubleNear(start - rate, near),
                                                    testing::DoubleNear(start + rate, near)));
    EXPECT_DOUBLE_EQ(norm, std::sqrt(16.25));
}

TEST_F(OptimizerTest, WeightDecay_IsDecoupledFromTheGradient) {
    options.weightDecay = 0.3;
    EXPECT_NEAR(step(0.5, -4)[0], start * (1 - rate * 0.3) - rate, near);
}

TEST_F(OptimizerTest, Rates_ArePartsOfTheLearningRate) {
    EXPECT_THAT(step(1, 1, {0.3, 1}), testing::ElementsAre(
        testing::DoubleNear(start - 0.3 * rate, near), testing::DoubleNear(start - rate, near)));
}

TEST_F(OptimizerTest, LongGradients_AreClippedTogether) {
    options.gradientClip = 1;
    step(3, -4);
    EXPECT_DOUBLE_EQ(norm, 5);
    EXPECT_DOUBLE_EQ(gradients[0].item<double>(), 0.6);
    EXPECT_DOUBLE_EQ(gradients[1].item<double>(), -0.8);
    options.gradientClip = 5.1;
    step(3, -4);
    EXPECT_DOUBLE_EQ(gradients[0].item<double>(), 3);
}

TEST_F(OptimizerTest, YoungAverages_FollowTheWeights) {
    options.averageDecay = 0.999;
    const double weight = step(1, 1)[0], decay = 2.0 / 11;
    EXPECT_DOUBLE_EQ(average, decay * start + (1 - decay) * weight);
}

}  // namespace
}  // namespace molspectra
