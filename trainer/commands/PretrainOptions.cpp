// Options of `molspectra pretrain`, and the structs they fill.
// SPDX-License-Identifier: MIT
#include "trainer/commands/PretrainOptions.h"

#include "core/Error.h"
#include "core/Text.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"

#include <map>

namespace molspectra {

namespace po = boost::program_options;

namespace {

const std::vector<std::string> kinds{"uv", "ir", "raman"};

/// As published, but for the average of weights.
PretrainOptions defaults() {
    PretrainOptions base;
    base.steps = 400000;
    base.batch = 70;
    base.validationInterval = 2000;
    base.schedule.kind = "cosine";
    base.schedule.learningRate = 4e-4;
    base.schedule.warmup = 10000;
    return base;
}

ModelConfig networkDefaults() {
    ModelConfig config;
    config.noiseHead = true;
    return config;
}

po::options_description dataGroup() {
    const StreamOptions base;
    const LineWidths widths;
    po::options_description group("Data");
    group.add_options()
        ("data", po::value<std::vector<std::string>>()->multitoken(),
         "shards, or folders of them, as molspectra data writes")
        ("validation", integer(base.validation), "molecules held back to validate")
        ("window", integer(base.window), "molecules in memory, which are shuffled together")
        ("group-isomers", flag(base.groupIsomers),
         "molecules of one formula in the same batches, harder to tell apart for the contrast")
        ("uv-width", number(widths.uv), "full width at half maximum of broadened UV lines, eV")
        ("line-width", number(widths.vibrational), "of broadened IR and Raman lines, 1/cm");
    return group;
}

po::options_description runGroup() {
    po::options_description group("Run");
    group.add_options()
        ("preset", word("denoise"),
         "denoise: stage 1, the defaults; spectra: stage 2, --batch 128 --reconstruction-weight 1 "
         "--contrast-weight 1")
        ("model", po::value<std::string>(), "model file to start from (default: from nothing)")
        ("spectra-model", po::value<std::string>(), "SpecFormer to start from (spectra.pt)")
        ("epochs", integer(0), "instead of --steps: passes over the data; 0 is off");
    addRunOptions(group, defaults(), "molecules of each process");
    return group;
}

po::options_description objectiveGroup() {
    const PretrainOptions base;
    po::options_description group("Objectives");
    group.add_options()
        ("denoising-weight", number(base.denoisingWeight), "of predicting the noise; 0 is off")
        ("denoising-sigma", number(base.denoisingSigma), "standard deviation of that noise, A")
        ("reconstruction-weight", number(base.reconstructionWeight),
         "of reconstructing masked patches of spectra; 0 is off")
        ("contrast-weight", number(base.contrastWeight),
         "of aligning molecules with their spectra; 0 is off")
        ("temperature", number(base.temperature), "of the contrast")
        ("learn-temperature", flag(base.learnTemperature), "start there and learn it")
        ("symmetric", flag(base.symmetric), "spectra must find their molecules as well")
        ("mask-ratio", number(base.maskRatio[0]), "masked part of the patches of each spectrum")
        ("spectra-dropout", number(base.spectraDropout),
         "chance of each spectrum to be left out of a step, so that match can do with some kinds; "
         "one always stays");
    return group;
}

po::options_description specFormerGroup() {
    const SpectraConfig base = SpectraConfig::qm9s();
    po::options_description group("SpecFormer (without --spectra-model)");
    group.add_options()
        ("spectra", word("uv,ir,raman"), "kinds that are used")
        ("form", word("own"), "own: mask token, norms over channels, molecules may lack spectra; "
                              "published: as MolSpectra's checkpoints")
        ("spectra-channels", integer(base.channels), "width of a token")
        ("spectra-layers", integer(base.layers), "layers")
        ("spectra-heads", integer(base.heads), "attention heads")
        ("spectra-hidden", integer(base.hidden), "width of the feed-forward part");
    for (const SpectrumConfig& each : base.spectra) {
        const std::string kind = each.kind, unit = kind == "uv" ? "eV" : "1/cm";
        group.add_options()
            ((kind + "-grid").c_str(),
             word(cat(each.start, ":", each.step, ":", each.points)),
             cat("its points: start:step:number, ", unit).c_str())
            ((kind + "-patch").c_str(), integer(each.patch), "points of a patch")
            ((kind + "-stride").c_str(), integer(each.stride), "points from patch to patch");
    }
    return group;
}

SpectrumConfig spectrumConfig(const CommandLine& line, const std::string& kind) {
    const auto text = line.get<std::string>(kind + "-grid");
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() != 3)
        throw UsageError(cat("--", kind, "-grid: found '", text, "', expected start:step:number"));
    SpectrumConfig config;
    config.kind = kind;
    try {
        config.start = parseDouble(parts[0], kind);
        config.step = parseDouble(parts[1], kind);
        config.points = parseInteger(parts[2], kind);
    } catch (const Error&) {
        throw UsageError(cat("--", kind, "-grid: found '", text, "', expected three numbers, ",
                             "start:step:number"));
    }
    constexpr int64_t mostPoints = 1000000;
    if (config.points > mostPoints)
        throw UsageError(cat("--", kind, "-grid: found ", config.points,
                             " points, expected at most ", mostPoints));
    config.patch = line.get<int64_t>(kind + "-patch");
    config.stride = line.get<int64_t>(kind + "-stride");
    return config;
}

}  // namespace

CommandLine pretrainCommandLine() {
    return CommandLine(
        {"molspectra pretrain --data SHARDS... --output DIR [options]",
         "Trains a network on geometries and spectra before it sees energies: stage 1 removes\n"
         "noise from positions (--preset denoise), stage 2 also reconstructs masked patches of\n"
         "spectra and aligns molecules with them (--preset spectra). Writes model.pt for\n"
         "finetune, spectra.pt for match, metrics.jsonl, config.ini and checkpoint.pt into DIR.\n"
         "Several processes, started by torchrun or mpirun, train together. Interrupting it\n"
         "(Ctrl-C) saves everything first.",
         "molspectra pretrain --data shards --preset denoise --output stage1\n"
         "molspectra pretrain --data shards --preset spectra --model stage1/model.pt "
         "--output stage2\n"
         "molspectra pretrain --data shards --preset spectra --spectra ir,raman --output no_uv\n"
         "molspectra pretrain --data shards --preset spectra --contrast-weight 0 --output run\n"
         "molspectra pretrain --data shards --preset spectra --spectra-dropout 0.5 --output run\n"
         "torchrun --no-python --nproc-per-node 2 molspectra pretrain --data shards --output run\n"
         "molspectra pretrain --resume stage1"},
        {dataGroup(), runGroup(), deviceOptions(), optimizerOptions(defaults()), objectiveGroup(),
         specFormerGroup(), networkGroup(networkDefaults())});
}

std::string pretrainPreset(const po::variables_map& values) {
    static const std::map<std::string, std::string> presets{
        {"denoise", ""},
        {"spectra", "batch = 128\nreconstruction-weight = 1\ncontrast-weight = 1\n"}};
    const std::string name = values["preset"].as<std::string>();
    const auto found = presets.find(name);
    if (found == presets.end())
        throw UsageError(cat("--preset: found '", name, "', expected denoise or spectra"));
    return found->second;
}

PretrainOptions pretrainOptions(const CommandLine& line) {
    PretrainOptions options;
    readTraining(line, options);
    options.denoisingWeight = line.get<double>("denoising-weight");
    options.denoisingSigma = line.get<double>("denoising-sigma");
    options.reconstructionWeight = line.get<double>("reconstruction-weight");
    options.contrastWeight = line.get<double>("contrast-weight");
    options.temperature = line.get<double>("temperature");
    options.learnTemperature = line.get<bool>("learn-temperature");
    options.symmetric = line.get<bool>("symmetric");
    options.maskRatio.fill(line.get<double>("mask-ratio"));
    options.spectraDropout = line.get<double>("spectra-dropout");
    for (const char* name : {"denoising-weight", "reconstruction-weight", "contrast-weight",
                             "mask-ratio", "spectra-dropout"})
        atLeast(name, line.get<double>(name), 0);
    for (const char* name : {"denoising-sigma", "temperature", "uv-width", "line-width"})
        if (!(line.get<double>(name) > 0.0))
            throw UsageError(cat("--", name, ": found ", line.get<double>(name),
                                 ", expected a positive number"));
    constexpr double least = 0.01;  // of temperatures: the contrast knows no sharper one
    if (options.temperature < least)
        throw UsageError(cat("--temperature: found ", options.temperature, ", expected at least ",
                             least));
    for (const char* name : {"validation", "window"}) {
        atLeast(name, static_cast<double>(line.get<int64_t>(name)), 1);
        atMost(name, line.get<int64_t>(name), mostSamples);
    }
    atLeast("epochs", static_cast<double>(line.get<int64_t>("epochs")), 0);
    const bool masks = options.reconstructionWeight > 0.0;
    if (options.maskRatio[0] >= 1.0 || (masks && options.maskRatio[0] == 0.0))
        throw UsageError(cat("--mask-ratio: found ", options.maskRatio[0],
                             masks ? ", expected above 0 and below 1" : ", expected below 1"));
    if (options.spectraDropout > 1.0)
        throw UsageError(cat("--spectra-dropout: found ", options.spectraDropout,
                             ", expected at most 1"));
    if (options.denoisingWeight == 0.0 && !options.usesSpectra())
        throw UsageError("--denoising-weight, --reconstruction-weight and --contrast-weight are "
                         "all 0, expected at least one objective");
    return options;
}

LineWidths lineWidths(const CommandLine& line) {
    return {line.get<double>("uv-width"), line.get<double>("line-width")};
}

SpectraConfig spectraConfig(const CommandLine& line, int64_t channels) {
    const auto form = line.get<std::string>("form");
    oneOf("form", form, {"own", "published"});
    SpectraConfig config = form == "published" ? SpectraConfig::published() : SpectraConfig();
    config.channels = line.get<int64_t>("spectra-channels");
    config.layers = line.get<int64_t>("spectra-layers");
    config.heads = line.get<int64_t>("spectra-heads");
    config.hidden = line.get<int64_t>("spectra-hidden");
    config.outputs = channels;
    config.spectra.clear();
    const std::vector<std::string> wanted = split(line.get<std::string>("spectra"), ',');
    for (const std::string& kind : wanted)
        oneOf("spectra", kind, kinds);
    for (const std::string& kind : kinds)
        if (std::find(wanted.begin(), wanted.end(), kind) != wanted.end())
            config.spectra.push_back(spectrumConfig(line, kind));
    try {
        config.validate();
    } catch (const Error& error) {
        throw UsageError(error.what());
    }
    return config;
}

std::vector<std::string> specFormerOptions() {
    std::vector<std::string> names;
    const po::options_description group = specFormerGroup();
    for (const auto& option : group.options())
        names.push_back(option->long_name());
    return names;
}

}  // namespace molspectra
