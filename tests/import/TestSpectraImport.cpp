// An imported SpecFormer gives the features and patches that its equations give in eager PyTorch.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "core/Text.h"
#include "core/Zip.h"
#include "model/Graph.h"
#include "model/ModelFile.h"
#include "model/SpecFormer.h"
#include "model/SpectraFile.h"
#include "model/import/ForeignCheckpoint.h"
#include "model/import/Import.h"
#include "trainer/data/Npz.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <map>

namespace molspectra {
namespace {

using nlohmann::json;
using test::errorOf;
using testing::HasSubstr;

/// Largest difference over the largest value, in single and double precision.
constexpr double single = 1e-5, doubled = 1e-10;
constexpr int64_t molecules = 2;

std::string file(const std::string& name) {
    return std::string(IMPORT_DIR) + "/" + name;
}

ImportOptions optionsWith(const json& hyperParameters = nullptr) {
    return {"kcal/mol", {1, 6, 7, 8}, hyperParameters, true};
}

ImportedModel imported() {
    return importCheckpoint(file("molspectra.ckpt"), optionsWith());
}

/// The checkpoint's own hyper-parameters with changes.
json changed(const json& changes) {
    json own = imported().model.description.provenance.at("importedFrom").at("hyperParameters");
    own.update(changes);
    return own;
}

std::string refusal(const json& changes) {
    const ImportOptions options = optionsWith(changed(changes));
    return errorOf([&] { importCheckpoint(file("molspectra.ckpt"), options); });
}

/// What is said of the checkpoint after `change`, which gets its members by name.
std::string refusalOf(const std::function<void(std::map<std::string, std::string>&)>& change) {
    const ZipArchive archive(file("molspectra.ckpt"));
    std::map<std::string, std::string> members;
    for (const ZipMember& member : archive.members())
        members[member.name] = archive.read(member.name);
    change(members);
    const test::TemporaryFolder folder;
    const std::string path = folder.write("changed.ckpt", storedZip(members));
    return errorOf([&] { importCheckpoint(path, optionsWith()); });
}

/// The curves and masks of specformer.py, by the same formulas.
SpectraInput input(const SpectraConfig& config, at::ScalarType type) {
    SpectraInput made;
    const at::Tensor rows = at::arange(molecules, at::kDouble).unsqueeze(1);
    const at::Tensor wholeRows = at::arange(molecules, at::kLong).unsqueeze(1);
    for (size_t n = 0; n < config.spectra.size(); n++) {
        const SpectrumConfig& each = config.spectra[n];
        const auto kind = static_cast<int64_t>(n);
        const at::Tensor points = at::arange(each.points, at::kDouble);
        const at::Tensor intensities =
            20 * at::sin(0.01 * (1 + kind + rows) * points + rows).square();
        made.curves.push_back(at::log10(intensities + 1).to(type));
        const at::Tensor places = at::arange(each.patches(), at::kLong) + wholeRows + kind;
        made.masked.push_back(at::remainder(places, 4) == 0);
    }
    return made;
}

/// Compares with an array of expected.npz.
void compare(const std::string& key, const at::Tensor& found, double tolerance) {
    const NpyArray golden = NpzFile(file("expected.npz")).read("specformer_" + key);
    const at::Tensor theirs = at::tensor(golden.values, at::kDouble);
    const at::Tensor ours = found.detach().to(at::kDouble).flatten();
    ASSERT_EQ(ours.numel(), theirs.numel()) << key;
    const double difference = (ours - theirs).abs().max().item<double>();
    EXPECT_LE(difference, tolerance * theirs.abs().max().item<double>()) << key;
}

void compareAll(torch::jit::Module& specFormer, const SpectraConfig& config, double tolerance) {
    const at::ScalarType type = (*specFormer.parameters().begin()).scalar_type();
    const SpectraOutput found = evaluate(specFormer, input(config, type), false);
    compare("features", found.features, tolerance);
    for (size_t kind = 0; kind < found.patches.size(); kind++)
        compare(cat("patches", kind), found.patches[kind], tolerance);
}

}  // namespace

TEST(SpectraImport, FeaturesAndPatches_AreThoseOfTheEquations) {
    ImportedModel result = imported();
    ASSERT_TRUE(result.spectra);
    const SpectraConfig& config = result.spectra->description.config;
    compareAll(result.spectra->specFormer, config, single);
    result.spectra->specFormer.to(at::kDouble);
    compareAll(result.spectra->specFormer, config, doubled);
}

TEST(SpectraImport, Config_IsThePublishedFormWithTheCheckpointsSizes) {
    SpectraConfig expected = SpectraConfig::published();
    expected.channels = expected.outputs = 8;
    expected.heads = 4;
    expected.hidden = 12;
    expected.layers = 2;
    const int64_t patches[] = {40, 20, 25}, strides[] = {30, 400, 350};
    for (size_t n = 0; n < expected.spectra.size(); n++) {
        expected.spectra[n].patch = patches[n];
        expected.spectra[n].stride = strides[n];
    }
    const ImportedModel result = imported();
    EXPECT_EQ(result.spectra->description.config, expected);
    EXPECT_NEAR(result.spectra->specFormer.attr("log_scale").toTensor().item<double>(),
                -std::log(0.07), 1e-6);
}

TEST(SpectraImport, Files_BelongTogether) {
    const ImportedModel result = imported();
    const test::TemporaryFolder folder;
    saveImported(result, folder / "model.pt", folder / "spectra.pt");
    LoadedSpecFormer loaded = loadSpecFormer(folder / "spectra.pt");
    EXPECT_EQ(loaded.description.networkSha256, sha256(readFile(folder / "model.pt")));
    EXPECT_EQ(loaded.description.provenance.at("importedFrom").at("file"), "molspectra.ckpt");
    compareAll(loaded.specFormer, loaded.description.config, single);
    EXPECT_FALSE(loadModel(folder / "model.pt").description.energiesTrained);
}

TEST(SpectraImport, OnlyFactorsAndCounters_AreLeftOut) {
    const ImportedModel result = imported();
    for (const std::string& warning : result.warnings)
        EXPECT_THAT(warning, testing::Not(HasSubstr("representation_spec_model")));
    const auto left = result.model.description.provenance.at("importedFrom").at("leftOut");
    for (const std::string& name : left.get<std::vector<std::string>>())
        EXPECT_TRUE(!name.starts_with("model.representation_spec_model.") ||
                    name.ends_with(".num_batches_tracked") || name.ends_with(".sdp_attn.scale"))
            << name;
}

TEST(SpectraImport, ShapesThatDoNotFit_AreAllNamed) {
    const std::string error =
        refusal({{"patch_len", {40, 20, 24}}, {"stride", {31, 400, 350}}});
    for (const char* part :
         {"backbone.W_P.2.weight is [8,25], expected [8,24]",
          "reconstruct_heads.2.bias is [25], expected [24]",
          "backbone.W_pos_uv is [23,8], expected [22,8]",
          "head.linear.weight is [8,336], expected [8,328]"})
        EXPECT_THAT(error, HasSubstr(part));
}

TEST(SpectraImport, UnknownTensor_IsNamedBesideTheMissingOne) {
    const std::string layer = "representation_spec_model.backbone.encoder.layers.1.";
    const std::string right = layer + "norm_ffn.1.running_var";
    const std::string wrong = layer + "norm_fnn.1.running_var";
    const std::string error = refusalOf([&](auto& members) {
        for (auto& [name, content] : members)
            if (const size_t at = content.find(right); at != std::string::npos)
                content.replace(at, right.size(), wrong);
    });
    EXPECT_THAT(error, AllOf(HasSubstr(right + " [8] is missing"),
                             HasSubstr("model." + wrong + " [8] is unknown")));
}

TEST(SpectraImport, FactorThatFitsNoNumberOfHeads_IsRefused) {
    const ForeignCheckpoint checkpoint(file("molspectra.ckpt"));
    for (const int layer : {0, 1}) {
        const std::string name = cat("representation_spec_model.backbone.encoder.layers.", layer,
                                     ".self_attn.sdp_attn.scale");
        const std::string storage = checkpoint.tensors().at(name).stored.storage;
        for (const float factor : {0.72F, 0.0F, -1.0F, 2.0F}) {
            const std::string error = refusalOf([&](auto& members) {
                std::memcpy(members.at(storage).data(), &factor, sizeof(factor));
            });
            EXPECT_THAT(error, HasSubstr(cat(name, " is ", factor)));
        }
    }
}

TEST(SpectraImport, WhatOurSpecFormerCannotBe_IsRefusedByName) {
    const std::vector<std::pair<json, const char*>> wrong{
        {{{"input_data_norm_type", "minmax"}},
         "input_data_norm_type is \"minmax\", expected log10"},
        {{{"input_data_norm_type", "log"}}, "input_data_norm_type is \"log\", expected log10"},
        {{{"input_data_norm_type", nullptr}}, "input_data_norm_type is null, expected log10"},
        {{{"spectra_model", "CNN-AM"}}, "spectra_model is \"CNN-AM\", expected SpecFormer"},
        {{{"patch_len", {20, 50}}}, "patch_len is [20,50], expected three positive integers"},
        {{{"stride", {10, 0, 25}}}, "stride is [10,0,25], expected three positive integers"},
        {{{"patch_len", {702, 50, 50}}}, "expected at most 701 points for uv"},
    };
    for (const auto& [changes, words] : wrong)
        EXPECT_THAT(refusal(changes), HasSubstr(words));
}

TEST(SpectraImport, CheckpointWithoutSpecFormer_IsRefused) {
    EXPECT_THAT(errorOf([] { importCheckpoint(file("coord.ckpt"), optionsWith()); }),
                AllOf(HasSubstr("no tensors representation_spec_model.*"),
                      HasSubstr("--spectra-output")));
}

}  // namespace molspectra
