// Options that every training subcommand has, and what their values are checked with.
// SPDX-License-Identifier: MIT
#include "trainer/commands/TrainOptions.h"

#include "core/Text.h"

#include <limits>

namespace molspectra {

namespace po = boost::program_options;

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

void oneOf(const std::string& option, const std::string& value,
           const std::vector<std::string>& allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
        throw UsageError(cat("--", option, ": found '", value, "', expected one of ",
                             join(allowed, ", ")));
}

void atLeast(const std::string& option, double value, double minimum) {
    if (!(value >= minimum))
        throw UsageError(cat("--", option, ": found ", value, ", expected at least ", minimum));
}

void atMost(const std::string& option, int64_t value, int64_t maximum) {
    if (value > maximum)
        throw UsageError(cat("--", option, ": found ", value, ", expected at most ", maximum));
}

void addRunOptions(po::options_description& group, const TrainingOptions& base,
                   const std::string& samples) {
    group.add_options()
        ("output", po::value<std::string>(), "folder of the run")
        ("note", po::value<std::string>(), "a sentence for the model's provenance, as the level of "
                                           "theory of the data")
        ("config", po::value<std::string>(),
         "file with lines 'option = value'; in values %20 is a blank, %23 is # and %25 is %")
        ("resume", po::value<std::string>(), "folder of a run to go on with, with its options")
        ("steps", integer(base.steps), "training steps")
        ("batch", integer(base.batch), (samples + " a step").c_str())
        ("validation-interval", integer(base.validationInterval),
         "steps between validations; 0 is once an epoch")
        ("checkpoint-interval", integer(base.checkpointInterval),
         "steps between checkpoints; one is saved every ten minutes in any case")
        ("seed", integer(static_cast<int64_t>(base.seed)), "of weights, order and noise")
        ("benchmark", integer(0), "time this many steps, print JSON, write nothing");
}

po::options_description optimizerOptions(const TrainingOptions& base) {
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
        ("gradient-clip", number(base.gradientClip),
         "largest gradient norm, of losses in kcal/mol where there are energies; 0 is off");
    return group;
}

po::options_description networkGroup(const ModelConfig& base) {
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

void readTraining(const CommandLine& line, TrainingOptions& options) {
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
    options.weightDecay = line.get<double>("weight-decay");
    options.averageDecay = line.get<double>("average-decay");
    options.gradientClip = line.get<double>("gradient-clip");
    oneOf("schedule", options.schedule.kind, {"plateau", "cosine", "constant"});
    for (const char* name : {"steps", "validation-interval", "benchmark", "warmup",
                             "plateau-patience"})
        atLeast(name, static_cast<double>(line.get<int64_t>(name)), 0);
    for (const char* name : {"batch", "checkpoint-interval"})
        atLeast(name, static_cast<double>(line.get<int64_t>(name)), 1);
    atMost("batch", line.get<int64_t>("batch"), mostSamples);
    for (const char* name : {"learning-rate", "minimum-learning-rate", "plateau-factor",
                             "weight-decay", "gradient-clip"})
        atLeast(name, line.get<double>(name), 0);
    if (options.schedule.plateauFactor > 1.0)
        throw UsageError(cat("--plateau-factor: found ", options.schedule.plateauFactor,
                             ", expected at most 1"));
    if (!(options.averageDecay >= 0.0 && options.averageDecay < 1.0))
        throw UsageError(cat("--average-decay: found ", options.averageDecay,
                             ", expected at least 0 and below 1"));
}

ModelConfig networkConfig(const CommandLine& line) {
    const auto integerOf = [&](const char* name) {
        atMost(name, line.get<int64_t>(name), std::numeric_limits<int>::max());
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

std::vector<std::string> networkOptions() {
    std::vector<std::string> names;
    const po::options_description group = networkGroup({});
    for (const auto& option : group.options())
        names.push_back(option->long_name());
    return names;
}

void refuseNetworkOptions(const CommandLine& line) {
    for (const std::string& name : networkOptions())
        if (line.given(name))
            throw UsageError(cat("--", name, " was given together with --model, whose network is ",
                                 "taken as it is; leave one of them out"));
}

void refuseWithResume(const CommandLine& line, const std::vector<std::string>& fixed) {
    for (const std::string& name : fixed)
        if (line.givenByUser(name))
            throw UsageError(cat("--", name, " was given together with --resume, which goes on ",
                                 "with what the run has; leave one of them out"));
}

}  // namespace molspectra
