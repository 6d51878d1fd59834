// molspectra reconstruct: a molecule's spectra, patches hidden as in training, and what fills them.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/MatchOptions.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"
#include "trainer/training/Reconstruction.h"

#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

using Json = nlohmann::json;

CommandLine commandLine() {
    po::options_description group("Options");
    group.add_options()
        ("model", po::value<std::string>(), "folder with model.pt and spectra.pt of one run")
        ("data", po::value<std::vector<std::string>>()->multitoken(), "shards, or folders of them")
        ("index", integer(0), "place of the molecule in them, from 0")
        ("seed", integer(1), "of what is masked")
        ("mask-ratio", number(0.1), "masked part of the patches of each spectrum")
        ("json", po::value<std::string>(), "write to this file (default: print)");
    return CommandLine(
        {"molspectra reconstruct --model RUN --data SHARDS... --index N [options]",
         "Hides patches of a molecule's spectra, as pretrain does, and has the SpecFormer fill\n"
         "them in. The result is JSON: spectra as the SpecFormer takes them, log10(1 + s/scale),\n"
         "points that are hidden, and reconstructed patches.",
         "molspectra reconstruct --model stage2 --data test_shards --index 12 --json shown.json\n"
         "molspectra reconstruct --model stage2 --data test_shards --index 12 --mask-ratio 0.3"},
        {group, deviceOptions()});
}

double maskRatio(const CommandLine& line) {
    const auto ratio = line.get<double>("mask-ratio");
    if (!(ratio > 0.0 && ratio < 1.0))
        throw UsageError(cat("--mask-ratio: found ", ratio, ", expected above 0 and below 1"));
    return ratio;
}

Draw chosenMolecule(const CommandLine& line) {
    if (line.values().count("data") == 0)
        throw UsageError("--data is missing; --help shows all options");
    const auto index = line.get<int64_t>("index");
    atLeast("index", static_cast<double>(index), 0);
    const auto shards = line.get<std::vector<std::string>>("data");
    const std::vector<Draw> found = moleculesAt(shards, std::span(&index, 1));
    if (found.empty())
        fail("reading ", join(shards, ", "), ": there is no molecule ", index,
             ", expected a smaller --index");
    return found.front();
}

Json spectrumJson(const FilledSpectrum& spectrum) {
    Json ranges = Json::array(), filled = Json::array();
    for (const FilledPatch& patch : spectrum.patches) {
        ranges.push_back({patch.first, patch.first + spectrum.config.patch - 1});
        filled.push_back({patch.first, valuesJson(patch.values)});
    }
    return {{"kind", spectrum.config.kind},
            {"grid", gridJson(spectrum.config)},
            {"values", valuesJson(spectrum.values)},
            {"masked", ranges},
            {"reconstruction", filled}};
}

}  // namespace

int reconstruct(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string folder = line.required("model");
    const double ratio = maskRatio(line);
    const std::string json = outputFile(line, "json");
    const ChosenDevice chosen = useDevice(line);
    AlignedNetworks networks = loadAligned(folder, chosen.device);
    const Draw molecule = chosenMolecule(line);
    tellDevice(line, chosen);
    Json spectra = Json::array();
    for (const FilledSpectrum& each : fillMasked(networks, molecule, ratio,
                                                 static_cast<uint64_t>(line.get<int64_t>("seed"))))
        spectra.push_back(spectrumJson(each));
    const Json result{{"molecule", static_cast<int64_t>(molecule.number)}, {"spectra", spectra}};
    if (!json.empty())
        writeFileSafely(json, result.dump() + "\n");
    else
        std::cout << result.dump() << "\n";
    return 0;
}

}  // namespace molspectra
