// molspectra pretrain: trains a network on geometries and spectra before it sees energies.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "model/SpecFormer.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/PretrainOptions.h"
#include "trainer/commands/RunTraining.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/PretrainTask.h"
#include "trainer/training/Threads.h"

#include <cmath>
#include <filesystem>
#include <iostream>

namespace molspectra {
namespace {

using Json = nlohmann::json;

/// Molecules that the scales of spectra are fitted to.
constexpr size_t scaleMolecules = 2000;

Json fileOf(const std::string& path, const Json& provenance) {
    return {{"file", std::filesystem::path(path).filename().string()},
            {"sha256", sha256(readFile(path))},
            {"provenance", provenance}};
}

/// What a run starts with, and what its user may not expect of that.
struct Prepared {
    LoadedModel model;
    std::optional<LoadedSpecFormer> specFormer{};
    std::vector<std::string> remarks{};
};

/// The noise head that a foreign or fine-tuned model lacks is made new.
LoadedModel withNoiseHead(LoadedModel model, uint64_t seed) {
    model.description.config.noiseHead = true;
    torch::jit::Module larger = makeNetwork(model.description, seed);
    copySharedWeights(larger, model.network);
    model.network = larger;
    return model;
}

LoadedModel startNetwork(const CommandLine& line, uint64_t seed,
                         std::vector<std::string>& remarks) {
    if (line.values().count("model") == 0) {
        LoadedModel model{makeNetwork(networkConfig(line), seed), {}};
        model.description.config = networkConfig(line);
        return model;
    }
    refuseNetworkOptions(line);
    const auto path = line.get<std::string>("model");
    LoadedModel model = loadModel(path);
    if (!model.description.config.noiseHead) {
        model = withNoiseHead(model, seed);
        remarks.push_back(cat(path, ": it has no noise head; the one that is made has learned "
                                    "nothing yet"));
    }
    convertTo(model, "float32");
    model.description.provenance = {{"started_from", fileOf(path, model.description.provenance)}};
    model.description.offset = {};
    return model;
}

LoadedSpecFormer startSpecFormer(const CommandLine& line, const MoleculeStream& stream,
                                 int64_t channels, uint64_t seed) {
    if (line.values().count("spectra-model") == 0) {
        LoadedSpecFormer made{torch::jit::Module("empty"), {}};
        made.description.config = spectraConfig(line, channels);
        made.description.uvWidth = lineWidths(line).uv;
        made.description.vibrationalWidth = lineWidths(line).vibrational;
        if (made.description.config.optional)  // the published form knows no scale
            fitScales(made.description.config, stream.withSpectra(scaleMolecules),
                      lineWidths(line));
        made.specFormer = makeSpecFormer(made.description.config, seed);
        return made;
    }
    std::vector<std::string> fixed = specFormerOptions();
    fixed.insert(fixed.end(), {"uv-width", "line-width"});
    for (const std::string& name : fixed)
        if (line.given(name))
            throw UsageError(cat("--", name, " was given together with --spectra-model, whose ",
                                 "SpecFormer is taken as it is; leave one of them out"));
    const auto path = line.get<std::string>("spectra-model");
    LoadedSpecFormer loaded = loadSpecFormer(path);
    loaded.description.provenance = {
        {"started_from", fileOf(path, loaded.description.provenance)}};
    if (loaded.description.config.outputs != channels)
        fail("reading ", path, ": its SpecFormer is aligned with ",
             loaded.description.config.outputs, " channels, expected the network's ", channels);
    return loaded;
}

Prepared resumed(const RunFiles& files, bool spectra) {
    const Json description = loadCheckpoint(files.checkpoint()).state.at("description");
    if (spectra != description.contains("spectra"))
        fail("resuming from ", files.checkpoint(), ": that run has ",
             spectra ? "no objective of" : "an objective of", " spectra, expected the same now; ",
             "start another run with --model for other objectives");
    Prepared made{{torch::jit::Module("empty"),
                   parseDescription(description.at("model"), files.checkpoint())}};
    made.model.network = makeNetwork(made.model.description.config, 0);
    if (!spectra)
        return made;
    made.specFormer = {torch::jit::Module("empty"),
                       parseSpectraDescription(description.at("spectra"), files.checkpoint())};
    made.specFormer->specFormer = makeSpecFormer(made.specFormer->description.config, 0);
    return made;
}

Json filesJson(const MoleculeStream& stream) {
    std::vector<std::string> names;
    for (const std::string& path : stream.files())
        names.push_back(std::filesystem::path(path).filename().string());
    return {{"shards", names}, {"molecules", stream.molecules()}};
}

/// Options that say nothing of the run, or of a network that was taken as it is.
std::vector<std::string> optionsWithoutUse(const CommandLine& line) {
    std::vector<std::string> left{"config", "resume", "output", "help", "benchmark"};
    const auto leave = [&](const char* given, const std::vector<std::string>& names) {
        if (line.values().count(given))
            left.insert(left.end(), names.begin(), names.end());
    };
    leave("model", networkOptions());
    leave("spectra-model", specFormerOptions());
    leave("spectra-model", {"uv-width", "line-width"});
    // Else the run repeated would put this default in the place of the SpecFormer's own.
    if (!line.given("temperature"))
        leave("spectra-model", {"temperature"});
    // Else they would win over these steps when the run goes on once more.
    if (line.givenByUser("steps"))
        left.push_back("epochs");
    return left;
}

/// What a run that goes on has already.
std::vector<std::string> optionsOfTheRun() {
    std::vector<std::string> fixed = networkOptions();
    const std::vector<std::string> more = specFormerOptions();
    fixed.insert(fixed.end(), more.begin(), more.end());
    fixed.insert(fixed.end(), {"model", "spectra-model", "learn-temperature", "temperature",
                               "uv-width", "line-width", "preset", "note", "benchmark"});
    return fixed;
}

/// Of the model file that a run started from, or "" where there was none.
std::string startSha256(const ModelDescription& description) {
    return description.provenance.value("/started_from/sha256"_json_pointer, std::string());
}

Prepared prepare(const CommandLine& line, const MoleculeStream& stream,
                 const PretrainOptions& options, const std::string& device) {
    Prepared made{{torch::jit::Module("empty"), {}}};
    made.model = startNetwork(line, options.seed, made.remarks);
    std::vector<std::string> left = optionsWithoutUse(line);
    left.insert(left.end(), {"data", "model", "spectra-model"});
    Json provenance{{"data", filesJson(stream)},
                    {"options", line.configText(left)},
                    {"device", device},
                    {"seed", options.seed}};
    if (line.values().count("note"))
        provenance["note"] = line.get<std::string>("note");
    made.model.description.provenance.update(provenance);
    made.model.description.toolVersion = toolVersion();
    if (!options.usesSpectra())
        return made;
    made.specFormer = startSpecFormer(line, stream, made.model.description.config.channels,
                                      options.seed);
    if (line.values().count("spectra-model") == 0 || line.given("temperature"))
        made.specFormer->specFormer.attr("log_scale").toTensor().detach().fill_(
            -std::log(options.temperature));
    if (line.values().count("spectra-model") &&
        made.specFormer->description.networkSha256 != startSha256(made.model.description))
        made.remarks.push_back(cat(line.get<std::string>("spectra-model"),
                                   ": it was aligned with another network than this run begins "
                                   "with; they are aligned anew"));
    made.specFormer->description.provenance.update(provenance);
    made.specFormer->description.toolVersion = toolVersion();
    return made;
}

std::string figuresText(const TrainingReport& report) {
    std::string text = "validation:";
    for (const auto& [name, value] : report.figures)
        text += cat(" ", name, " ", toFixed(value, 4));
    return text;
}

}  // namespace

int pretrain(const std::vector<std::string>& arguments) {
    CommandLine line = pretrainCommandLine();
    if (!line.parse(resumedArguments(arguments), pretrainPreset))
        return 0;
    const auto benchmark = line.get<int64_t>("benchmark");
    const bool resuming = line.values().count("resume") > 0;
    const RunFiles files{benchmark > 0 ? "" : line.required("output")};
    PretrainOptions options = pretrainOptions(line);
    if (line.values().count("data") == 0)
        throw UsageError("--data is missing; --help shows all options");
    if (line.givenByUser("epochs") && line.givenByUser("steps"))
        throw UsageError("--epochs was given together with --steps; leave one of them out");
    if (resuming)
        refuseWithResume(line, optionsOfTheRun());
    else if (options.usesSpectra() && line.values().count("spectra-model") == 0)
        spectraConfig(line, 1);  // wrong options are told before anything is made
    // Each process of a machine takes a graphics card of its own.
    const ChosenDevice chosen = useDevice(line, localRank());
    const auto processes = processesFromEnvironment(chosen.device);
    if (benchmark == 0 && !resuming && processes->first())
        refuseUsedFolder(files);
    MoleculeStream stream(line.get<std::vector<std::string>>("data"),
                          {options.batch * processes->size(), line.get<int64_t>("validation"),
                           line.get<int64_t>("window"), options.seed,
                           line.get<bool>("group-isomers")});
    if (const auto epochs = line.get<int64_t>("epochs"); epochs > 0 && !line.givenByUser("steps"))
        options.steps = epochs * stream.stepsPerEpoch();
    if (processes->first())
        tellDevice(line, chosen);
    Prepared made = resuming ? resumed(files, options.usesSpectra())
                             : prepare(line, stream, options, chosen.name);
    if (processes->first())
        for (const std::string& remark : made.remarks)
            std::cerr << cat("warning: ", remark, "\n");
    made.model.network = onDevice(made.model.network, chosen.device);
    if (made.specFormer)
        made.specFormer->specFormer = onDevice(made.specFormer->specFormer, chosen.device);
    Json header{{"tool", toolVersion()},
                {"config", toJson(made.model.description.config)},
                {"data", filesJson(stream)},
                {"processes", processes->size()},
                {"device", chosen.name},
                {"threads", threads()}};
    Trainer trainer(std::make_shared<PretrainTask>(made.model.network, made.model.description,
                                                   made.specFormer, std::move(stream), options,
                                                   processes),
                    options, files, processes);
    if (benchmark > 0) {
        printBenchmark(trainer, benchmark, options.batch * processes->size(), chosen.name);
        return 0;
    }
    if (resuming)
        resume(trainer, line, options.steps);
    if (processes->first()) {
        makeRunFolder(files);
        writeFileSafely(files.config(), line.configText(optionsWithoutUse(line)));
    }
    return trainUntilDone(trainer, header, files, "pretrain", figuresText, processes->first());
}

}  // namespace molspectra
