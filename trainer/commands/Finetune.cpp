// molspectra finetune: trains a network on energies and forces.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/FinetuneOptions.h"
#include "trainer/commands/Progress.h"
#include "trainer/data/Dataset.h"
#include "trainer/training/Evaluation.h"
#include "trainer/training/Threads.h"
#include "trainer/training/Trainer.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>

namespace molspectra {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int) {
    interrupted = 1;
}

using FrameList = std::vector<const Frame*>;

FrameList select(const Dataset& data, const std::vector<int64_t>& numbers) {
    FrameList frames;
    for (const int64_t number : numbers)
        frames.push_back(&data.frames[static_cast<size_t>(number)]);
    return frames;
}

std::string optional(const CommandLine& line, const std::string& name) {
    return line.values().count(name) ? line.get<std::string>(name) : std::string();
}

Dataset readData(const CommandLine& line) {
    if (line.values().count("data") == 0)
        throw UsageError("molspectra finetune: --data is missing; --help shows all options");
    Dataset data = readDataset(line.get<std::vector<std::string>>("data"),
                               {optional(line, "energy-unit"), optional(line, "length-unit")});
    for (const DataSource& source : data.sources)
        std::cerr << cat(source.path, ": ", source.frames, " frames, ", source.energyUnit, " and ",
                         source.lengthUnit, source.unitsAssumed ? " (assumed)" : "", "\n");
    if (const auto warning = suspiciousForces(data))
        std::cerr << "warning: " << *warning << "\n";
    return data;
}

Split makeSplit(const CommandLine& line, const Dataset& data) {
    const auto frames = static_cast<int64_t>(data.frames.size());
    if (line.values().count("split"))
        return readSplit(line.get<std::string>("split"), frames);
    return randomSplit(frames, splitCounts(line),
                       static_cast<uint64_t>(line.get<int64_t>("split-seed")));
}

nlohmann::json sourcesJson(const Dataset& data) {
    nlohmann::json list = nlohmann::json::array();
    for (const DataSource& source : data.sources)
        list.push_back({{"file", std::filesystem::path(source.path).filename().string()},
                        {"sha256", source.sha256},
                        {"format", source.format},
                        {"energy_unit", source.energyUnit},
                        {"length_unit", source.lengthUnit},
                        {"frames", source.frames}});
    return list;
}

/// Whether energies are referred to one molecule's mean, and not to its elements.
bool molecularReference(const CommandLine& line, const Dataset& data) {
    const auto wanted = line.get<std::string>("energy-reference");
    if (wanted == "auto")
        return data.singleMolecule();
    if (wanted != "molecule" && wanted != "elements")
        throw UsageError(cat("--energy-reference: found '", wanted,
                             "', expected auto, molecule or elements"));
    if (wanted == "molecule" && !data.singleMolecule())
        fail("referring energies to one molecule: the data hold frames of different molecules; ",
             "give files of one molecule, or --energy-reference elements");
    return wanted == "molecule";
}

/// The network to train: from a model file, or from nothing in the data's unit.
LoadedModel startModel(const CommandLine& line, const Dataset& data, const FrameList& train) {
    const auto seed = static_cast<uint64_t>(line.get<int64_t>("seed"));
    if (line.values().count("model") == 0) {
        LoadedModel model{makeNetwork(networkConfig(line), seed), {}};
        model.description.config = networkConfig(line);
        model.description.energyUnit = data.energyUnit;
        const Standardization found = standardize(train, molecularReference(line, data), {});
        setEnergyScale(model.network, found.scale);
        model.description.offset = found.offset;
        return model;
    }
    for (const std::string& name : networkOptions())
        if (line.given(name))
            throw UsageError(cat("--", name, " was given together with --model, whose network is ",
                                 "taken as it is; leave one of them out"));
    const std::string path = line.get<std::string>("model");
    LoadedModel model = loadModel(path);
    model.description.provenance = {
        {"started_from", {{"file", std::filesystem::path(path).filename().string()},
                          {"sha256", sha256(readFile(path))},
                          {"provenance", model.description.provenance}}}};
    return model;
}

/// The offset of a started network: what its energies lack of the new labels.
void refitOffset(LoadedModel& model, const FrameList& train, bool molecular) {
    const auto samples = makeSamples(train, model.description.config.cutoff, {});
    const std::vector<double> predicted = predict(model.network, samples).energy;
    model.description.offset = standardize(train, molecular, predicted).offset;
}

void checkElements(const Dataset& data, const ModelConfig& config) {
    if (data.species().back() >= config.elements)
        fail("preparing the network: the data hold element ", data.species().back(),
             ", the network knows atomic numbers below ", config.elements);
}

/// Command line of the run to go on with: that run's options, overridden by those given now.
std::vector<std::string> resumedArguments(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = arguments;
    const auto at = std::find(all.begin(), all.end(), "--resume");
    if (at == all.end() || at + 1 == all.end())
        return all;
    const RunFiles files{*(at + 1)};
    all.insert(all.end(), {"--config", files.config(), "--output", files.folder});
    return all;
}

void printBenchmark(Trainer& trainer, int64_t count) {
    std::vector<double> times = trainer.benchmark(count);
    std::sort(times.begin(), times.end());
    const nlohmann::json result{{"ms_per_step",
                                 {{"min", times.front()},
                                  {"median", times[times.size() / 2]},
                                  {"max", times.back()}}},
                                {"steps", count},
                                {"threads", threads()}};
    std::cout << result.dump() << "\n";
}

int trainUntilDone(Trainer& trainer, const nlohmann::json& header, const RunFiles& files,
                   const std::string& unit) {
    interrupted = 0;
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    Progress progress(unit);
    const bool done = trainer.run(
        header, [&](const TrainingReport& report) { progress.show(report); },
        [] { return interrupted != 0; });
    progress.finish();
    std::cerr << (done ? "finished: " : "interrupted, everything is saved; go on with molspectra "
                                        "finetune --resume " + files.folder + ": ")
              << files.model() << "\n";
    return 0;
}

/// Everything between the options and the loop.
struct Prepared {
    Dataset data;
    Split split;
    LoadedModel model;
    std::string userUnit;
    FrameList train, validation;
};

Prepared prepare(const CommandLine& line) {
    Prepared made;
    made.data = readData(line);
    made.userUnit = made.data.energyUnit;
    made.split = makeSplit(line, made.data);
    made.train = select(made.data, made.split.train);
    made.model = startModel(line, made.data, made.train);
    made.data.convertTo(made.model.description.energyUnit);
    made.validation = select(made.data, made.split.validation);
    checkElements(made.data, made.model.description.config);
    if (line.values().count("model"))
        refitOffset(made.model, made.train, molecularReference(line, made.data));
    ModelDescription& description = made.model.description;
    description.species = made.data.species();
    description.toolVersion = toolVersion();
    description.provenance["data"] = sourcesJson(made.data);
    description.provenance["split"] = {{"train", made.split.train.size()},
                                       {"validation", made.split.validation.size()},
                                       {"test", made.split.test.size()},
                                       {"seed", line.get<int64_t>("split-seed")}};
    description.provenance["seed"] = line.get<int64_t>("seed");
    description.provenance["energy_unit"] = made.userUnit;
    return made;
}

nlohmann::json headerOf(const Prepared& made) {
    return {{"tool", toolVersion()},
            {"energy_unit", made.userUnit},
            {"config", toJson(made.model.description.config)},
            {"data", sourcesJson(made.data)},
            {"threads", threads()}};
}

void writeRunFiles(const CommandLine& line, const Prepared& made, const RunFiles& files) {
    std::error_code error;
    std::filesystem::create_directories(files.folder, error);
    if (error)
        fail("making the folder ", files.folder, ": ", error.message());
    std::vector<std::string> left{"config", "resume", "output", "help", "benchmark"};
    if (line.values().count("model"))
        for (const std::string& name : networkOptions())
            left.push_back(name);
    writeFileSafely(files.config(), line.configText(left));
    writeSplit(files.split(), made.split);
}

}  // namespace

int finetune(const std::vector<std::string>& arguments) {
    CommandLine line = finetuneCommandLine();
    if (!line.parse(resumedArguments(arguments), finetunePreset))
        return 0;
    const auto benchmark = line.get<int64_t>("benchmark");
    const RunFiles files{benchmark > 0 ? "" : line.required("output")};
    TrainingOptions options = trainingOptions(line);
    setThreads(line.get<int64_t>("threads"));
    Prepared made = prepare(line);
    ModelDescription& description = made.model.description;
    options.reportFactor = energyFactor(description.energyUnit, made.userUnit);
    const nlohmann::json header = headerOf(made);
    if (benchmark == 0)
        writeRunFiles(line, made, files);
    Trainer trainer(made.model.network, description,
                    makeSamples(made.train, description.config.cutoff, description.offset),
                    makeSamples(made.validation, description.config.cutoff, description.offset),
                    options, files);
    if (benchmark > 0) {
        printBenchmark(trainer, benchmark);
        return 0;
    }
    if (line.values().count("resume"))
        trainer.resume();
    return trainUntilDone(trainer, header, files, made.userUnit);
}

}  // namespace molspectra
