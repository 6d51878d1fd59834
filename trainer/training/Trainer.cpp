// The training loop: gradients, optimizer, validation, checkpoints, log.
// SPDX-License-Identifier: MIT
#include "trainer/training/Trainer.h"

#include "core/Error.h"
#include "model/Graph.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/Metrics.h"
#include "trainer/training/Optimizer.h"
#include "trainer/training/Schedule.h"
#include "trainer/training/StepSums.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>
#include <optional>

namespace molspectra {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
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

}  // namespace

struct Trainer::State {
    std::shared_ptr<Task> task;
    TrainingOptions options;
    RunFiles files;
    std::shared_ptr<Processes> processes;
    Optimizer optimizer;
    Schedule schedule;
    c10::Device device;
    std::vector<at::Tensor> best{};  ///< parameters of the best validation, then buffers

    int64_t step = 0, bestStep = 0;
    double bestLoss = -1.0, secondsBefore = 0.0;
    Figures lastFigures{}, bestFigures{};
    Clock::time_point began = Clock::now();
    StepSums unread{};  ///< loss, its terms, norm of the gradient
    std::vector<double> sums{};  ///< of the steps since the last validation: loss and its terms
    double gradientNorm = 0.0;
    int64_t lossCount = 0;
    double windowSecondsBefore = 0.0;
    Clock::time_point windowBegan = Clock::now();

    int64_t validationInterval() const {
        return options.validationInterval > 0 ? options.validationInterval
                                              : task->stepsPerEpoch();
    }
    double seconds() const { return secondsBefore + secondsSince(began); }
    double windowSeconds() const { return windowSecondsBefore + secondsSince(windowBegan); }

    void trainStep();
    void average(std::vector<at::Tensor>& gradients, std::vector<at::Tensor>& numbers);
    void read();
    void startWindow();
    TrainingReport validate();
    void fill(TrainingReport& report);
    nlohmann::json windowLine(const TrainingReport& report) const;
    void save();
    void saveBest();
    nlohmann::json fingerprint() const;
    std::vector<at::Tensor> exported() const;
};

/// Of one process the numbers are the mean already; of several each has its part.
void Trainer::State::average(std::vector<at::Tensor>& gradients,
                             std::vector<at::Tensor>& numbers) {
    if (processes->size() == 1)
        return;
    std::vector<at::Tensor> flat;
    for (const auto* list : {&gradients, &numbers})
        for (const at::Tensor& tensor : *list)
            flat.push_back(tensor.detach().reshape({-1}));
    at::Tensor all = at::cat(flat);
    processes->sum(all);
    all.div_(static_cast<double>(processes->size()));
    int64_t start = 0;
    for (auto* list : {&gradients, &numbers})
        for (at::Tensor& tensor : *list) {
            const int64_t count = tensor.numel();
            tensor = all.narrow(0, start, count).view(tensor.sizes());
            start += count;
        }
}

void Trainer::State::trainStep() {
    const Losses losses = task->losses(step);
    std::vector<at::Tensor> gradients =
        torch::autograd::grad({losses.total}, optimizer.parameters(), {}, false, false, true);
    for (size_t n = 0; n < gradients.size(); n++)
        gradients[n] = gradients[n].defined() ? gradients[n].contiguous()
                                              : at::zeros_like(optimizer.parameters()[n]);
    std::vector<at::Tensor> numbers{losses.total.detach()};
    for (const at::Tensor& term : losses.terms)
        numbers.push_back(term.detach());
    average(gradients, numbers);
    numbers.push_back(optimizer.step(gradients, schedule.learningRate(step)));
    unread.add(numbers);
    step++;
    if (device.is_cpu())
        read();
}

/// Waits for the device, and takes over what its steps have summed.
void Trainer::State::read() {
    const auto [steps, numbers, last] = unread.take();
    if (steps == 0)
        return;
    for (const size_t n : {size_t{0}, numbers.size() - 1})
        if (!std::isfinite(numbers[n]))
            fail("training step ", steps > 1 ? cat(step - steps, " to ") : "", step - 1, ": the ",
                 n == 0 ? "loss" : "norm of the gradient", " became ", numbers[n],
                 ", expected a number; try a smaller --learning-rate or --gradient-clip 10");
    for (size_t n = 0; n < sums.size(); n++)
        sums[n] += numbers[n];
    gradientNorm = last.back();
    lossCount += steps;
}

/// What the model files get: averaged weights, and the statistics that belong to them.
std::vector<at::Tensor> Trainer::State::exported() const {
    std::vector<at::Tensor> all = optimizer.parameters();
    for (const at::Tensor& buffer : task->buffers())
        all.push_back(buffer);
    return all;
}

TrainingReport Trainer::State::validate() {
    const std::vector<at::Tensor> trained = copyOf(optimizer.parameters());
    copyInto(optimizer.parameters(), optimizer.average());
    const Validation found = task->validate();
    // Rounding on different devices must not let the schedules of processes part.
    std::vector<double> losses{found.loss};
    processes->sum(losses, device);
    const double loss = losses[0] / static_cast<double>(processes->size());
    if (!std::isfinite(loss))
        fail("validating after step ", step, ": the loss became ", loss, ", expected a number; ",
             "look for atoms on top of each other in the held-back data, or try a smaller ",
             "--learning-rate");
    TrainingReport report;
    report.validated = true;
    lastFigures = found.figures;
    report.best = !task->exportsBest() || bestLoss < 0.0 || loss < bestLoss;
    if (report.best) {
        bestLoss = loss;
        bestStep = step;
        bestFigures = found.figures;
        best = copyOf(exported());
    }
    copyInto(optimizer.parameters(), trained);
    schedule.validated(loss);
    return report;
}

nlohmann::json Trainer::State::fingerprint() const {
    nlohmann::json json = task->fingerprint();
    json["batch"] = options.batch * processes->size();
    json["averaging"] = options.averageDecay > 0.0;
    json["seed"] = options.seed;
    return json;
}

void Trainer::State::save() {
    read();  // weights that are no numbers any more must not replace good ones
    if (!processes->first())
        return;
    const nlohmann::json state{{"description", task->description()},
                               {"step", step},
                               {"seconds", seconds()},
                               {"schedule", schedule.state()},
                               {"bestLoss", bestLoss},
                               {"bestStep", bestStep},
                               {"lastFigures", lastFigures},
                               {"bestFigures", bestFigures},
                               {"window", sums},
                               {"windowSteps", lossCount},
                               {"windowSeconds", windowSeconds()},
                               {"device", c10::DeviceTypeName(device.type(), true)},
                               {"run", fingerprint()}};
    saveCheckpoint(files.checkpoint(), {state, optimizer.state(), task->buffers(), best});
}

void Trainer::State::saveBest() {
    if (!processes->first())
        return;
    const std::vector<at::Tensor> kept = exported(), trained = copyOf(kept);
    if (!best.empty())
        copyInto(kept, best);
    nlohmann::json training{{"steps", step}, {"best_step", bestStep}, {"seconds", seconds()}};
    for (const auto& [name, value] : bestFigures)
        training["validation_" + name] = value;
    task->write(files.folder, training);
    copyInto(kept, trained);
}

/// What a report says of the steps since the last validation.
void Trainer::State::fill(TrainingReport& report) {
    read();
    const auto count = static_cast<double>(lossCount);
    report.step = step;
    report.steps = options.steps;
    report.epoch = step / task->stepsPerEpoch();
    report.seconds = seconds();
    report.figures = lastFigures;
    report.bestFigures = bestFigures;
    if (lossCount == 0)
        return;
    report.trainLoss = sums[0] / count;
    report.samplesPerSecond = count * static_cast<double>(task->samplesPerStep()) /
                              std::max(windowSeconds(), 1e-9);
    report.secondsLeft = static_cast<double>(options.steps - step) * windowSeconds() / count;
}

nlohmann::json Trainer::State::windowLine(const TrainingReport& report) const {
    nlohmann::json line{{"step", step},
                        {"epoch", report.epoch},
                        {"seconds", report.seconds},
                        {"learning_rate", schedule.learningRate(step)},
                        {"best", report.best}};
    for (const auto& [name, value] : report.figures)
        line["validation_" + name] = value;
    if (lossCount == 0)
        return line;
    const auto count = static_cast<double>(lossCount);
    line["samples_per_second"] = report.samplesPerSecond;
    line["gradient_norm"] = gradientNorm;
    line["train_loss"] = report.trainLoss;
    const std::vector<std::string> names = task->termNames();
    for (size_t n = 0; n < names.size(); n++)
        line["train_" + names[n] + "_loss"] = sums[n + 1] / count;
    return line;
}

void Trainer::State::startWindow() {
    sums.assign(task->termNames().size() + 1, 0.0);
    windowSecondsBefore = 0.0;
    lossCount = 0;
    windowBegan = Clock::now();
}

Trainer::Trainer(std::shared_ptr<Task> task, const TrainingOptions& options, RunFiles files,
                 std::shared_ptr<Processes> processes) {
    const std::vector<at::Tensor> parameters = task->parameters();
    const std::vector<double> rates = task->rates();
    state_.reset(new State{std::move(task), options, std::move(files), std::move(processes),
                           Optimizer(parameters, rates, options),
                           Schedule(options.schedule, options.steps),
                           parameters.front().device()});
    state_->startWindow();
}

Trainer::~Trainer() = default;

void Trainer::resume() {
    State& s = *state_;
    const Checkpoint checkpoint = loadCheckpoint(s.files.checkpoint());
    const nlohmann::json& state = checkpoint.state;
    if (state.at("run") != s.fingerprint())
        fail("resuming from ", s.files.checkpoint(), ": it belongs to a run with other data or ",
             "options (", state.at("run").dump(), "), expected ", s.fingerprint().dump());
    const std::vector<at::Tensor> buffers = s.task->buffers();
    if (checkpoint.buffers.size() != buffers.size())
        fail("resuming from ", s.files.checkpoint(), ": found ", checkpoint.buffers.size(),
             " buffers, expected ", buffers.size());
    s.optimizer.restore(checkpoint.optimizer);
    copyInto(buffers, checkpoint.buffers);
    s.best.clear();
    for (const at::Tensor& weights : checkpoint.best)
        s.best.push_back(toDevice(weights, s.device));
    s.step = state.at("step");
    s.secondsBefore = state.at("seconds");
    s.schedule.restore(state.at("schedule"));
    s.bestLoss = state.at("bestLoss");
    s.bestStep = state.at("bestStep");
    s.lastFigures = state.at("lastFigures").get<Figures>();
    s.bestFigures = state.at("bestFigures").get<Figures>();
    s.sums = state.at("window").get<std::vector<double>>();
    s.lossCount = state.at("windowSteps");
    s.windowSecondsBefore = state.at("windowSeconds");
}

bool Trainer::run(const nlohmann::json& header,
                  const std::function<void(const TrainingReport&)>& report,
                  const std::function<bool()>& stopped) {
    State& s = *state_;
    const bool fresh = s.bestLoss < 0.0;
    std::optional<Metrics> metrics;
    if (s.processes->first())
        fresh ? metrics.emplace(s.files.metrics(), header)
              : metrics.emplace(s.files.metrics(), s.step);
    s.began = s.windowBegan = Clock::now();
    Clock::time_point shown = s.began;
    TrainingReport line;
    const auto validate = [&] {
        s.read();
        line = s.validate();
        s.fill(line);
        if (metrics)
            metrics->write(s.windowLine(line));
        s.startWindow();
        report(line);
    };
    if (fresh)
        validate();
    while (s.step < s.options.steps && !s.processes->any(stopped(), s.device)) {
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
