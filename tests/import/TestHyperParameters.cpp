// Hyper-parameters: what our network cannot be is refused by name and value.
// SPDX-License-Identifier: MIT
#include "model/import/HyperParameters.h"
#include "model/import/WeightTable.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

namespace molspectra {
namespace {

using nlohmann::json;
using test::errorOf;
using testing::HasSubstr;

const json plain = {{"model", "equivariant-transformer"}, {"embedding_dimension", 128},
                    {"num_layers", 6}, {"num_heads", 8}, {"num_rbf", 32}, {"rbf_type", "expnorm"},
                    {"cutoff_upper", 5}, {"max_z", 100}, {"neighbor_embedding", true}};

ModelConfig configOf(const json& changes, const std::set<std::string>& tensors = {}) {
    json parameters = plain;
    if (!changes.is_null())
        parameters.update(changes);
    return configFromHyperParameters(parameters, tensors, "x.ckpt");
}

}  // namespace

TEST(HyperParameters, WhatOldFilesLeaveOut_HasTheOldMeaning) {
    ModelConfig expected;
    expected.vectorCutoff = false;
    EXPECT_EQ(configOf({}), expected);
    expected.layerNorms = true;
    expected.vectorNorm = "whitened-anisotropic";
    EXPECT_EQ(configOf({{"layernorm_on_vec", "whitened"}},
                       {"representation_model.vec_norms.0.weight"}), expected);
}

TEST(HyperParameters, WhatOurNetworkCannotBe_IsRefusedByName) {
    const std::vector<std::pair<json, const char*>> wrong{
        {{{"model", "tensornet"}}, "model is \"tensornet\", expected equivariant-transformer"},
        {{{"output_model", "DipoleMoment"}}, "output_model is \"DipoleMoment\""},
        {{{"activation", "tanh"}}, "activation is \"tanh\", expected silu"},
        {{{"attn_activation", "ssp"}}, "attn_activation is \"ssp\""},
        {{{"reduce_op", "mean"}}, "reduce_op is \"mean\""},
        {{{"atom_filter", 1}}, "atom_filter is 1"},
        {{{"rbf_type", "bessel"}}, "rbf_type is \"bessel\""},
        {{{"num_heads", "8"}}, "num_heads is \"8\", expected a positive integer"},
        {{{"num_heads", 7}}, "channels is 128"},
        {{{"cutoff_upper", nullptr}}, "cutoff_upper is null, expected a number"},
        {{{"layernorm_on_vec", "layer"}}, "layernorm_on_vec is \"layer\""},
        {{{"cutoff_lower", 1.0}}, "cutoff_lower is 1.0"},
    };
    for (const auto& [changes, words] : wrong)
        EXPECT_THAT(errorOf([&] { configOf(changes); }), HasSubstr(words));
}

TEST(HyperParameters, LossesThatAreOff_TrainNoEnergies) {
    EXPECT_TRUE(trainsEnergies(plain));
    EXPECT_TRUE(trainsEnergies({{"energy_weight", 0.0}, {"force_weight", 1.0}}));
    EXPECT_TRUE(trainsEnergies({{"denoising_only", false}, {"energy_weight", 1.0}}));
    EXPECT_FALSE(trainsEnergies({{"denoising_only", true}, {"energy_weight", 1.0}}));
    EXPECT_FALSE(trainsEnergies({{"energy_weight", 0.0}, {"force_weight", 0}}));
    EXPECT_FALSE(trainsEnergies({{"y_weight", 0.0}, {"neg_dy_weight", 0.0}}));
}

TEST(HyperParameters, SpectraOfTheFirstVersion_AreThePublished) {
    const json parameters{{"uv_model", "SpecFormer"}, {"input_data_norm_type", "log10"}};
    EXPECT_EQ(spectraFromHyperParameters(parameters, "x.ckpt"), SpectraConfig::published());
    EXPECT_THAT(errorOf([] { spectraFromHyperParameters({{"uv_model", "CNN-AM"}}, "x.ckpt"); }),
                HasSubstr("uv_model is \"CNN-AM\""));
}

TEST(HyperParameters, Prior_IsTakenInEverySpelling) {
    const auto adds = [](const json& prior, const json& arguments = {}) {
        return addsAtomEnergies({{"prior_model", prior}, {"prior_args", arguments}}, "x.ckpt");
    };
    EXPECT_FALSE(adds(nullptr));
    EXPECT_FALSE(adds(json::array()));
    EXPECT_TRUE(adds("Atomref"));
    EXPECT_TRUE(adds(json::array({"LearnableAtomref"})));
    EXPECT_TRUE(adds(json::array({{{"Atomref", {{"max_z", 100}}}}})));
    EXPECT_TRUE(adds("Atomref", json::array({{{"max_z", 100}, {"enable", true}}})));
    EXPECT_FALSE(adds("Atomref", json::array({{{"max_z", 100}, {"enable", false}}})));
    EXPECT_FALSE(adds({{"Atomref", {{"enable", false}}}}));
    EXPECT_THAT(errorOf([&] { adds("ZBL"); }), HasSubstr("prior_model is \"ZBL\""));
    EXPECT_THAT(errorOf([&] { adds(json::array({"Atomref", "D2"})); }), HasSubstr("D2"));
}

TEST(HyperParameters, Yaml_IsReadAsFarAsItIsFlat) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write(
        "hparams.yaml", "# written by hand\nmodel: equivariant-transformer\nlr: 1.0e-04\n"
                          "num_rbf: 32   # many\nneighbor_embedding: True\nsplits: null\n"
                          "conf:\nname: 'a: b'\nprior_args:\n- max_z: 100\nbox: [1, 2]\n"
                          "stride:\n- 10\n- 25\n");
    EXPECT_EQ(readHyperParameters(path),
              json({{"model", "equivariant-transformer"}, {"lr", 1e-4}, {"num_rbf", 32},
                    {"neighbor_embedding", true}, {"splits", nullptr}, {"conf", nullptr},
                    {"name", "a: b"}, {"prior_args", "<nested>"}, {"box", {1, 2}},
                    {"stride", {10, 25}}}));
    folder.write("hparams.yaml", "model equivariant-transformer\n");
    EXPECT_THAT(errorOf([&] { readHyperParameters(path); }), HasSubstr("line 1"));
}

TEST(HyperParameters, NamesOfAllVersions_AreOne) {
    EXPECT_EQ(canonicalName("model.output_model.output_network.0.update_net.layers.2.bias"),
              "output_model.output_network.0.update_net.2.bias");
    EXPECT_EQ(canonicalName("model.prior_model.0.atomref.weight"), "prior_model.atomref.weight");
    EXPECT_EQ(canonicalName("model.output_model_noise.0.output_network.1.vec2_proj.weight"),
              "output_model_noise.output_network.1.vec2_proj.weight");
    EXPECT_EQ(canonicalName("mean"), "mean");
}

}  // namespace molspectra
