// molspectra export: writes a model file for others to run.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"
#include "model/ModelFile.h"
#include "model/OpenmmTorch.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"
#include "trainer/data/Dataset.h"

#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

CommandLine commandLine() {
    po::options_description group("Options");
    group.add_options()
        ("model", po::value<std::string>(), "model file")
        ("output", po::value<std::string>(), "file to write")
        ("for", po::value<std::string>()->default_value("molspectra"),
         "molspectra: our self-describing file; openmm-torch: one that its TorchForce runs")
        ("elements", po::value<std::string>(),
         "for openmm-torch: elements of all particles in order, as C,C,O,H,H,H,H,H,H")
        ("elements-from", po::value<std::string>(),
         "for openmm-torch: take them from the first frame of this NPZ or extended XYZ file")
        ("note", po::value<std::string>(), "a sentence for the model's provenance")
        ("dtype", po::value<std::string>(), "float32 or float64 (default: as in the model)");
    return CommandLine(
        {"molspectra export --model FILE --output FILE [options]",
         "Writes a model file. For openmm-torch the file holds one molecule's elements, takes\n"
         "positions in nm (open boundaries) and gives the energy in kJ/mol.",
         "molspectra export --model run/model.pt --output double.pt --dtype float64\n"
         "molspectra export --model run/model.pt --output torch.pt --for openmm-torch "
         "--elements C,C,O,H,H,H,H,H,H"},
        {group});
}

std::vector<int> onlyMolecule(const std::string& path) {
    const Dataset data = readDataset({path});
    if (!data.singleMolecule())
        fail("taking elements from ", path, ": found frames of different molecules, expected one");
    return data.frames.front().numbers;
}

std::vector<int> elementsOf(const CommandLine& line) {
    std::vector<int> numbers;
    if (line.values().count("elements"))
        for (const std::string& symbol : split(line.get<std::string>("elements"), ','))
            numbers.push_back(atomicNumberOf(trim(symbol)));
    else if (line.values().count("elements-from"))
        numbers = onlyMolecule(line.get<std::string>("elements-from"));
    else
        throw UsageError("--for openmm-torch needs --elements or --elements-from");
    return numbers;
}

}  // namespace

int exportModel(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string output = line.required("output");
    const auto target = line.get<std::string>("for");
    for (const char* name : {"elements", "elements-from"})
        if (target == "molspectra" && line.given(name))
            throw UsageError(cat("--", name, " belongs to --for openmm-torch, which was not ",
                                 "given"));
    LoadedModel model = loadModel(line.required("model"));
    if (line.values().count("dtype"))
        convertTo(model, line.get<std::string>("dtype"));
    if (line.values().count("note"))
        model.description.provenance["note"] = line.get<std::string>("note");
    if (target == "molspectra") {
        saveModel(output, model.network, model.description);
    } else if (target == "openmm-torch") {
        requireEnergies(model.description, line.required("model"));
        writeFileSafely(output, openmmTorchFile(model, elementsOf(line)));
    } else {
        throw UsageError(cat("--for: found '", target, "', expected molspectra or openmm-torch"));
    }
    std::cerr << "wrote " << output << "\n";
    return 0;
}

}  // namespace molspectra
