// Options of `molspectra finetune`, and the structs they fill.
// SPDX-License-Identifier: MIT
#include "trainer/commands/FinetuneOptions.h"

#include "core/Text.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/UseDevice.h"

#include <map>

namespace molspectra {

namespace po = boost::program_options;

namespace {

po::typed_value<double>* number(double value) {
    return po::value<double>()->default_value(value, toText(value));
}
po::typed_value<int64_t>* integer(int64_t value) {
    return po::value<int64_t>()->default_value(value);
}
po::typed_value<std::string>* word(const std::string& value) {
    return po::value<std::string>()->default_value(value);
}
po::typed_value<bool>* flag(bool value) {
    return po::value<bool>()
        ->default_value(value, value ? "on" : "off")
        ->implicit_value(true, "on");
}

po::options_description dataOptions() {
    po::options_description group("Data");
    addDataOptions(group);
    group.add_options()
        ("energy-reference", word("auto"),
         "energy taken off outside the network: molecule (a mean; one molecule only), elements (an "
         "energy for each element), or auto: molecule where the data hold only one")
        ("train", integer(950), "training frames")
        ("validation", integer(50), "validation frames")
        ("test", integer(-1), "test frames, recorded for evaluate; -1 is all that are left")
        ("split-seed", integer(1), "seed of the random split")
        ("split", po::value<std::string>(),
         "index file instead: NPZ with idx_train, idx_val and idx_test");
    return group;
}

po::options_description networkGroup() {
    const ModelConfig base;
    po::options_description group("Network (without --model)");
    group.add_options()
        ("channels", integer(base.channels), "features of an atom, F")
        ("layers", integer(base.layers), "layers, L")
        ("heads", integer(base.heads), "attention heads, H")
        ("radial-functions", integer(base.radialFunctions), "radial functions, K")
        ("radial-type", word(base.radialType), "expnorm or gauss")
        ("trainable-radial", flag(base.trainableRadial), "train centres and widths as well")
        ("cutoff-lower", number(base.cutoffLower), "start of the radial functions, A")
        ("cutoff", number(base.cutoff), "A")
        ("neighbor-embedding", flag(base.neighborEmbedding), "embed the neighbours' elements")
        ("distance-influence", word(base.distanceInfluence), "keys, values, both or none")
        ("vector-cutoff", flag(base.vectorCutoff), "all messages vanish smoothly at the cutoff")
        ("layer-norms", flag(base.layerNorms), "norms after every layer (the QM9 setting)")
        ("vector-norm", word(base.vectorNorm), "none, whitened or whitened-anisotropic")
        ("noise-head", flag(base.noiseHead), "a second head, for denoising");
    return group;
}

po::options_description runOptions() {
    const TrainingOptions base;
    po::options_description group("Run");
    group.add_options()
        ("model", po::value<std::string>(), "model file to start from (default: from nothing)")
        ("output", po::value<std::string>(), "folder of the run")
        ("preset", word("md17"), "md17: as published; quick: 3,000 steps, cosine schedule")
        ("note", po::value<std::string>(), "a sentence for the model's provenance, as the level of "
                                           "theory of the labels")
        ("config", po::value<std::string>(), "file with lines 'option = value'")
        ("resume", po::value<std::string>(), "folder of a run to go on with, with its options")
        ("steps", integer(base.steps), "training steps")
        ("batch", integer(base.batch), "frames a step")
        ("validation-interval", integer(base.validationInterval),
         "steps between validations; 0 is once an epoch")
        ("checkpoint-interval", integer(base.checkpointInterval), "steps between checkpoints")
        ("seed", integer(static_cast<int64_t>(base.seed)), "of weights, order and noise")
        ("benchmark", integer(0), "time this many steps, print JSON, write nothing");
    return group;
}

po::options_description optimizerOptions() {
    const TrainingOptions base;
    po::options_description group("Optimizer (AdamW)");
    group.add_options()
        ("learning-rate", number(base.schedule.learningRate), "after the warm-up")
        ("minimum-learning-rate", number(base.schedule.minimum), "it falls no lower")
        ("schedule", word(base.schedule.kind), "plateau, cosine or constant")
        ("warmup", integer(base.schedule.warmup), "steps of linear rise")
        ("plateau-factor", number(base.schedule.plateauFactor), "fall of the rate")
        ("plateau-patience", integer(base.schedule.plateauPatience),
         "validations without a new best before it falls")
        ("weight-decay", number(base.weightDecay), "decoupled")
        ("average-decay", number(base.averageDecay),
         "of the exponential average of weights, which is validated and exported; 0 is off")
        ("gradient-clip", number(base.gradientClip), "largest gradient norm; 0 is off");
    return group;
}

po::options_description objectiveOptions() {
    const TrainingOptions base;
    po::options_description group("Objective");
    group.add_options()
        ("loss", word(base.objective.loss),
         "squared, l2 (length of each atom's force error) or smooth-l1")
        ("energy-weight", number(base.objective.energyWeight), "of the energy term")
        ("forces-weight", number(base.objective.forcesWeight), "of the force term")
        ("energy-gradient-scale", number(base.objective.energyGradientScale),
         "scales the gradient of the energy term")
        ("denoising-weight", number(base.denoisingWeight),
         "of a second pass on noisy positions; energies and forces always see clean ones")
        ("denoising-sigma", number(base.denoisingSigma), "standard deviation of that noise, A");
    return group;
}

template <class T>
void oneOf(const std::string& option, const T& value, std::initializer_list<T> allowed) {
    std::vector<std::string> names;
    for (const T& each : allowed) {
        if (each == value)
            return;
        names.push_back(each);
    }
    throw UsageError(cat("--", option, ": found '", value, "', expected one of ",
                         join(names, ", ")));
}

void atLeast(const std::string& option, double value, double minimum) {
    if (!(value >= minimum))
        throw UsageError(cat("--", option, ": found ", value, ", expected at least ", minimum));
}

}  // namespace

CommandLine finetuneCommandLine() {
    return CommandLine(
        {"molspectra finetune --data FILE... --output DIR [options]",
         "Trains a network on energies and forces, from a model file or from nothing. Writes\n"
         "model.pt (the best weights by validation), metrics.jsonl, split.npz, config.ini and\n"
         "checkpoint.pt into DIR. Interrupting it (Ctrl-C) saves everything first.",
         "molspectra finetune --data ethanol.npz --output run\n"
         "molspectra finetune --data ethanol.npz --model start.pt --preset quick --output run\n"
         "molspectra finetune --data a.xyz b.xyz --train 800 --validation 100 --output run\n"
         "molspectra finetune --resume run\n"
         "molspectra finetune --config run/config.ini --seed 2 --output run2"},
        {dataOptions(), runOptions(), deviceOptions(), optimizerOptions(), objectiveOptions(),
         networkGroup()});
}

std::string finetunePreset(const po::variables_map& values) {
    static const std::map<std::string, std::string> presets{
        {"md17", ""},
        {"quick", "steps = 3000\nwarmup = 200\nschedule = cosine\nlearning-rate = 1e-3\n"
                  "average-decay = 0.995\ngradient-clip = 100\n"}};
    const std::string name = values["preset"].as<std::string>();
    const auto found = presets.find(name);
    if (found == presets.end())
        throw UsageError(cat("--preset: found '", name, "', expected md17 or quick"));
    return found->second;
}

TrainingOptions trainingOptions(const CommandLine& line) {
    TrainingOptions options;
    options.steps = line.get<int64_t>("steps");
    options.batch = line.get<int64_t>("batch");
    options.validationInterval = line.get<int64_t>("validation-interval");
    options.checkpointInterval = line.get<int64_t>("checkpoint-interval");
    options.seed = static_cast<uint64_t>(line.get<int64_t>("seed"));
    options.schedule.kind = line.get<std::string>("schedule");
    options.schedule.learningRate = line.get<double>("learning-rate");
    options.schedule.minimum = line.get<double>("minimum-learning-rate");
    options.schedule.warmup = line.get<int64_t>("warmup");
    options.schedule.plateauFactor = line.get<double>("plateau-factor");
    options.schedule.plateauPatience = line.get<int64_t>("plateau-patience");
    options.objective.loss = line.get<std::string>("loss");
    options.objective.energyWeight = line.get<double>("energy-weight");
    options.objective.forcesWeight = line.get<double>("forces-weight");
    options.objective.energyGradientScale = line.get<double>("energy-gradient-scale");
    options.weightDecay = line.get<double>("weight-decay");
    options.averageDecay = line.get<double>("average-decay");
    options.gradientClip = line.get<double>("gradient-clip");
    options.denoisingWeight = line.get<double>("denoising-weight");
    options.denoisingSigma = line.get<double>("denoising-sigma");
    oneOf<std::string>("schedule", options.schedule.kind, {"plateau", "cosine", "constant"});
    oneOf<std::string>("loss", options.objective.loss, {"squared", "l2", "smooth-l1"});
    atLeast("steps", static_cast<double>(options.steps), 0);
    atLeast("batch", static_cast<double>(options.batch), 1);
    atLeast("checkpoint-interval", static_cast<double>(options.checkpointInterval), 1);
    atLeast("validation-interval", static_cast<double>(options.validationInterval), 0);
    atLeast("benchmark", static_cast<double>(line.get<int64_t>("benchmark")), 0);
    atLeast("warmup", static_cast<double>(options.schedule.warmup), 0);
    atLeast("plateau-patience", static_cast<double>(options.schedule.plateauPatience), 0);
    for (const char* name : {"learning-rate", "minimum-learning-rate", "plateau-factor",
                             "weight-decay", "gradient-clip", "energy-weight", "forces-weight",
                             "energy-gradient-scale", "denoising-weight", "denoising-sigma"})
        atLeast(name, line.get<double>(name), 0);
    if (options.schedule.plateauFactor > 1.0)
        throw UsageError(cat("--plateau-factor: found ", options.schedule.plateauFactor,
                             ", expected at most 1"));
    if (!(options.averageDecay >= 0.0 && options.averageDecay < 1.0))
        throw UsageError(cat("--average-decay: found ", options.averageDecay,
                             ", expected at least 0 and below 1"));
    return options;
}

ModelConfig networkConfig(const CommandLine& line) {
    const auto integerOf = [&](const char* name) {
        return static_cast<int>(line.get<int64_t>(name));
    };
    ModelConfig config;
    config.channels = integerOf("channels");
    config.layers = integerOf("layers");
    config.heads = integerOf("heads");
    config.radialFunctions = integerOf("radial-functions");
    config.radialType = line.get<std::string>("radial-type");
    config.trainableRadial = line.get<bool>("trainable-radial");
    config.cutoffLower = line.get<double>("cutoff-lower");
    config.cutoff = line.get<double>("cutoff");
    config.neighborEmbedding = line.get<bool>("neighbor-embedding");
    config.distanceInfluence = line.get<std::string>("distance-influence");
    config.vectorCutoff = line.get<bool>("vector-cutoff");
    config.layerNorms = line.get<bool>("layer-norms");
    config.vectorNorm = line.get<std::string>("vector-norm");
    config.noiseHead = line.get<bool>("noise-head");
    config.validate();
    return config;
}

SplitCounts splitCounts(const CommandLine& line) {
    return {line.get<int64_t>("train"), line.get<int64_t>("validation"),
            line.get<int64_t>("test")};
}

std::vector<std::string> networkOptions() {
    std::vector<std::string> names;
    const po::options_description group = networkGroup();
    for (const auto& option : group.options())
        names.push_back(option->long_name());
    return names;
}

}  // namespace molspectra
