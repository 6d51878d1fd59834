// molspectra inspect: what a model file says of itself.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Files.h"
#include "core/Text.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"

#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

CommandLine commandLine() {
    po::options_description group("Options");
    group.add_options()("model", po::value<std::string>(), "model file; --model may be left out")(
        "json", po::bool_switch(), "print the whole description as JSON");
    return CommandLine({"molspectra inspect MODEL [options]",
                        "Prints what a model file says of itself: network, units, elements,\n"
                        "energy offset, and where it came from.",
                        "molspectra inspect run/model.pt\nmolspectra inspect run/model.pt --json"},
                       {group}, "model");
}

std::string offsetText(const ModelDescription& description) {
    std::vector<std::string> parts;
    if (description.offset.perMolecule != 0.0)
        parts.push_back(cat(description.offset.perMolecule, " per molecule"));
    for (const auto& [element, energy] : description.offset.perElement)
        parts.push_back(cat(symbolOf(element), " ", energy));
    return parts.empty() ? "none" : join(parts, ", ") + " " + description.energyUnit;
}

void print(const std::string& path, const LoadedModel& model) {
    const ModelDescription& d = model.description;
    const ModelConfig& c = d.config;
    std::cout << cat("file          ", path, "\n", "sha256        ", sha256(readFile(path)), "\n",
                     "written by    ", d.toolVersion, " (format ", formatVersion, ")\n",
                     "network       equivariant transformer, F ", c.channels, ", L ", c.layers,
                     ", H ", c.heads, ", K ", c.radialFunctions, " ", c.radialType, ", cutoff ",
                     c.cutoff, " A, ", weightCount(model.network), " weights, ", d.dtype, "\n")
              << cat("norms         ", c.layerNorms ? "after every layer, " : "",
                     "vectors: ", c.vectorNorm, "\n", "vector cutoff ",
                     c.vectorCutoff ? "on" : "off: energies jump when atoms cross the cutoff",
                     "\n", "noise head    ", c.noiseHead ? "yes" : "no", "\n")
              << cat("units         ", d.energyUnit, ", ", d.lengthUnit, "\n", "elements      ",
                     symbolsOf(d.species), "\n", "energy offset ", offsetText(d), "\n")
              << (d.energiesTrained ? "" : "energies      not learned yet: finetune it first\n")
              << "provenance    " << d.provenance.dump(2) << "\n";
}

}  // namespace

int inspect(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string path = line.required("model");
    const LoadedModel model = loadModel(path);
    if (line.get<bool>("json"))
        std::cout << toText(model.description) << "\n";
    else
        print(path, model);
    return 0;
}

}  // namespace molspectra
