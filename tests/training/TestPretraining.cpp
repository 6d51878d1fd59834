// Pre-training: the stream of molecules, the batches, the objectives and the loop.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "core/Text.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "model/SpecFormer.h"
#include "trainer/objectives/Contrast.h"
#include "trainer/objectives/MaskedPatches.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/PretrainTask.h"
#include "trainer/training/Trainer.h"
#include "training/InFolder.h"
#include "training/Molecules.h"
#include "training/Spectra.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <set>

namespace molspectra {
namespace {

class StreamTest : public InFolder {};

std::set<int64_t> indices(const std::vector<Draw>& some) {
    std::set<int64_t> found;
    for (const Draw& draw : some)
        found.insert(draw.molecule->index);
    return found;
}

TEST_F(StreamTest, EachEpoch_HasEveryMoleculeOnceInANewOrder) {
    MoleculeStream stream(writeShards(folder, {7, 5, 9, 4}),
                          {.batch = 4, .validation = 5, .window = 8, .seed = 3});
    EXPECT_EQ(stream.molecules(), 25);
    ASSERT_EQ(stream.stepsPerEpoch(), 5);
    const std::set<int64_t> heldBack = indices(stream.validation());
    EXPECT_EQ(heldBack.size(), 5U);
    std::vector<std::vector<int64_t>> orders(2);
    std::set<uint64_t> numbers;
    for (int64_t step = 0; step < 10; step++)
        for (const Draw& draw : stream.batch(step)) {
            orders[static_cast<size_t>(step / 5)].push_back(draw.molecule->index);
            numbers.insert(draw.number);
        }
    for (const auto& order : orders) {
        const std::set<int64_t> seen(order.begin(), order.end());
        EXPECT_EQ(seen.size(), 20U);
        for (const int64_t index : heldBack)
            EXPECT_FALSE(seen.contains(index));
    }
    EXPECT_NE(orders[0], orders[1]);
    EXPECT_EQ(numbers.size(), 40U) << "noise must differ from epoch to epoch";
}

TEST_F(StreamTest, Batches_DependOnTheStepAlone) {
    const auto paths = writeShards(folder, {7, 5, 9, 4});
    for (const bool grouped : {false, true}) {
        const StreamOptions options{
            .batch = 3, .validation = 4, .window = 6, .seed = 1, .groupIsomers = grouped};
        MoleculeStream ascending(paths, options), jumping(paths, options);
        std::vector<std::vector<uint64_t>> batches;
        for (int64_t step = 0; step < 20; step++) {
            batches.emplace_back();
            for (const Draw& draw : ascending.batch(step))
                batches.back().push_back(draw.number);
        }
        for (const int64_t step : {13, 2, 19, 0, 7}) {
            std::vector<uint64_t> numbers;
            for (const Draw& draw : jumping.batch(step))
                numbers.push_back(draw.number);
            EXPECT_EQ(numbers, batches[static_cast<size_t>(step)]) << "step " << step;
        }
    }
}

TEST_F(StreamTest, GroupedIsomers_StandTogetherInANewOrderEachEpoch) {
    MoleculeStream stream(
        writeShards(folder, {7, 5, 9, 4}),
        {.batch = 4, .validation = 5, .window = 100, .seed = 3, .groupIsomers = true});
    std::set<std::vector<int64_t>> orders;
    std::set<int> first;
    for (int64_t epoch = 0; epoch < 8; epoch++) {
        std::vector<int64_t> order;
        std::vector<int> last;  // elements; molecules of an even and of an odd number differ
        for (int64_t step = 5 * epoch; step < 5 * (epoch + 1); step++)
            for (const Draw& draw : stream.batch(step)) {
                order.push_back(draw.molecule->index);
                last.push_back(draw.molecule->numbers[2]);
            }
        EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 20U);
        int changes = 0;
        for (size_t n = 1; n < last.size(); n++)
            changes += last[n] != last[n - 1] ? 1 : 0;
        EXPECT_EQ(changes, 1) << "epoch " << epoch;
        orders.insert(order);
        first.insert(last.front());
    }
    EXPECT_EQ(orders.size(), 8U);
    EXPECT_EQ(first.size(), 2U) << "no formula is always the first";
}

TEST_F(StreamTest, TooFewMolecules_AreCounted) {
    const auto paths = writeShards(folder, {3, 2});
    try {
        MoleculeStream(paths, {.batch = 4, .validation = 2, .window = 8, .seed = 3});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("found 5 molecules, expected at least 6"));
    }
}

PretrainBatchOptions noisyOptions() {
    PretrainBatchOptions options;
    options.sigma = 0.1;
    options.type = at::kDouble;
    return options;
}

TEST(PretrainBatch, Noise_BelongsToTheMoleculeInAnyCompany) {
    const PretrainBatch together = makePretrainBatch(draws({4, 5, 6}), noisyOptions());
    const PretrainBatch alone = makePretrainBatch(draws({6}), noisyOptions());
    EXPECT_TRUE(at::equal(together.noise.narrow(0, 6, 3), alone.noise));
    EXPECT_TRUE(at::equal(together.graph.positions.narrow(0, 6, 3), alone.graph.positions));
}

TEST(PretrainBatch, Noise_HasItsWidthAndNoMeanDisplacement) {
    std::vector<int64_t> many(400);
    for (size_t n = 0; n < many.size(); n++)
        many[n] = static_cast<int64_t>(n);
    const PretrainBatch batch = makePretrainBatch(draws(many), noisyOptions());
    EXPECT_LT(batch.noise.view({-1, 3, 3}).sum(1).abs().max().item<double>(), 1e-12);
    // A third of the variance of three atoms goes with the mean.
    const double deviation =
        std::sqrt(batch.noiseSquares / static_cast<double>(batch.noise.numel()));
    EXPECT_NEAR(deviation, 0.1 * std::sqrt(2.0 / 3.0), 0.003);
}

TEST(Contrast, EqualLogits_GiveTheLogarithmOfTheCount) {
    EXPECT_NEAR(contrastiveLoss(at::zeros({5, 5}, at::kDouble), true).item<double>(),
                std::log(5.0), 1e-12);
}

TEST(Contrast, Loss_IsCrossEntropyOfCosines) {
    const at::Tensor molecules = at::tensor({1.0, 0.0, 0.0, 2.0}, at::kDouble).view({2, 2});
    const at::Tensor spectra = at::tensor({3.0, 0.0, 1.0, 1.0}, at::kDouble).view({2, 2});
    const at::Tensor logits =
        alignment(molecules, spectra, at::tensor(std::log(2.0), at::kDouble));
    const double half = std::sqrt(0.5);
    const std::vector<double> expected{2.0, 2 * half, 0.0, 2 * half};
    EXPECT_TRUE(at::allclose(logits.flatten(), at::tensor(expected, at::kDouble)));
    const auto crossEntropy = [](double own, double other) {
        return std::log(std::exp(own) + std::exp(other)) - own;
    };
    const double rows = 0.5 * (crossEntropy(2, 2 * half) + crossEntropy(2 * half, 0));
    const double columns = 0.5 * (crossEntropy(2, 0) + crossEntropy(2 * half, 2 * half));
    EXPECT_NEAR(contrastiveLoss(logits, false).item<double>(), rows, 1e-12);
    EXPECT_NEAR(contrastiveLoss(logits, true).item<double>(), 0.5 * (rows + columns), 1e-12);
}

TEST(MaskedPatches, Error_CountsMaskedPatchesOnly) {
    const at::Tensor clean = at::zeros({1, 3, 2}, at::kDouble);
    const at::Tensor predicted = at::tensor({1., 3., 9., 9., 2., 0.}, at::kDouble).view({1, 3, 2});
    const at::Tensor masked = at::tensor({1, 0, 1}, at::kLong).view({1, 3}).to(at::kBool);
    EXPECT_NEAR(maskedPatchError(predicted, clean, masked).item<double>(),
                (1.0 + 9.0) / 2 + (4.0 + 0.0) / 2, 1e-12);
}

class PretrainTest : public InFolder {
protected:
    void SetUp() override {
        InFolder::SetUp();
        paths = writeShards(folder, {15, 20});
        config.noiseHead = true;
        options.steps = 30;
        options.batch = 4;
        options.schedule.kind = "cosine";
        options.schedule.warmup = 3;
        options.schedule.learningRate = 3e-3;
        options.averageDecay = 0.9;
        options.validationInterval = 10;
        options.checkpointInterval = 7;
        options.reconstructionWeight = options.contrastWeight = 1.0;
    }

    std::shared_ptr<PretrainTask> task(bool spectra = true) {
        ModelDescription description;
        description.config = config;
        description.toolVersion = "molspectra test";
        std::optional<LoadedSpecFormer> specFormer;
        if (spectra) {
            specFormer = LoadedSpecFormer{makeSpecFormer(smallSpectra(), 2), {}};
            specFormer->description.config = smallSpectra();
            specFormer->description.uvWidth = 1.0;
            specFormer->description.vibrationalWidth = 150.0;
        }
        MoleculeStream stream(paths, {options.batch, 6, 16, options.seed});
        return std::make_shared<PretrainTask>(makeNetwork(config, 1), description, specFormer,
                                              std::move(stream), options, oneProcess());
    }

    std::vector<TrainingReport> run(const std::string& subfolder, int64_t until = 1000000,
                                    bool resume = false) {
        std::filesystem::create_directories(folder + "/" + subfolder);
        Trainer trainer(task(), options, {folder + "/" + subfolder});
        if (resume)
            trainer.resume();
        std::vector<TrainingReport> reports;
        int64_t asked = 0;
        trainer.run({{"test", true}}, [&](const TrainingReport& r) { reports.push_back(r); },
                    [&] { return asked++ >= until; });
        return reports;
    }

    std::vector<std::string> paths;
    ModelConfig config = smallConfig();
    PretrainOptions options;
};

TEST_F(PretrainTest, Training_LowersEveryTerm) {
    options.steps = 150;
    options.validationInterval = 25;
    run("run");
    std::vector<nlohmann::json> lines;
    for (const std::string& line : split(readFile(folder + "/run/metrics.jsonl"), '\n'))
        if (!line.empty())
            lines.push_back(nlohmann::json::parse(line));
    const nlohmann::json &before = lines.at(2), &after = lines.back();  // after header and start
    for (const char* term : {"train_reconstruction_loss", "train_contrast_loss"})
        EXPECT_LT(after.at(term).get<double>(), 0.95 * before.at(term).get<double>()) << term;
    EXPECT_LT(after.at("validation_denoising"), 0.95) << "1 is what predicting nothing gives";
}

TEST_F(PretrainTest, StoppedAndResumed_EndsWithTheSameBits) {
    run("whole");
    run("parts", 11);
    run("parts", 1000000, true);
    const Checkpoint whole = loadCheckpoint(folder + "/whole/checkpoint.pt");
    const Checkpoint parts = loadCheckpoint(folder + "/parts/checkpoint.pt");
    ASSERT_EQ(whole.optimizer.size(), parts.optimizer.size());
    for (size_t n = 0; n < whole.optimizer.size(); n++)
        EXPECT_TRUE(at::equal(whole.optimizer[n], parts.optimizer[n])) << "tensor " << n;
    for (size_t n = 0; n < whole.buffers.size(); n++)
        EXPECT_TRUE(at::equal(whole.buffers[n], parts.buffers[n])) << "buffer " << n;
}

TEST_F(PretrainTest, Fingerprint_KnowsOtherMoleculesOfTheSameCount) {
    const nlohmann::json own = task(false)->fingerprint();
    EXPECT_EQ(task(false)->fingerprint(), own);
    std::swap(paths[0], paths[1]);
    EXPECT_NE(task(false)->fingerprint(), own);
}

TEST_F(PretrainTest, Buffers_AreThoseOfBothNetworksOnce) {
    std::set<const void*> places;
    const std::shared_ptr<PretrainTask> made = task();
    for (const at::Tensor& buffer : made->buffers())
        places.insert(buffer.const_data_ptr());
    EXPECT_EQ(places.size(), made->buffers().size());
    // Moments of the noise, scale of energies, two of the radial functions, the temperature.
    EXPECT_EQ(places.size(), 5U);
}

TEST_F(PretrainTest, Files_SayThatEnergiesAreUntrainedAndWhoseTheSpectraAre) {
    run("run");
    const LoadedModel model = loadModel(folder + "/run/model.pt");
    EXPECT_FALSE(model.description.energiesTrained);
    EXPECT_EQ(model.description.species, (std::vector<int>{1, 6, 8}));
    const LoadedSpecFormer spectra = loadSpecFormer(folder + "/run/spectra.pt");
    EXPECT_EQ(spectra.description.networkSha256.size(), 64U);
}

TEST_F(PretrainTest, Validation_LeavesNoSpectraOut) {
    options.spectraDropout = 1.0;
    const std::map<std::string, double> found = task()->validate().figures;
    options.spectraDropout = 0.0;
    EXPECT_EQ(found, task()->validate().figures);
}

TEST_F(PretrainTest, Validation_AlignsWholeSpectra) {
    const std::map<std::string, double> few = task()->validate().figures;
    options.maskRatio.fill(0.9);
    const std::map<std::string, double> many = task()->validate().figures;
    EXPECT_EQ(few.at("contrast"), many.at("contrast"));
    EXPECT_NE(few.at("reconstruction"), many.at("reconstruction"));
}

TEST_F(PretrainTest, PredictingNothing_CostsOneAtAnyNoise) {
    for (const double sigma : {0.004, 0.4}) {
        options.denoisingSigma = sigma;
        const std::shared_ptr<PretrainTask> made = task(false);
        const at::NoGradGuard noGradients;
        for (const at::Tensor& parameter : made->parameters())
            at::Tensor(parameter).zero_();
        EXPECT_NEAR(made->losses(0).total.item<double>(), 1.0, 1e-5) << sigma;
    }
}

TEST_F(PretrainTest, Checkpoints_AreNeverOlderThanAsked) {
    options.checkpointInterval = 1000000;
    options.checkpointSeconds = 0.0;
    std::filesystem::create_directories(folder + "/run");
    Trainer trainer(task(), options, {folder + "/run"});
    int64_t asked = 0, saved = -1;
    trainer.run({{"test", true}}, [](const TrainingReport&) {}, [&] {
        if (asked++ == 5)
            saved = loadCheckpoint(folder + "/run/checkpoint.pt").state.at("step");
        return asked > 5;
    });
    EXPECT_EQ(saved, 5);
}

TEST_F(PretrainTest, WithoutNoiseHead_IsRefused) {
    config.noiseHead = false;
    EXPECT_THROW(task(), Error);
}

}  // namespace
}  // namespace molspectra
