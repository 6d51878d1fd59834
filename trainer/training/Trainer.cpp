// The training loop: batches, objective, optimizer, validation, checkpoints, log.
// SPDX-License-Identifier: MIT
#include "trainer/training/Trainer.h"

#include "core/Error.h"
#include "core/Random.h"
#include "model/ModelFile.h"
#include "trainer/objectives/Denoising.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/Evaluation.h"
#include "trainer/training/Metrics.h"
#include "trainer/training/Optimizer.h"
#include "trainer/training/Schedule.h"
#include "trainer/training/StepSums.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>
#include <filesystem>

namespace molspectra {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<at::Tensor> parametersOf(const torch::jit::Module& network) {
    std::vector<at::Tensor> list;
    for (const at::Tensor& parameter : network.parameters())
        list.push_back(parameter);
    return list;
}

void copyInto(const std::vector<at::Tensor>& target, const std::vector<at::Tensor>& source) {
    const at::NoGradGuard noGradients;
    for (size_t n = 0; n < target.size(); n++)
        at::Tensor(target[n]).copy_(source[n]);
}

std::vector<at::Tensor> copyOf(const std::vector<at::Tensor>& tensors) {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& tensor : tensors)
        copies.push_back(tensor.detach().clone());
    return copies;
}

/// Numbers that depend on the step alone, so that resuming needs no generator state.
Random randomFor(uint64_t seed, uint64_t purpose, int64_t number) {
    Random mixed(seed ^ (purpose << 56));
    return Random(mixed.next() + static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15ULL);
}

}  // namespace

struct Trainer::State {
    torch::jit::Module network;
    ModelDescription description;
    std::vector<Sample> train, validation;
    TrainingOptions options;
    RunFiles files;
    Optimizer optimizer;
    Schedule schedule;
    at::ScalarType type = at::kFloat;
    c10::Device device = c10::Device(c10::kCPU);
    std::vector<at::Tensor> best{};

    int64_t step = 0, shuffledEpoch = -1;
    double bestLoss = -1.0, bestEnergyMae = 0.0, bestForcesMae = 0.0, secondsBefore = 0.0;
    int64_t bestStep = 0;
    std::vector<int64_t> order{};
    Clock::time_point began = Clock::now();
    double lossSum = 0.0, energySum = 0.0, forcesSum = 0.0, gradientNorm = 0.0;
    int64_t lossCount = 0;
    StepSums unread{};  ///< loss, its energy and force terms, norm of the gradient
    double windowSecondsBefore = 0.0;
    Clock::time_point windowBegan = Clock::now();

    int64_t stepsPerEpoch() const {
        const auto count = static_cast<int64_t>(train.size());
        return (count + options.batch - 1) / options.batch;
    }
    int64_t validationInterval() const {
        return options.validationInterval > 0 ? options.validationInterval : stepsPerEpoch();
    }
    double seconds() const { return secondsBefore + secondsSince(began); }

    std::span<const int64_t> batchNumbers();
    void trainStep();
    void read();
    TrainingReport validate();
    void fill(TrainingReport& report);
    void finishWindow(const TrainingReport& report, Metrics& metrics);
    void save();
    void saveBest();
    nlohmann::json fingerprint() const;
};

std::span<const int64_t> Trainer::State::batchNumbers() {
    const int64_t epoch = step / stepsPerEpoch();
    const auto count = static_cast<int64_t>(train.size());
    if (epoch != shuffledEpoch) {
        order = randomFor(options.seed, 1, epoch).permutation(count);
        shuffledEpoch = epoch;
    }
    const int64_t start = (step % stepsPerEpoch()) * options.batch;
    return std::span(order).subspan(static_cast<size_t>(start),
                                    static_cast<size_t>(std::min(options.batch, count - start)));
}

void Trainer::State::trainStep() {
    const Batch batch = makeBatch(train, batchNumbers(), type, device);
    const EnergyForces predicted = evaluate(network, batch.graph, true, true);
    const EnergyForcesLoss loss =
        energyForcesLoss(predicted, batch.energy, batch.forces, options.objective);
    at::Tensor total = loss.total;
    if (options.denoisingWeight > 0.0) {
        Random random = randomFor(options.seed, 2, step);
        total = total + options.denoisingWeight *
                            denoisingLoss(network, batch.graph, options.denoisingSigma, random);
    }
    std::vector<at::Tensor> gradients =
        torch::autograd::grad({total}, optimizer.parameters(), {}, false, false, true);
    for (size_t n = 0; n < gradients.size(); n++)
        gradients[n] = gradients[n].defined() ? gradients[n].contiguous()
                                              : at::zeros_like(optimizer.parameters()[n]);
    unread.add({total, loss.energy, loss.forces,
                optimizer.step(gradients, schedule.learningRate(step))});
    step++;
    if (device.is_cpu())
        read();
}

/// Waits for the device, and takes over what its steps have summed.
void Trainer::State::read() {
    const auto [steps, sums, last] = unread.take();
    if (steps == 0)
        return;
    for (const size_t n : {size_t{0}, size_t{3}})
        if (!std::isfinite(sums[n]))
            fail("training step ", steps > 1 ? cat(step - steps, " to ") : "", step - 1, ": the ",
                 n == 0 ? "loss" : "norm of the gradient", " became ", sums[n],
                 ", expected a number; try a smaller --learning-rate or --gradient-clip 10");
    lossSum += sums[0];
    energySum += sums[1];
    forcesSum += sums[2];
    gradientNorm = last[3];
    lossCount += steps;
}

TrainingReport Trainer::State::validate() {
    TrainingReport report;
    report.validated = true;
    const std::vector<at::Tensor> trained = copyOf(optimizer.parameters());
    copyInto(optimizer.parameters(), optimizer.average());
    const Errors errors = errorsOf(predict(network, validation));
    const EnergyForcesOptions& weights = options.objective;
    const double loss = weights.energyWeight * errors.energy.rmse * errors.energy.rmse +
                        weights.forcesWeight * errors.forces.rmse * errors.forces.rmse;
    report.energyMae = options.reportFactor * errors.energy.mae;
    report.forcesMae = options.reportFactor * errors.forces.mae;
    report.best = bestLoss < 0.0 || loss < bestLoss;
    if (report.best) {
        bestLoss = loss;
        bestStep = step;
        bestEnergyMae = report.energyMae;
        bestForcesMae = report.forcesMae;
        best = copyOf(optimizer.parameters());
    }
    copyInto(optimizer.parameters(), trained);
    schedule.validated(loss);
    return report;
}

/// Everything that must be equal for a checkpoint to belong to this run.
nlohmann::json Trainer::State::fingerprint() const {
    double labels = 0.0;
    for (const Sample& sample : train)
        labels += sample.energy * sample.energy + sample.forces.front();
    return {{"config", toJson(description.config)},
            {"batch", options.batch},
            {"averaging", options.averageDecay > 0.0},
            {"seed", options.seed},
            {"train", train.size()},
            {"validation", validation.size()},
            {"labels", labels}};
}

void Trainer::State::save() {
    read();  // weights that are no numbers any more must not replace good ones
    const nlohmann::json state{{"description", toText(description)},
                               {"energyScale",
                                network.attr("energy_scale").toTensor().item<double>()},
                               {"step", step},
                               {"seconds", seconds()},
                               {"schedule", schedule.state()},
                               {"bestLoss", bestLoss},
                               {"bestStep", bestStep},
                               {"bestEnergyMae", bestEnergyMae},
                               {"bestForcesMae", bestForcesMae},
                               {"window", {lossSum, energySum, forcesSum, lossCount}},
                               {"windowSeconds", windowSecondsBefore + secondsSince(windowBegan)},
                               {"device", c10::DeviceTypeName(device.type(), true)},
                               {"run", fingerprint()}};
    saveCheckpoint(files.checkpoint(), {state, optimizer.state(), best});
}

void Trainer::State::saveBest() {
    const std::vector<at::Tensor> trained = copyOf(optimizer.parameters());
    if (!best.empty())
        copyInto(optimizer.parameters(), best);
    description.provenance["training"] = {{"steps", step},
                                          {"best_step", bestStep},
                                          {"validation_energy_mae", bestEnergyMae},
                                          {"validation_forces_mae", bestForcesMae},
                                          {"seconds", seconds()}};
    saveModel(files.model(), network, description);
    copyInto(optimizer.parameters(), trained);
}

/// What a report says of the steps since the last validation.
void Trainer::State::fill(TrainingReport& report) {
    read();
    const auto count = static_cast<double>(lossCount);
    const double window = windowSecondsBefore + secondsSince(windowBegan);
    report.step = step;
    report.steps = options.steps;
    report.epoch = step / stepsPerEpoch();
    report.seconds = seconds();
    report.bestForcesMae = bestForcesMae;
    if (lossCount == 0)
        return;
    report.trainLoss = lossSum / count;
    report.samplesPerSecond = count * static_cast<double>(options.batch) / std::max(window, 1e-9);
    report.secondsLeft = static_cast<double>(options.steps - step) * window / count;
}

void Trainer::State::finishWindow(const TrainingReport& report, Metrics& metrics) {
    nlohmann::json line{{"step", step},
                        {"epoch", report.epoch},
                        {"seconds", report.seconds},
                        {"learning_rate", schedule.learningRate(step)},
                        {"validation_energy_mae", report.energyMae},
                        {"validation_forces_mae", report.forcesMae},
                        {"best", report.best}};
    if (lossCount > 0) {
        const auto count = static_cast<double>(lossCount);
        line["samples_per_second"] = report.samplesPerSecond;
        line["gradient_norm"] = gradientNorm;
        line["train_loss"] = report.trainLoss;
        line["train_energy_loss"] = energySum / count;
        line["train_forces_loss"] = forcesSum / count;
    }
    metrics.write(line);
    lossSum = energySum = forcesSum = windowSecondsBefore = 0.0;
    lossCount = 0;
    windowBegan = Clock::now();
}

Trainer::Trainer(torch::jit::Module network, ModelDescription description,
                 std::vector<Sample> train, std::vector<Sample> validation,
                 const TrainingOptions& options, RunFiles files) {
    if (train.empty() || validation.empty())
        fail("training: found ", train.size(), " training and ", validation.size(),
             " validation frames, expected at least one of each");
    if (options.denoisingWeight > 0.0 && !description.config.noiseHead)
        fail("training with denoising: the model has no noise head; start from nothing with ",
             "--noise-head, or leave --denoising-weight at 0");
    const std::vector<at::Tensor> parameters = parametersOf(network);
    const at::Tensor& first = parameters.front();
    state_.reset(new State{std::move(network), std::move(description), std::move(train),
                           std::move(validation), options, std::move(files),
                           Optimizer(parameters, options),
                           Schedule(options.schedule, options.steps), first.scalar_type(),
                           first.device()});
}

Trainer::~Trainer() = default;

void Trainer::resume() {
    State& s = *state_;
    const Checkpoint checkpoint = loadCheckpoint(s.files.checkpoint());
    if (checkpoint.state.at("run") != s.fingerprint())
        fail("resuming from ", s.files.checkpoint(), ": it belongs to a run with other data or ",
             "options (", checkpoint.state.at("run").dump(), "), expected ",
             s.fingerprint().dump());
    s.optimizer.restore(checkpoint.optimizer);
    s.best.clear();
    for (const at::Tensor& weights : checkpoint.best)
        s.best.push_back(toDevice(weights, s.device));
    s.step = checkpoint.state.at("step");
    s.secondsBefore = checkpoint.state.at("seconds");
    s.schedule.restore(checkpoint.state.at("schedule"));
    s.bestLoss = checkpoint.state.at("bestLoss");
    s.bestStep = checkpoint.state.at("bestStep");
    s.bestEnergyMae = checkpoint.state.at("bestEnergyMae");
    s.bestForcesMae = checkpoint.state.at("bestForcesMae");
    const auto& window = checkpoint.state.at("window");
    s.lossSum = window.at(0);
    s.energySum = window.at(1);
    s.forcesSum = window.at(2);
    s.lossCount = window.at(3);
    s.windowSecondsBefore = checkpoint.state.at("windowSeconds");
}

bool Trainer::run(const nlohmann::json& header,
                  const std::function<void(const TrainingReport&)>& report,
                  const std::function<bool()>& stopped) {
    State& s = *state_;
    const bool fresh = s.bestLoss < 0.0;
    Metrics metrics = fresh ? Metrics(s.files.metrics(), header)
                            : Metrics(s.files.metrics(), s.step);
    s.began = s.windowBegan = Clock::now();
    Clock::time_point shown = s.began;
    TrainingReport line;
    const auto validate = [&] {
        s.read();
        line = s.validate();
        s.fill(line);
        s.finishWindow(line, metrics);
        report(line);
    };
    if (fresh)
        validate();
    while (s.step < s.options.steps && !stopped()) {
        s.trainStep();
        if (s.step % s.validationInterval() == 0 || s.step == s.options.steps) {
            validate();
        } else if (secondsSince(shown) > 0.5) {
            line.validated = line.best = false;
            s.fill(line);
            report(line);
            shown = Clock::now();
        }
        if (s.step % s.options.checkpointInterval == 0) {
            s.save();
            s.saveBest();
        }
    }
    s.save();
    s.saveBest();
    return s.step >= s.options.steps;
}

std::vector<double> Trainer::benchmark(int64_t count) {
    constexpr int64_t unmeasured = 5;
    std::vector<double> times;
    for (int64_t n = 0; n < unmeasured + count; n++) {
        const Clock::time_point start = Clock::now();
        state_->trainStep();
        state_->read();
        if (n >= unmeasured)
            times.push_back(1e3 * secondsSince(start));
    }
    return times;
}

}  // namespace molspectra
