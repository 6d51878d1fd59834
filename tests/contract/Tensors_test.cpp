// The weights that native kernels get are those of the network, each and none more.
// SPDX-License-Identifier: MIT
#include "contract/Models.h"
#include "core/Tensors.h"
#include "plugin/include/internal/TorchModel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace contract {

using MolSpectraPlugin::TorchModel;
using molspectra::ModelConfig;
using molspectra::Tensors;

namespace {

struct Variation {
    std::string name;
    void (*change)(ModelConfig& config);
};

const std::vector<Variation> variations = {
    {"Default", [](ModelConfig&) {}},
    {"Gauss", [](ModelConfig& config) { config.radialType = "gauss"; }},
    {"Trainable", [](ModelConfig& config) { config.trainableRadial = true; }},
    {"Keys", [](ModelConfig& config) { config.distanceInfluence = "keys"; }},
    {"Values", [](ModelConfig& config) { config.distanceInfluence = "values"; }},
    {"NoInfluence", [](ModelConfig& config) { config.distanceInfluence = "none"; }},
    {"NoNeighbors", [](ModelConfig& config) { config.neighborEmbedding = false; }},
    {"LayerNorms", [](ModelConfig& config) { config.layerNorms = true; }},
    {"Whitened", [](ModelConfig& config) { config.vectorNorm = "whitened"; }},
    {"Anisotropic", [](ModelConfig& config) { config.vectorNorm = "whitened-anisotropic"; }},
    {"NoiseHead", [](ModelConfig& config) { config.noiseHead = true; }}};

ModelConfig smallest() {
    ModelConfig config;
    config.channels = 8;
    config.heads = 2;
    config.layers = 2;
    config.radialFunctions = 4;
    config.elements = 16;
    return config;
}

Tensors tensorsOf(const ModelConfig& config) {
    return TorchModel(networkOf(config), "a network", {}).tensors();
}

}  // namespace

class TensorTable : public testing::TestWithParam<Variation> {};

INSTANTIATE_TEST_SUITE_P(All, TensorTable, testing::ValuesIn(variations),
                         [](const auto& info) { return info.param.name; });

TEST_P(TensorTable, ModelFile_HasTheTensorsOfItsConfiguration) {
    ModelConfig config = smallest();
    GetParam().change(config);
    molspectra::TensorShapes found;
    for (const auto& [name, tensor] : tensorsOf(config)) {
        found[name] = tensor.shape;
        size_t count = 1;
        for (const int64_t size : tensor.shape)
            count *= static_cast<size_t>(size);
        EXPECT_EQ(tensor.values.size(), count) << name;
    }
    EXPECT_EQ(found, molspectra::tensorShapes(config));
}

TEST(TensorDifference, FirstDifference_IsNamed) {
    const ModelConfig config = smallest();
    const Tensors complete = tensorsOf(config);
    EXPECT_EQ(molspectra::differenceFrom(config, complete), "");
    Tensors tensors = complete;
    tensors.erase("layer1.vector_weight");
    EXPECT_EQ(molspectra::differenceFrom(config, tensors),
              "it has no tensor layer1.vector_weight");
    tensors = complete;
    tensors["norm_bias"].shape = {4, 2};
    EXPECT_EQ(molspectra::differenceFrom(config, tensors),
              "its tensor norm_bias is [4,2], expected [8]");
    tensors = complete;
    tensors["layer2.norm_bias"] = complete.at("layer1.norm_bias");
    EXPECT_THAT(molspectra::differenceFrom(config, tensors),
                testing::HasSubstr("a tensor layer2.norm_bias, which the network does not know"));
}

}  // namespace contract
