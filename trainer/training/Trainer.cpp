// The training loop: gradients, optimizer, validation, checkpoints, log.
// SPDX-License-Identifier: MIT
#include "trainer/training/Trainer.h"

#include "core/Error.h"
#include "model/Graph.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/Interval.h"
#include "trainer/training/Metrics.h"
#include "trainer/training/Optimizer.h"
#include "trainer/training/Schedule.h"
#include "trainer/training/StepSums.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <optional>

namespace molspectra {
namespace {

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
    double bestLoss = -1.0;
    Figures lastFigures{}, bestFigures{};
    StepSums unread{};  ///< loss, its terms, norm of the gradient
    Interval interval{};
    Stopwatch clock{};

    int64_t validationInterval() const {
        return options.validationInterval > 0 ? options.validationInterval
                                              : task->stepsPerEpoch();
    }

    void trainStep();
    void read();
    void beginInterval() { interval.begin(task->termNames().size() + 1); }
    TrainingReport validate();
    void fill(TrainingReport& report);
    nlohmann::json intervalLine(const TrainingReport& report) const;
    void save();
    void saveBest();
    nlohmann::json fingerprint() const;
    std::vector<at::Tensor> exported() const;
};

void Trainer::State::trainStep() {
    const Losses losses = task->losses(step);
    std::vector<at::Tensor> gradients =
        torch::autograd::grad({losses.total}, optimizer.parameters(), {}, false, false, true);
    for (size_t n = 0; n < gradients.size(); n++)
        gradients[n] = gradients[n].defined() ? gradients[n].contiguous()
                                              : at::zeros_like(optimizer.parameters()[n]);
    // One message for gradients and losses.
    std::vector<at::Tensor> shared = gradients;
    shared.push_back(losses.total.detach());
    for (const at::Tensor& term : losses.terms)
        shared.push_back(term.detach());
    processes->average(shared);
    const auto rest = shared.begin() + static_cast<std::ptrdiff_t>(gradients.size());
    gradients.assign(shared.begin(), rest);
    std::vector<at::Tensor> numbers(rest, shared.end());
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
    interval.add(steps, numbers, last.back());
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
                               {"seconds", clock.seconds()},
                               {"schedule", schedule.state()},
                               {"bestLoss", bestLoss},
                               {"bestStep", bestStep},
                               {"lastFigures", lastFigures},
                               {"bestFigures", bestFigures},
                               {"interval", interval.state()},
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
    nlohmann::json training{{"steps", step}, {"best_step", bestStep},
                            {"seconds", clock.seconds()}};
    for (const auto& [name, value] : bestFigures)
        training["validation_" + name] = value;
    task->write(files.folder, training);
    copyInto(kept, trained);
}

/// What a report says of the steps since the last validation.
void Trainer::State::fill(TrainingReport& report) {
    read();
    report.step = step;
    report.steps = options.steps;
    report.epoch = step / task->stepsPerEpoch();
    report.seconds = clock.seconds();
    report.figures = lastFigures;
    report.bestFigures = bestFigures;
    if (interval.steps() == 0)
        return;
    report.trainLoss = interval.mean(0);
    report.samplesPerSecond =
        static_cast<double>(task->samplesPerStep()) / interval.secondsPerStep();
    report.secondsLeft = static_cast<double>(options.steps - step) * interval.secondsPerStep();
}

nlohmann::json Trainer::State::intervalLine(const TrainingReport& report) const {
    nlohmann::json line{{"step", step},
                        {"epoch", report.epoch},
                        {"seconds", report.seconds},
                        {"learning_rate", schedule.learningRate(step)},
                        {"best", report.best}};
    for (const auto& [name, value] : report.figures)
        line["validation_" + name] = value;
    if (interval.steps() == 0)
        return line;
    line["samples_per_second"] = report.samplesPerSecond;
    line["gradient_norm"] = interval.gradientNorm();
    line["train_loss"] = report.trainLoss;
    const std::vector<std::string> names = task->termNames();
    for (size_t n = 0; n < names.size(); n++)
        line["train_" + names[n] + "_loss"] = interval.mean(n + 1);
    return line;
}

Trainer::Trainer(std::shared_ptr<Task> task, const TrainingOptions& options, RunFiles files,
                 std::shared_ptr<Processes> processes) {
    const std::vector<at::Tensor> parameters = task->parameters();
    const std::vector<double> rates = task->rates();
    state_.reset(new State{std::move(task), options, std::move(files), std::move(processes),
                           Optimizer(parameters, rates, options),
                           Schedule(options.schedule, options.steps),
                           parameters.front().device()});
    state_->beginInterval();
}

Trainer::~Trainer() = default;

void Trainer::resume() {
    State& s = *state_;
    const Checkpoint checkpoint = loadCheckpoint(s.files.checkpoint());
    const nlohmann::json& state = checkpoint.state;
    if (state.at("run") != s.fingerprint())
        fail("resuming from ", s.files.checkpoint(), ": it belongs to a run with other data or ",
             "options: ", differences(state.at("run"), s.fingerprint()));
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
    s.clock.start(state.at("seconds"));
    s.schedule.restore(state.at("schedule"));
    s.bestLoss = state.at("bestLoss");
    s.bestStep = state.at("bestStep");
    s.lastFigures = state.at("lastFigures").get<Figures>();
    s.bestFigures = state.at("bestFigures").get<Figures>();
    s.interval.restore(state.at("interval"));
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
    s.clock.goOn();
    s.interval.goOn();
    Stopwatch sinceShown, sinceSaved;
    TrainingReport line;
    const auto validate = [&] {
        s.read();
        line = s.validate();
        s.fill(line);
        if (metrics)
            metrics->write(s.intervalLine(line));
        s.beginInterval();
        report(line);
    };
    if (fresh)
        validate();
    while (s.step < s.options.steps && !s.processes->any(stopped(), s.device)) {
        s.trainStep();
        if (s.step % s.validationInterval() == 0 || s.step == s.options.steps) {
            validate();
        } else if (sinceShown.seconds() > 0.5) {
            line.validated = line.best = false;
            s.fill(line);
            report(line);
            sinceShown.start();
        }
        if (s.step % s.options.checkpointInterval == 0 ||
            sinceSaved.seconds() > s.options.checkpointSeconds) {
            s.save();
            s.saveBest();
            sinceSaved.start();
        }
    }
    s.save();
    s.saveBest();
    return s.step >= s.options.steps;
}

int64_t Trainer::step() const {
    return state_->step;
}

std::vector<double> Trainer::benchmark(int64_t count) {
    constexpr int64_t unmeasured = 5;
    std::vector<double> times;
    for (int64_t n = 0; n < unmeasured + count; n++) {
        const Stopwatch clock;
        state_->trainStep();
        state_->read();
        if (n >= unmeasured)
            times.push_back(1e3 * clock.seconds());
    }
    return times;
}

}  // namespace molspectra
