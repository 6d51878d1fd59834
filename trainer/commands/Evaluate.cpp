// molspectra evaluate: errors of a model on labelled data.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/Progress.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/UseDevice.h"
#include "trainer/data/Dataset.h"
#include "trainer/data/Molecule.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Split.h"
#include "trainer/training/Evaluation.h"

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

CommandLine commandLine() {
    po::options_description group("Options");
    group.add_options()("model", po::value<std::string>(), "model file");
    addDataOptions(group);
    group.add_options()
        ("split", po::value<std::string>(), "index file: evaluate one part of the data only")
        ("part", po::value<std::string>()->default_value("test"),
         "train, validation or test, with --split")
        ("json", po::value<std::string>(), "write the errors to this file as well")
        ("predictions", po::value<std::string>(),
         "write labels and predictions to this NPZ file: energy and energy_label [frames], forces "
         "and forces_label [atoms,3] and numbers [atoms] of all frames one after the other, atoms "
         "of each [frames]; in the unit of the data");
    return CommandLine({"molspectra evaluate --model FILE --data FILE... [options]",
                        "Mean absolute and root mean square errors of energies (per frame) and of\n"
                        "force components, over all atoms and for each element.",
                        "molspectra evaluate --model run/model.pt --data test.npz\n"
                        "molspectra evaluate --model run/model.pt --data all.npz "
                        "--split run/split.npz --part test"},
                       {group, deviceOptions()});
}

std::vector<const Frame*> chosenFrames(const CommandLine& line, const Dataset& data) {
    std::vector<const Frame*> frames;
    if (line.values().count("split") == 0) {
        if (line.given("part"))
            throw UsageError("--part needs --split, the index file of the run (split.npz)");
        for (const Frame& frame : data.frames)
            frames.push_back(&frame);
        return frames;
    }
    const Split split = readSplit(line.get<std::string>("split"),
                                  static_cast<int64_t>(data.frames.size()));
    const auto part = line.get<std::string>("part");
    if (part != "train" && part != "validation" && part != "test")
        throw UsageError(cat("--part: found '", part, "', expected train, validation or test"));
    const auto& numbers = part == "train"        ? split.train
                          : part == "validation" ? split.validation
                                                 : split.test;
    for (const int64_t number : numbers)
        frames.push_back(&data.frames[static_cast<size_t>(number)]);
    if (frames.empty())
        fail("evaluating ", line.get<std::string>("split"), ": its part ", part, " is empty");
    return frames;
}

/// Numbers of a split run through all files, so that their order must be the run's.
void checkOrder(const CommandLine& line, const Dataset& data,
                const ModelDescription& description) {
    if (!line.values().count("split") || !description.provenance.contains("data"))
        return;
    std::vector<std::string> learned, names, given;
    for (const nlohmann::json& file : description.provenance.at("data"))
        if (file.is_object()) {
            learned.push_back(file.value("sha256", ""));
            names.push_back(file.value("file", ""));
        }
    for (const DataSource& source : data.sources)
        given.push_back(source.sha256);
    if (given != learned && std::is_permutation(given.begin(), given.end(), learned.begin(),
                                                learned.end()))
        fail("evaluating ", line.get<std::string>("split"), ": it numbers the frames of ",
             join(names, ", "), " in this order, found another; give --data as the run had it");
}

/// Errors on frames that a model has learned say little: this is told where whole files are given.
void warnOfTraining(const CommandLine& line, const Dataset& data,
                    const ModelDescription& description) {
    if (line.values().count("split") || !description.provenance.contains("data"))
        return;
    for (const nlohmann::json& learned : description.provenance.at("data"))
        for (const DataSource& source : data.sources)
            if (learned.is_object() && learned.value("sha256", "") == source.sha256)
                std::cerr << "warning: " << source.path << ": the model was trained on frames of "
                          << "this file; to see its errors on the others, give --split, the file "
                          << "split.npz of the run\n";
}

/// Whether the model can say anything of these frames: elements, and the molecule of its offset.
void checkFrames(const std::vector<const Frame*>& frames, const ModelDescription& description,
                 const std::string& path) {
    const std::vector<int>& known = description.species;
    const std::vector<int> formula = formulaOf(frames[0]->numbers);
    for (const Frame* frame : frames) {
        for (const int z : frame->numbers)
            if (!std::binary_search(known.begin(), known.end(), z))
                fail("evaluating ", path, ": the data hold ", symbolOf(z),
                     ", the model was trained on ", symbolsOf(known));
        if (description.offset.perElement.empty() && formulaOf(frame->numbers) != formula)
            fail("evaluating ", path, ": the data hold different molecules, the model's energy ",
                 "offset is of one; train it with --energy-reference elements");
    }
}

/// The description does not know what its energies are comparable with, but their errors show.
void warnOfEnergies(const Errors& errors, const ModelDescription& description) {
    constexpr double most = 100.0;  // kcal/mol
    if (errors.energy.mae * energyFactor(description.energyUnit, "kcal/mol") < most)
        return;
    std::cerr << "warning: errors of energies are large: "
              << (description.offset.perElement.empty()
                      ? "the model's energy offset is of one molecule and level of theory, and "
                        "these data may be of another"
                      : "these data may be of another level of theory than the model's, or it was "
                        "trained with --energy-weight 0")
              << "; their energies cannot be compared\n";
}

nlohmann::json pairJson(const ErrorPair& errors, double factor) {
    return {{"mae", factor * errors.mae}, {"rmse", factor * errors.rmse}};
}

nlohmann::json errorsJson(const Errors& errors, double factor, const std::string& unit) {
    nlohmann::json elements = nlohmann::json::object();
    for (const auto& [element, pair] : errors.elements)
        elements[symbolOf(element)] = pairJson(pair, factor);
    nlohmann::json energy = pairJson(errors.energy, factor);
    nlohmann::json forces = pairJson(errors.forces, factor);
    energy["unit"] = unit;
    forces["unit"] = unit + "/A";
    return {{"energy", energy}, {"forces", forces}, {"elements", elements}};
}

void printTable(const nlohmann::json& result) {
    const auto row = [](const std::string& name, const nlohmann::json& pair) {
        std::cout << std::left << std::setw(12) << name << std::right << std::setw(12)
                  << errorText(pair.at("mae")) << std::setw(12) << errorText(pair.at("rmse"))
                  << "\n";
    };
    std::cout << result.at("frames") << " frames; energy in "
              << result.at("energy").at("unit").get<std::string>() << ", forces in "
              << result.at("forces").at("unit").get<std::string>() << "\n"
              << std::setw(24) << "MAE" << std::setw(12) << "RMSE" << "\n";
    row("energy", result.at("energy"));
    row("forces", result.at("forces"));
    for (const auto& [element, pair] : result.at("elements").items())
        row("  on " + element, pair);
}

void writePredictions(const std::string& path, const Predictions& all,
                      const std::vector<const Frame*>& frames, const EnergyOffset& offset,
                      double factor) {
    std::vector<double> energy, labels, sizes;
    for (size_t n = 0; n < frames.size(); n++) {
        const double shift = offset.of(frames[n]->numbers);
        energy.push_back(factor * (all.energy[n] + shift));
        labels.push_back(factor * (all.energyLabels[n] + shift));
        sizes.push_back(static_cast<double>(frames[n]->numbers.size()));
    }
    const auto scaled = [&](std::vector<double> values) {
        for (double& value : values)
            value *= factor;
        return values;
    };
    const size_t atoms = all.numbers.size();
    writeNpz(path, {{"atoms", {{sizes.size()}, "<i8", sizes}},
                    {"energy", {{energy.size()}, "<f8", energy}},
                    {"energy_label", {{labels.size()}, "<f8", labels}},
                    {"forces", {{atoms, 3}, "<f8", scaled(all.forces)}},
                    {"forces_label", {{atoms, 3}, "<f8", scaled(all.forceLabels)}},
                    {"numbers", {{atoms}, "<i8", {all.numbers.begin(), all.numbers.end()}}}});
}

}  // namespace

int evaluateModel(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string path = line.required("model");
    const std::string json = outputFile(line, "json");
    const std::string predictions = outputFile(line, "predictions");
    const ChosenDevice chosen = useDevice(line);
    LoadedModel model = loadModel(path);
    requireEnergies(model.description, path);
    model.network = onDevice(model.network, chosen.device);
    Dataset data = readData(line);
    checkOrder(line, data, model.description);
    warnOfTraining(line, data, model.description);
    tellDevice(line, chosen);
    const std::string unit = data.energyUnit;
    data.convertTo(model.description.energyUnit);
    const double factor = energyFactor(model.description.energyUnit, unit);
    const std::vector<const Frame*> frames = chosenFrames(line, data);
    checkFrames(frames, model.description, path);
    const Predictions all = predict(
        model.network,
        makeSamples(frames, model.description.config.cutoff, model.description.offset));
    const Errors errors = errorsOf(all);
    warnOfEnergies(errors, model.description);
    nlohmann::json result = errorsJson(errors, factor, unit);
    result["model"] = path;
    result["data"] = line.get<std::vector<std::string>>("data");
    result["sources"] = sourcesJson(data);
    result["frames"] = frames.size();
    printTable(result);
    if (!json.empty())
        writeFileSafely(
            json, result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    if (!predictions.empty())
        writePredictions(predictions, all, frames, model.description.offset, factor);
    return 0;
}

}  // namespace molspectra
