// The SpecFormer against its equations written plainly, and what it must not see.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "model/Network.h"
#include "model/SpecFormer.h"
#include "model/SpectraFile.h"
#include "trainer/training/PretrainBatch.h"
#include "training/Molecules.h"
#include "training/Spectra.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace molspectra {
namespace {

using torch::jit::Module;

constexpr double doubleRounding = 1e-11;

PretrainBatchOptions batchOptions(const SpectraConfig& config) {
    PretrainBatchOptions options;
    options.spectra = true;
    options.config = config;
    options.widths = {1.0, 150.0};
    options.maskRatio.fill(0.3);
    options.spectraType = at::kDouble;
    return options;
}

at::Tensor weight(const Module& module, const std::string& name) {
    return module.attr(name).toTensor();
}

at::Tensor linear(const at::Tensor& x, const Module& module, const std::string& name) {
    return at::matmul(x, weight(module, name + "_weight").t()) + weight(module, name + "_bias");
}

/// (x - mean) / deviation over the given axes, times weight plus bias.
at::Tensor normalized(const at::Tensor& x, at::IntArrayRef axes, const Module& module,
                      const std::string& name) {
    const at::Tensor mean = x.mean(axes, true);
    const at::Tensor variance = (x - mean).square().mean(axes, true);
    return (x - mean) / (variance + 1e-5).sqrt() * weight(module, name + "_weight") +
           weight(module, name + "_bias");
}

/// Equations (18)-(22) with all scores written out and summed from layer to layer.
SpectraOutput plain(const Module& specFormer, const SpectraConfig& config,
                    const SpectraInput& input) {
    std::vector<at::Tensor> tokens;
    for (size_t kind = 0; kind < config.spectra.size(); kind++) {
        const Module module = specFormer.attr("kind" + std::to_string(kind)).toModule();
        at::Tensor patches = patchesOf(input.curves[kind], config.spectra[kind]);
        const at::Tensor masked = input.masked[kind].unsqueeze(2);
        if (!config.maskToken)
            patches = at::where(masked, at::zeros_like(patches), patches);
        at::Tensor made = linear(patches, module, "patch");
        if (config.maskToken)
            made = at::where(masked, weight(module, "mask_token"), made);
        if (config.kindToken)
            made = made + weight(module, "kind_token");
        tokens.push_back(made + weight(module, "position"));
    }
    at::Tensor x = at::cat(tokens, 1), scores;
    const int64_t B = x.size(0), T = x.size(1), C = config.channels, H = config.heads, D = C / H;
    const std::vector<int64_t> axes =
        config.batchNorm ? std::vector<int64_t>{0, 1} : std::vector<int64_t>{2};
    for (int64_t n = 0; n < config.layers; n++) {
        const Module layer = specFormer.attr("layer" + std::to_string(n)).toModule();
        const at::Tensor qkv = linear(x, layer, "attend").view({B, T, 3, H, D}).permute(
            {2, 0, 3, 1, 4});
        const at::Tensor own =
            at::matmul(qkv[0], qkv[1].transpose(2, 3)) / std::sqrt(static_cast<double>(D));
        scores = scores.defined() ? scores + own : own;
        const at::Tensor y = at::matmul(scores.softmax(3), qkv[2]).transpose(1, 2).reshape(
            {B, T, C});
        x = normalized(x + linear(y, layer, "output"), axes, layer, "norm1");
        x = normalized(x + linear(at::gelu(linear(x, layer, "hidden")), layer, "return"), axes,
                       layer, "norm2");
    }
    SpectraOutput output;
    output.features =
        normalized(linear(x.reshape({B, T * C}), specFormer, "head"), {1}, specFormer, "norm");
    int64_t start = 0;
    for (size_t kind = 0; kind < config.spectra.size(); kind++) {
        const int64_t count = config.spectra[kind].patches();
        output.patches.push_back(
            linear(x.narrow(1, start, count),
                   specFormer.attr("kind" + std::to_string(kind)).toModule(), "reconstruct"));
        start += count;
    }
    return output;
}

class SpecFormerForms : public testing::TestWithParam<bool> {
protected:
    SpectraConfig config() const {
        SpectraConfig made = smallSpectra();
        if (GetParam()) {
            const SpectraConfig published = SpectraConfig::published();
            made.maskToken = published.maskToken;
            made.hideOverlap = published.hideOverlap;
            made.kindToken = published.kindToken;
            made.optional = published.optional;
            made.batchNorm = published.batchNorm;
        }
        return made;
    }
};

TEST_P(SpecFormerForms, Forward_IsItsEquations) {
    Module specFormer = makeSpecFormer(config(), 3, at::kDouble);
    const PretrainBatch batch =
        makePretrainBatch(draws({1, 2, 3, 4, 5}), batchOptions(config()));
    const SpectraOutput found = evaluate(specFormer, batch.spectra, true);
    const SpectraOutput expected = plain(specFormer, config(), batch.spectra);
    EXPECT_TRUE(at::allclose(found.features, expected.features, doubleRounding, doubleRounding));
    for (size_t kind = 0; kind < expected.patches.size(); kind++)
        EXPECT_TRUE(at::allclose(found.patches[kind], expected.patches[kind], doubleRounding,
                                 doubleRounding));
}

TEST_P(SpecFormerForms, File_GivesTheSameOutput) {
    Module specFormer = makeSpecFormer(config(), 3);
    PretrainBatchOptions options = batchOptions(config());
    options.spectraType = at::kFloat;
    const PretrainBatch batch = makePretrainBatch(draws({1, 2, 3}), options);
    evaluate(specFormer, batch.spectra, true);  // moves the statistics of batch norms
    const test::TemporaryFolder folder;
    const std::string path = folder / "specformer.pt";
    SpectraDescription description;
    description.config = config();
    description.uvWidth = 0.3;
    saveSpecFormer(path, specFormer, description);
    LoadedSpecFormer loaded = loadSpecFormer(path);
    EXPECT_EQ(loaded.description.config, config());
    EXPECT_EQ(loaded.description.uvWidth, 0.3);
    EXPECT_TRUE(at::equal(evaluate(loaded.specFormer, batch.spectra, false).features,
                          evaluate(specFormer, batch.spectra, false).features));
}

INSTANTIATE_TEST_SUITE_P(Forms, SpecFormerForms, testing::Values(false, true),
                         [](const auto& form) { return form.param ? "Published" : "Own"; });

TEST(SpecFormer, PublishedForm_HasThePublishedWeights) {
    // 6,158,715 with the three frozen scales of attention, which are numbers here; the inverse
    // temperature is our own.
    EXPECT_EQ(weightCount(makeSpecFormer(SpectraConfig::published(), 0)), 6158715 - 3 + 1);
}

TEST(SpecFormer, MaskedPoints_AreNotSeen) {
    const SpectraConfig config = smallSpectra();
    Module specFormer = makeSpecFormer(config, 3, at::kDouble);
    PretrainBatch batch = makePretrainBatch(draws({1, 2}), batchOptions(config));
    // What a hidden curve says at masked points is nothing, also for the patches that overlap.
    for (size_t kind = 0; kind < config.spectra.size(); kind++) {
        const SpectrumConfig& each = config.spectra[kind];
        int64_t masked = 0;
        for (int64_t row = 0; row < 2; row++)
            for (int64_t patch = 0; patch < each.patches(); patch++)
                if (batch.spectra.masked[kind][row][patch].item<bool>()) {
                    const at::Tensor seen =
                        batch.spectra.curves[kind][row].narrow(0, patch * each.stride, each.patch);
                    EXPECT_EQ(seen.abs().sum().item<double>(), 0.0);
                    masked++;
                }
        EXPECT_EQ(masked, static_cast<int64_t>(batch.masked[kind]));
        EXPECT_GT(masked, 0);
    }
}

TEST(SpecFormer, AbsentSpectrum_ChangesNothing) {
    const SpectraConfig config = smallSpectra();
    Module specFormer = makeSpecFormer(config, 3, at::kDouble);
    PretrainBatch batch = makePretrainBatch(draws({1, 2}), batchOptions(config));
    batch.spectra.present = at::tensor({1, 0, 1, 1}, at::kLong).view({2, 2}).to(at::kBool);
    const at::Tensor before = evaluate(specFormer, batch.spectra, false).features;
    batch.spectra.curves[1][0].fill_(5.0);
    const at::Tensor after = evaluate(specFormer, batch.spectra, false).features;
    EXPECT_TRUE(at::allclose(before, after, doubleRounding, doubleRounding));
    batch.spectra.curves[1][1].fill_(5.0);
    EXPECT_FALSE(at::allclose(before[1], evaluate(specFormer, batch.spectra, false).features[1]));
}

TEST(SpecFormer, LeftOutSpectra_LeaveOneAndBelongToTheMolecule) {
    PretrainBatchOptions options = batchOptions(smallSpectra());
    options.spectraDropout = 0.4;
    std::vector<Draw> many;
    for (int64_t number = 0; number < 400; number++)
        many.push_back(draws({number}).front());
    const PretrainBatch batch = makePretrainBatch(many, options);
    const at::Tensor there = batch.spectra.present.to(at::kDouble);
    EXPECT_EQ(there.sum(1).min().item<double>(), 1.0);
    EXPECT_EQ(batch.aligned.size(), many.size());
    // Half of the chance, for the one that stays is either of the two: 400 draws, 4 deviations.
    for (int64_t kind = 0; kind < 2; kind++) {
        EXPECT_NEAR(there.select(1, kind).mean().item<double>(), 0.8, 0.08);
        const at::Tensor masked = batch.spectra.masked[static_cast<size_t>(kind)].any(1);
        EXPECT_TRUE(at::equal(masked, batch.spectra.present.select(1, kind)))
            << "only what is there can be reconstructed";
    }
    const PretrainBatch alone =
        makePretrainBatch(std::span(many).subspan(100, 50), options);
    EXPECT_TRUE(at::equal(batch.spectra.present.narrow(0, 100, 50), alone.spectra.present));
    options.spectraDropout = 1.0;
    EXPECT_EQ(makePretrainBatch(many, options).spectra.present.sum().item<int64_t>(), 400);
}

TEST(SpecFormer, AbsentSpectra_AreNoneOfThoseThatStay) {
    PretrainBatchOptions options = batchOptions(smallSpectra());
    options.spectraDropout = 1.0;
    Molecule lacking = molecule(1), bare = molecule(2);
    lacking.spectra[0].reset();
    bare.spectra[0].reset();
    bare.spectra[1].reset();
    const std::vector<Draw> some{{std::make_shared<Molecule>(lacking), 1},
                                 {std::make_shared<Molecule>(bare), 2}};
    const PretrainBatch batch = makePretrainBatch(some, options);
    const at::Tensor expected = at::tensor({0, 1, 0, 0}, at::kLong).view({2, 2}).to(at::kBool);
    EXPECT_TRUE(at::equal(batch.spectra.present, expected));
    EXPECT_EQ(batch.aligned, std::vector<int64_t>{0});
}

TEST(SpecFormer, TooFewOrTooMany_AreNamed) {
    SpectraConfig config = smallSpectra();
    config.spectra[0].patch = 50;
    try {
        makeSpecFormer(config, 0);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("uv points is 21"));
    }
}

}  // namespace
}  // namespace molspectra
