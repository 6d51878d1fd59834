// molspectra finetune: trains a network on energies and forces.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/FinetuneOptions.h"
#include "trainer/commands/Progress.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/RunTraining.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"
#include "trainer/data/Dataset.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/EnergyForcesTask.h"
#include "trainer/training/Evaluation.h"
#include "trainer/training/Processes.h"
#include "trainer/training/Threads.h"
#include "trainer/training/Trainer.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>

namespace molspectra {
namespace {

using FrameList = std::vector<const Frame*>;

FrameList select(const Dataset& data, const std::vector<int64_t>& numbers) {
    FrameList frames;
    for (const int64_t number : numbers)
        frames.push_back(&data.frames[static_cast<size_t>(number)]);
    return frames;
}

std::vector<int> speciesOf(const FrameList& frames) {
    std::set<int> all;
    for (const Frame* frame : frames)
        all.insert(frame->numbers.begin(), frame->numbers.end());
    return {all.begin(), all.end()};
}

Split makeSplit(const CommandLine& line, const Dataset& data) {
    const auto frames = static_cast<int64_t>(data.frames.size());
    if (line.values().count("split")) {
        for (const char* count : {"train", "validation", "test", "split-seed"})
            if (line.givenByUser(count))
                throw UsageError(cat("--", count, " was given together with --split, which says ",
                                     "it already; leave one of them out"));
        return readSplit(line.get<std::string>("split"), frames);
    }
    return randomSplit(frames, splitCounts(line),
                       static_cast<uint64_t>(line.get<int64_t>("split-seed")));
}

/// Whether energies are referred to one molecule's mean, and not to its elements.
bool molecularReference(const CommandLine& line, const Dataset& data) {
    const auto wanted = line.get<std::string>("energy-reference");
    if (wanted == "auto")
        return data.singleFormula();
    if (wanted != "molecule" && wanted != "elements")
        throw UsageError(cat("--energy-reference: found '", wanted,
                             "', expected auto, molecule or elements"));
    if (wanted == "molecule" && !data.singleFormula())
        fail("referring energies to one molecule: the data hold frames of different molecules; ",
             "give files of one molecule, or --energy-reference elements");
    return wanted == "molecule";
}

/// The network of a run to go on with; its weights come with the optimizer's state.
LoadedModel resumableModel(const RunFiles& files, c10::Device device) {
    const nlohmann::json state = loadCheckpoint(files.checkpoint()).state;
    const std::string before = state.value("device", "cpu");
    const std::string now = c10::DeviceTypeName(device.type(), true);
    if (before != now)
        std::cerr << "going on with a run of the device " << before << " on " << now
                  << ": its last digits will not be those of a run that stays on one device\n";
    LoadedModel model{torch::jit::Module("empty"),
                      parseDescription(state.at("description").at("model"), files.checkpoint())};
    model.network = makeNetwork(model.description, 0);
    setEnergyScale(model.network, state.at("description").at("energyScale"));
    return model;
}

/// Energies in the data's unit that the network has yet to learn: offset and scale of the labels.
void standardizeEnergies(const CommandLine& line, const Dataset& data, const FrameList& train,
                         LoadedModel& model) {
    const Standardization found = standardize(train, molecularReference(line, data), {});
    setEnergyScale(model.network, found.scale);
    model.description.energyUnit = data.energyUnit;
    model.description.offset = found.offset;
    model.description.energiesTrained = true;
}

/// Elements of the data that a network has not met are learned from these frames alone.
void warnOfElements(const std::string& path, const ModelDescription& description,
                    const Dataset& data) {
    std::vector<int> unknown;
    for (const int species : data.species())
        if (!std::binary_search(description.species.begin(), description.species.end(), species))
            unknown.push_back(species);
    if (!unknown.empty() && !description.species.empty())
        std::cerr << cat("warning: ", path, ": the data hold ", symbolsOf(unknown),
                         ", but the last training of this network was on ",
                         symbolsOf(description.species), "; what no training before had either is ",
                         "learned from these frames alone\n");
}

/// The network to train: from a model file, or from nothing in the data's unit.
/// @param knewEnergies  whether the model file had learned energies
LoadedModel startModel(const CommandLine& line, const Dataset& data, const FrameList& train,
                       bool& knewEnergies) {
    const auto seed = static_cast<uint64_t>(line.get<int64_t>("seed"));
    if (line.values().count("model") == 0) {
        LoadedModel model{makeNetwork(networkConfig(line), seed), {}};
        model.description.config = networkConfig(line);
        standardizeEnergies(line, data, train, model);
        return model;
    }
    refuseNetworkOptions(line);
    const std::string path = line.get<std::string>("model");
    LoadedModel model = loadModel(path);
    warnOfElements(path, model.description, data);
    model.description.provenance = {
        {"started_from", {{"file", std::filesystem::path(path).filename().string()},
                          {"sha256", sha256(readFile(path))},
                          {"provenance", model.description.provenance}}}};
    knewEnergies = model.description.energiesTrained;
    if (knewEnergies)
        return model;
    // Its energy head has never learned anything: a new one, by this run's seed.
    torch::jit::Module fresh = makeNetwork(model.description, seed);
    copySharedWeights(fresh, model.network, "energy.");
    model.network = fresh;
    standardizeEnergies(line, data, train, model);
    return model;
}

/// The offset of a started network: what its energies lack of the new labels.
void refitOffset(LoadedModel& model, const FrameList& train, bool molecular) {
    const auto samples = makeSamples(train, model.description.config.cutoff, {});
    const std::vector<double> predicted = predict(model.network, samples).energy;
    model.description.offset = standardize(train, molecular, predicted).offset;
}

/// Everything between the options and the loop.
struct Prepared {
    Dataset data;
    std::string device;
    Split split;
    LoadedModel model;
    std::string userUnit;
    FrameList train, validation;
};

void checkElements(const Prepared& made) {
    const int highest = made.data.species().back(), rows = made.model.description.config.elements;
    if (highest >= rows)
        fail("preparing the network: the data hold element ", highest,
             ", the network knows atomic numbers below ", rows);
    const std::vector<int>& trained = made.model.description.species;
    for (const int species : speciesOf(made.validation))
        if (!std::binary_search(trained.begin(), trained.end(), species))
            fail("splitting the data: the validation frames hold ", symbolOf(species),
                 ", which no training frame holds; give more --train frames or a --split file");
}

nlohmann::json splitJson(const CommandLine& line, const Split& split) {
    nlohmann::json json{{"train", split.train.size()},
                        {"validation", split.validation.size()},
                        {"test", split.test.size()}};
    if (line.values().count("split"))
        json["file_sha256"] = sha256(readFile(line.get<std::string>("split")));
    else
        json["seed"] = line.get<int64_t>("split-seed");
    return json;
}

void describe(const CommandLine& line, Prepared& made) {
    ModelDescription& description = made.model.description;
    description.species = speciesOf(made.train);
    description.toolVersion = toolVersion();
    description.provenance["data"] = sourcesJson(made.data);
    description.provenance["split"] = splitJson(line, made.split);
    description.provenance["options"] = line.configText(
        {"data", "output", "resume", "config", "model", "split", "help", "benchmark"});
    if (line.values().count("note"))
        description.provenance["note"] = line.get<std::string>("note");
    description.provenance["device"] = made.device;
    description.provenance["seed"] = line.get<int64_t>("seed");
    description.provenance["energy_unit"] = made.userUnit;
}

/// @param resumed  a run to go on with, whose network and offset are taken; else none
Prepared prepare(const CommandLine& line, const std::optional<RunFiles>& resumed,
                 const ChosenDevice& chosen) {
    Prepared made;
    made.device = chosen.name;
    made.data = readData(line);
    tellDevice(line, chosen);
    made.userUnit = made.data.energyUnit;
    made.split = makeSplit(line, made.data);
    std::cerr << cat("frames: ", made.split.train.size(), " to train, ",
                     made.split.validation.size(), " to validate, ", made.split.test.size(),
                     " to test\n");
    made.train = select(made.data, made.split.train);
    bool knewEnergies = false;
    made.model = resumed ? resumableModel(*resumed, chosen.device)
                         : startModel(line, made.data, made.train, knewEnergies);
    made.model.network = onDevice(made.model.network, chosen.device);
    made.data.convertTo(made.model.description.energyUnit);
    made.validation = select(made.data, made.split.validation);
    if (resumed)
        return made;
    describe(line, made);
    checkElements(made);
    if (knewEnergies)
        refitOffset(made.model, made.train, molecularReference(line, made.data));
    return made;
}

nlohmann::json headerOf(const Prepared& made) {
    return {{"tool", toolVersion()},
            {"energy_unit", made.userUnit},
            {"config", toJson(made.model.description.config)},
            {"data", sourcesJson(made.data)},
            {"device", made.device},
            {"threads", threads()}};
}

void writeRunFiles(const CommandLine& line, const Prepared& made, const RunFiles& files) {
    std::vector<std::string> left{"config", "resume", "output", "help", "benchmark"};
    if (line.values().count("model"))
        for (const std::string& name : networkOptions())
            left.push_back(name);
    if (line.values().count("split"))
        left.insert(left.end(), {"train", "validation", "test", "split-seed"});
    writeFileSafely(files.config(), line.configText(left));
    writeSplit(files.split(), made.split);
}

/// What a run that goes on has already.
std::vector<std::string> optionsOfTheRun() {
    std::vector<std::string> fixed = networkOptions();
    fixed.insert(fixed.end(), {"model", "energy-reference", "preset", "note", "benchmark"});
    return fixed;
}

std::function<std::string(const TrainingReport&)> progressText(const std::string& unit) {
    return [unit](const TrainingReport& report) {
        return cat("validation MAE: energy ", errorText(report.figures.at("energy_mae")), " ", unit,
                   ", forces ", errorText(report.figures.at("forces_mae")), " ", unit, "/A (best ",
                   errorText(report.bestFigures.at("forces_mae")), ")");
    };
}

}  // namespace

int finetune(const std::vector<std::string>& arguments) {
    CommandLine line = finetuneCommandLine();
    if (!line.parse(resumedArguments(arguments), finetunePreset))
        return 0;
    const auto benchmark = line.get<int64_t>("benchmark");
    const bool resumed = line.values().count("resume") > 0;
    const RunFiles files{benchmark > 0 ? "" : line.required("output")};
    if (startedProcesses() > 1)
        fail("starting to fine-tune: found ", startedProcesses(), " processes that torchrun or ",
             "mpirun started, expected one; only pretrain shares its work among several");
    FinetuneOptions options = finetuneOptions(line);
    if (resumed)
        refuseWithResume(line, optionsOfTheRun());
    const ChosenDevice chosen = useDevice(line);
    if (benchmark == 0 && !resumed)
        refuseUsedFolder(files);
    Prepared made = prepare(line, resumed ? std::optional(files) : std::nullopt, chosen);
    ModelDescription& description = made.model.description;
    options.reportFactor = energyFactor(description.energyUnit, made.userUnit);
    const nlohmann::json header = headerOf(made);
    const auto samples = [&](const FrameList& frames) {
        return makeSamples(frames, description.config.cutoff, description.offset);
    };
    const auto task = std::make_shared<EnergyForcesTask>(
        made.model.network, description, samples(made.train), samples(made.validation), options);
    Trainer trainer(task, options, files);
    if (benchmark > 0) {
        printBenchmark(trainer, benchmark, task->samplesPerStep(), made.device);
        return 0;
    }
    if (resumed)
        resume(trainer, line, options.steps);
    makeRunFolder(files);
    writeRunFiles(line, made, files);
    return trainUntilDone(trainer, header, files, "finetune", progressText(made.userUnit));
}

}  // namespace molspectra
