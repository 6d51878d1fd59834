// Options of `molspectra finetune`, and the structs they fill.
// SPDX-License-Identifier: MIT
#include "trainer/commands/FinetuneOptions.h"

#include "core/Text.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"

#include <map>

namespace molspectra {

namespace po = boost::program_options;

namespace {

po::options_description dataOptions() {
    const SplitCounts counts;
    po::options_description group("Data");
    addDataOptions(group);
    group.add_options()
        ("energy-reference", word("auto"),
         "energy taken off outside the network: molecule (a mean; one molecule only), elements (an "
         "energy for each element), or auto: molecule where the data hold only one")
        ("train", integer(counts.train), "training frames; -1 is all that are left")
        ("validation", integer(counts.validation), "validation frames")
        ("test", integer(counts.test),
         "test frames, recorded for evaluate; -1 is all that are left, none with --train -1")
        ("split-seed", integer(1), "seed of the random split")
        ("split", po::value<std::string>(),
         "index file instead: NPZ with idx_train, idx_val and idx_test");
    return group;
}

po::options_description runOptions() {
    po::options_description group("Run");
    group.add_options()
        ("model", po::value<std::string>(), "model file to start from (default: from nothing)")
        ("preset", word("md17"),
         "md17: the defaults, the steps and rates published for MD17 (with --train 950); "
         "quick: --steps 3000 --warmup 200 --schedule cosine --learning-rate 1e-3 "
         "--average-decay 0.995 --gradient-clip 100");
    addRunOptions(group, FinetuneOptions(), "frames");
    return group;
}

po::options_description objectiveOptions() {
    const FinetuneOptions base;
    po::options_description group("Objective");
    group.add_options()
        ("encoder-rate", number(base.encoderRate),
         "part of the learning rate for all but the energy head; 0 leaves that as it is")
        ("loss", word(base.objective.loss),
         "squared, l2 (length of each atom's force error) or smooth-l1, of errors in kcal/mol and "
         "A whatever the unit of the data")
        ("energy-weight", number(base.objective.energyWeight), "of the energy term")
        ("forces-weight", number(base.objective.forcesWeight), "of the force term")
        ("energy-gradient-scale", number(base.objective.energyGradientScale),
         "scales the gradient of the energy term")
        ("denoising-weight", number(base.denoisingWeight),
         "of a second pass on noisy positions; energies and forces always see clean ones")
        ("denoising-sigma", number(base.denoisingSigma), "standard deviation of that noise, A");
    return group;
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
        {dataOptions(), runOptions(), deviceOptions(), optimizerOptions(FinetuneOptions()),
         objectiveOptions(), networkGroup({})});
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

FinetuneOptions finetuneOptions(const CommandLine& line) {
    FinetuneOptions options;
    readTraining(line, options);
    options.objective.loss = line.get<std::string>("loss");
    options.objective.energyWeight = line.get<double>("energy-weight");
    options.objective.forcesWeight = line.get<double>("forces-weight");
    options.objective.energyGradientScale = line.get<double>("energy-gradient-scale");
    options.encoderRate = line.get<double>("encoder-rate");
    options.denoisingWeight = line.get<double>("denoising-weight");
    options.denoisingSigma = line.get<double>("denoising-sigma");
    oneOf("loss", options.objective.loss, {"squared", "l2", "smooth-l1"});
    for (const char* name : {"encoder-rate", "energy-weight", "forces-weight",
                             "energy-gradient-scale", "denoising-weight", "denoising-sigma"})
        atLeast(name, line.get<double>(name), 0);
    if (options.objective.energyWeight == 0.0 && options.objective.forcesWeight == 0.0 &&
        options.denoisingWeight == 0.0)
        throw UsageError("--energy-weight, --forces-weight and --denoising-weight are all 0, "
                         "expected at least one objective");
    return options;
}

SplitCounts splitCounts(const CommandLine& line) {
    return {line.get<int64_t>("train"), line.get<int64_t>("validation"),
            line.get<int64_t>("test")};
}

}  // namespace molspectra
