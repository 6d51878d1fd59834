// The training loop: it learns, it resumes to the same bits, it loses nothing.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/EnergyForcesTask.h"
#include "trainer/training/Schedule.h"
#include "trainer/training/Trainer.h"
#include "training/InFolder.h"
#include "training/Molecules.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace molspectra {
namespace {

class TrainerTest : public InFolder {
protected:
    void SetUp() override {
        InFolder::SetUp();
        options.steps = 40;
        options.batch = 4;
        options.schedule.warmup = 5;
        options.schedule.learningRate = 2e-3;
        options.averageDecay = 0.9;
        options.checkpointInterval = 15;
    }

    Trainer trainer(const std::string& subfolder = "") {
        const std::vector<Frame> frames = springWaters(24);
        const auto all = pointers(frames);
        const std::vector<const Frame*> train(all.begin(), all.begin() + 18);
        const std::vector<const Frame*> validation(all.begin() + 18, all.end());
        const Standardization found = standardize(train, true, {});
        ModelDescription description;
        description.config = config;
        description.species = {1, 8};
        description.toolVersion = "molspectra test";
        description.offset = found.offset;
        torch::jit::Module network = makeNetwork(config, 1);
        network.attr("energy_scale").toTensor().fill_(found.scale);
        if (imported)
            radialMeans(network).mul_(importedMeans);
        std::filesystem::create_directories(folder + "/" + subfolder);
        return {std::make_shared<EnergyForcesTask>(
                    network, description, makeSamples(train, config.cutoff, found.offset),
                    makeSamples(validation, config.cutoff, found.offset), options),
                options, {folder + "/" + subfolder}};
    }

    /// Runs until the end, or until the given step.
    static std::vector<TrainingReport> run(Trainer& trainer, int64_t until = 1000000) {
        std::vector<TrainingReport> reports;
        int64_t asked = 0;
        trainer.run({{"test", true}}, [&](const TrainingReport& r) { reports.push_back(r); },
                    [&] { return asked++ >= until; });
        return reports;
    }

    std::vector<at::Tensor> weights(const std::string& subfolder = "") {
        return loadCheckpoint(folder + "/" + subfolder + "/checkpoint.pt").optimizer;
    }

    static at::Tensor radialMeans(const torch::jit::Module& network) {
        return network.attr("radial").toModule().attr("means").toTensor();
    }

    static constexpr double importedMeans = 0.9;  // of those of a new network
    bool imported = false;
    ModelConfig config = smallConfig();
    FinetuneOptions options;
};

TEST_F(TrainerTest, Training_LowersTheForceError) {
    options.steps = 150;
    Trainer learner = trainer();
    const auto reports = run(learner);
    EXPECT_LT(reports.back().figures.at("forces_mae"),
              0.5 * reports.front().figures.at("forces_mae"));
    EXPECT_EQ(loadModel(folder + "/model.pt").description.provenance["training"]["steps"], 150);
}

TEST_F(TrainerTest, ResumedRun_EndsWithTheSameBits) {
    Trainer whole = trainer("whole");
    run(whole);
    Trainer first = trainer("parts");
    run(first, 23);
    Trainer second = trainer("parts");
    second.resume();
    run(second);
    const auto expected = weights("whole"), found = weights("parts");
    ASSERT_EQ(expected.size(), found.size());
    for (size_t n = 0; n < expected.size(); n++)
        EXPECT_TRUE(at::equal(expected[n], found[n])) << "tensor " << n;
    const auto best = loadModel(folder + "/whole/model.pt").network.attr("norm_weight").toTensor();
    EXPECT_TRUE(at::equal(
        best, loadModel(folder + "/parts/model.pt").network.attr("norm_weight").toTensor()));
}

TEST_F(TrainerTest, ResumedMetrics_HaveEachStepOnce) {
    Trainer first = trainer();
    run(first, 23);
    Trainer second = trainer();
    second.resume();
    run(second);
    std::vector<int64_t> steps;
    for (const std::string& line : split(readFile(folder + "/metrics.jsonl"), '\n'))
        if (const auto json = nlohmann::json::parse(line, nullptr, false); json.contains("step"))
            steps.push_back(json["step"]);
    EXPECT_THAT(steps, testing::ElementsAre(0, 5, 10, 15, 20, 25, 30, 35, 40));
}

TEST_F(TrainerTest, EncoderRateOfZero_TrainsTheHeadAlone) {
    options.encoderRate = 0.0;
    options.steps = 3;
    Trainer learner = trainer();
    run(learner);
    const auto before = makeNetwork(config, 1).named_parameters();
    const std::vector<at::Tensor> after = weights();
    size_t n = 0;
    for (const auto& item : before) {
        const bool head = item.name.starts_with("energy.");
        EXPECT_EQ(at::equal(item.value, after.at(n++)), !head) << item.name;
    }
    EXPECT_GT(n, 20U);
}

TEST_F(TrainerTest, ResumedRun_KnowsTheLastValidation) {
    Trainer first = trainer();
    const std::vector<TrainingReport> before = run(first, 7);
    options.validationInterval = 1000000;
    options.steps = 1000000;
    Trainer second = trainer();
    second.resume();
    TrainingReport progress;  // comes after half a second
    second.run({{"test", true}}, [&](const TrainingReport& report) { progress = report; },
               [&] { return progress.step > 0; });
    ASSERT_FALSE(progress.validated);
    EXPECT_EQ(progress.figures, before.back().figures);
    EXPECT_EQ(progress.figures.count("forces_mae"), 1U);
}

/// Learns nothing worth knowing: its validations give what the test says, one after the other.
class ScriptedTask : public Task {
public:
    explicit ScriptedTask(std::vector<double> losses) : script_(std::move(losses)) {}

    std::vector<at::Tensor> parameters() const override { return {weight_}; }
    std::vector<std::string> termNames() const override { return {"square"}; }
    Losses losses(int64_t) override {
        const at::Tensor square = weight_.square().sum();
        return {square, {square}};
    }
    Validation validate() override {
        validated.push_back(weight_.item<double>());
        return {script_.at(validated.size() - 1), {}};
    }
    int64_t stepsPerEpoch() const override { return 1; }
    int64_t samplesPerStep() const override { return 1; }
    nlohmann::json fingerprint() const override { return {}; }
    nlohmann::json description() const override { return {}; }
    void write(const std::string&, const nlohmann::json& training) override {
        written = weight_.item<double>();
        bestStep = training.at("best_step");
    }

    std::vector<double> validated;
    double written = 0.0;
    int64_t bestStep = -1;

private:
    std::vector<double> script_;
    at::Tensor weight_ = at::full({}, 10.0, at::kDouble).requires_grad_(true);
};

TEST_F(TrainerTest, ExportedWeights_AreTheBestByValidation) {
    options.steps = 4;
    options.validationInterval = 1;
    const auto task = std::make_shared<ScriptedTask>(std::vector<double>{5, 2, 3, 1, 4});
    Trainer learner(task, options, {folder});
    std::vector<bool> best;
    for (const TrainingReport& report : run(learner))
        if (report.validated)
            best.push_back(report.best);
    EXPECT_THAT(best, testing::ElementsAre(true, true, false, true, false));
    EXPECT_EQ(task->bestStep, 3);
    ASSERT_EQ(task->validated.size(), 5U);
    EXPECT_EQ(task->written, task->validated[3]);
    EXPECT_NE(task->written, task->validated[4]);
}

TEST_F(TrainerTest, EachEpoch_HasEveryFrameOnceInANewOrder) {
    const std::vector<Frame> frames = springWaters(6);
    const std::vector<Sample> samples = makeSamples(pointers(frames), config.cutoff, {});
    options.batch = 1;
    ModelDescription description;
    description.config = config;
    EnergyForcesTask task(makeNetwork(config, 1), description, samples, samples, options);
    std::vector<std::vector<double>> epochs(2);  // the loss tells the frame
    for (int64_t step = 0; step < 12; step++)
        epochs[static_cast<size_t>(step / 6)].push_back(
            task.losses(step).terms.back().item<double>());
    EXPECT_NE(epochs[0], epochs[1]);
    for (auto& epoch : epochs)
        std::sort(epoch.begin(), epoch.end());
    EXPECT_EQ(epochs[0], epochs[1]);
    EXPECT_EQ(std::adjacent_find(epochs[0].begin(), epochs[0].end()), epochs[0].end());
}

TEST_F(TrainerTest, ResumedRun_KeepsTheBuffersOfAnImportedNetwork) {
    imported = true;
    Trainer first = trainer();
    run(first, 10);
    const torch::jit::Module before = loadModel(folder + "/model.pt").network;
    imported = false;
    Trainer second = trainer();
    second.resume();
    run(second);
    const torch::jit::Module after = loadModel(folder + "/model.pt").network;
    EXPECT_TRUE(at::equal(radialMeans(after), radialMeans(before)));
    EXPECT_FALSE(at::equal(radialMeans(after), radialMeans(makeNetwork(config, 1))));
    EXPECT_TRUE(at::equal(after.attr("energy_scale").toTensor(),
                          before.attr("energy_scale").toTensor()));
}

TEST_F(TrainerTest, Resume_RefusesAnotherNumberOfBuffers) {
    Trainer first = trainer();
    run(first, 10);
    Checkpoint checkpoint = loadCheckpoint(folder + "/checkpoint.pt");
    const size_t count = checkpoint.buffers.size();
    checkpoint.buffers.pop_back();
    saveCheckpoint(folder + "/checkpoint.pt", checkpoint);
    Trainer second = trainer();
    EXPECT_THAT([&] { second.resume(); },
                testing::ThrowsMessage<Error>(testing::HasSubstr(
                    cat("found ", count - 1, " buffers, expected ", count))));
}

TEST_F(TrainerTest, Resume_RefusesOtherWeightsOfTheObjective) {
    Trainer first = trainer();
    run(first, 10);
    options.objective.energyWeight += 0.1;
    Trainer second = trainer();
    EXPECT_THAT([&] { second.resume(); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("other data or options")));
}

TEST_F(TrainerTest, Resume_RefusesAnotherRunsCheckpoint) {
    Trainer first = trainer();
    run(first, 10);
    options.seed = 99;
    Trainer second = trainer();
    EXPECT_THAT([&] { second.resume(); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("other data or options")));
}

TEST_F(TrainerTest, Resume_RefusesACheckpointOfAnotherFormat) {
    const std::string path = folder + "/checkpoint.pt";
    const c10::List<at::Tensor> none;
    const std::vector<char> bytes =
        torch::jit::pickle_save(c10::ivalue::Tuple::create({"{}", none, none, none}));
    writeFileSafely(path, std::string_view(bytes.data(), bytes.size()));
    try {
        loadCheckpoint(path);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("found format 1, expected 3"));
    }
}

TEST_F(TrainerTest, Resume_RefusesADamagedCheckpoint) {
    Trainer first = trainer();
    run(first, 10);
    const std::string path = folder + "/checkpoint.pt", bytes = readFile(path);
    writeFileSafely(path, bytes.substr(0, bytes.size() / 2));
    Trainer second = trainer();
    EXPECT_THAT([&] { second.resume(); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("damaged")));
}

TEST_F(TrainerTest, FullDisk_KeepsTheLastCheckpoint) {
    Trainer first = trainer();
    run(first, 10);
    const std::string before = readFile(folder + "/checkpoint.pt");
    // A folder in the way of the part file stands for any failure of writing.
    std::filesystem::create_directories(folder + "/checkpoint.pt.part/full");
    Trainer second = trainer();
    second.resume();
    EXPECT_THROW(run(second), Error);
    EXPECT_EQ(readFile(folder + "/checkpoint.pt"), before);
}

TEST_F(TrainerTest, LossThatIsNoNumber_NamesItsStep) {
    options.schedule.warmup = 3;  // two harmless steps before the one that goes too far
    options.schedule.learningRate = 1e30;
    options.schedule.minimum = 0.0;
    Trainer learner = trainer();
    EXPECT_THAT([&] { run(learner); },
                testing::ThrowsMessage<Error>(testing::ContainsRegex(
                    "training step [1-9]: the (loss|norm of the gradient) became -?(nan|inf)")));
}

TEST_F(TrainerTest, ValidationThatIsNoNumber_NamesItsStep) {
    options.schedule.warmup = 0;
    options.schedule.learningRate = 1e30;
    options.schedule.minimum = 0.0;
    options.validationInterval = 1;
    Trainer learner = trainer();
    EXPECT_THAT([&] { run(learner); },
                testing::ThrowsMessage<Error>(testing::ContainsRegex(
                    "validating after step 1: the loss became -?(nan|inf), expected a number")));
}

TEST_F(TrainerTest, AtomsAtOnePlace_AreNamedWithTheirFrame) {
    std::vector<Frame> frames = springWaters(3);
    std::copy_n(frames[1].positions.begin(), 3, frames[1].positions.begin() + 6);
    EXPECT_THAT([&] { makeSamples(pointers(frames), config.cutoff, {}); },
                testing::ThrowsMessage<Error>(testing::HasSubstr(
                    "frame 1 (counted from 0) of 3: found atoms 0 and 2 at the same place")));
}

TEST_F(TrainerTest, SamplesOfAStep_AreNoMoreThanThereAre) {
    const std::vector<Frame> frames = springWaters(3);
    const std::vector<Sample> samples = makeSamples(pointers(frames), config.cutoff, {});
    ModelDescription description;
    description.config = config;
    options.batch = 8;
    EXPECT_EQ(EnergyForcesTask(makeNetwork(config, 1), description, samples, samples, options)
                  .samplesPerStep(), 3);
}

TEST_F(TrainerTest, Denoising_NeedsANoiseHead) {
    options.denoisingWeight = 0.1;
    EXPECT_THAT([&] { trainer(); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("no noise head")));
    config.noiseHead = true;
    Trainer learner = trainer();
    EXPECT_EQ(run(learner).back().step, 40);
}

TEST(Schedule, Warmup_RisesLinearlyToThePeak) {
    ScheduleOptions options;
    options.warmup = 10;
    options.learningRate = 1.0;
    const Schedule schedule(options, 100);
    EXPECT_DOUBLE_EQ(schedule.learningRate(0), 0.1);
    EXPECT_DOUBLE_EQ(schedule.learningRate(9), 1.0);
}

TEST(Schedule, Plateau_FallsAfterPatienceAndNotBelowTheMinimum) {
    ScheduleOptions options{"plateau", 1.0, 0.7, 0, 0.8, 2};
    Schedule schedule(options, 100);
    for (const double loss : {1.0, 2.0, 2.0})
        schedule.validated(loss);
    EXPECT_DOUBLE_EQ(schedule.learningRate(5), 1.0);
    schedule.validated(2.0);
    EXPECT_DOUBLE_EQ(schedule.learningRate(5), 0.8);
    for (int n = 0; n < 3; n++)
        schedule.validated(2.0);
    EXPECT_DOUBLE_EQ(schedule.learningRate(5), 0.7);
}

TEST(Schedule, FactorOfAPlateau_ActsOnNoOtherSchedule) {
    Schedule plateau({"plateau", 1.0, 0.1, 0, 0.8, 0}, 100);
    plateau.validated(1.0);
    plateau.validated(2.0);
    ASSERT_DOUBLE_EQ(plateau.learningRate(5), 0.8);
    Schedule constant({"constant", 1.0, 0.1, 0, 0.8, 0}, 100);
    constant.restore(plateau.state());
    EXPECT_DOUBLE_EQ(constant.learningRate(5), 1.0);
}

TEST(Schedule, Cosine_NeverRises) {
    const Schedule schedule({"cosine", 0.1, 0.5, 0, 0.8, 2}, 100);
    for (const int64_t step : {0, 50, 100})
        EXPECT_DOUBLE_EQ(schedule.learningRate(step), 0.1);
}

TEST(Schedule, Cosine_EndsAtTheMinimum) {
    const Schedule schedule({"cosine", 1.0, 0.1, 0, 0.8, 2}, 100);
    EXPECT_DOUBLE_EQ(schedule.learningRate(50), 0.1 + 0.5 * 0.9);
    EXPECT_DOUBLE_EQ(schedule.learningRate(100), 0.1);
}

}  // namespace
}  // namespace molspectra
