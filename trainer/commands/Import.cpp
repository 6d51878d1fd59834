// molspectra import: checkpoints of other programs as model files.
// SPDX-License-Identifier: MIT
#include "model/import/Import.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "core/Text.h"
#include "model/import/HyperParameters.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"
#include "trainer/data/Molecule.h"

#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

CommandLine commandLine() {
    po::options_description group("Options");
    group.add_options()
        ("checkpoint", po::value<std::string>(), "checkpoint (.ckpt) that torch.save wrote")
        ("output", po::value<std::string>(), "model file to write")
        ("spectra-output", po::value<std::string>(),
         "file to write the SpecFormer of a MolSpectra checkpoint to, as match and pretrain read "
         "it (default: it is left out)")
        ("energy-unit", po::value<std::string>(),
         "unit of the energies it was trained on: kcal/mol (MD17), eV (QM9, ANI), kJ/mol or "
         "hartree; no checkpoint says it")
        ("species", po::value<std::string>(),
         "elements it was trained on, as H,C,O (default: those to which it adds an atomic energy)")
        ("hparams", po::value<std::string>(),
         "hparams.yaml to read instead of the hyper-parameters in the checkpoint");
    return CommandLine(
        {"molspectra import --checkpoint FILE --output FILE --energy-unit UNIT [options]",
         "Turns a checkpoint of TorchMD-Net's equivariant transformer, Coord, Frad or MolSpectra\n"
         "(positions in angstrom) into a model file that gives the same energies and forces, and\n"
         "MolSpectra's SpecFormer into a file beside it.\n"
         "Nothing in the checkpoint is executed.",
         "molspectra import --checkpoint epoch=2139.ckpt --output aspirin.pt "
         "--energy-unit kcal/mol --species H,C,O\n"
         "molspectra import --checkpoint denoised.ckpt --output denoised.pt --energy-unit eV "
         "--species H,C,N,O,F\n"
         "molspectra import --checkpoint spectra.ckpt --output run/model.pt --spectra-output "
         "run/spectra.pt --energy-unit eV --species H,C,N,O,F"},
        {group});
}

std::vector<int> speciesOf(const CommandLine& line) {
    std::vector<int> numbers;
    if (line.values().count("species"))
        for (const std::string& symbol : split(line.get<std::string>("species"), ','))
            numbers.push_back(atomicNumberOf(trim(symbol)));
    return numbers;
}

ImportOptions optionsOf(const CommandLine& line) {
    ImportOptions options;
    options.energyUnit = line.required("energy-unit");
    options.species = speciesOf(line);
    if (line.values().count("hparams"))
        options.hyperParameters = readHyperParameters(line.get<std::string>("hparams"));
    options.spectra = line.values().count("spectra-output") > 0;
    return options;
}

}  // namespace

int importModel(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string checkpoint = line.required("checkpoint"), output = line.required("output");
    const ImportOptions options = optionsOf(line);
    const auto spectra = options.spectra ? line.get<std::string>("spectra-output") : "";
    if (spectra == output)
        throw UsageError(cat("--output and --spectra-output are both ", output,
                             ", expected two files"));
    ImportedModel imported = importCheckpoint(checkpoint, options);
    if (imported.spectra) {
        // No checkpoint says how wide the lines of its curves are: QM9S is assumed.
        imported.spectra->description.uvWidth = LineWidths().uv;
        imported.spectra->description.vibrationalWidth = LineWidths().vibrational;
    }
    saveImported(imported, output, spectra);
    for (const std::string& warning : imported.warnings)
        std::cerr << "warning: " << checkpoint << ": " << warning << "\n";
    std::cerr << "wrote " << output << (options.spectra ? " and " : "") << spectra << "\n";
    return 0;
}

}  // namespace molspectra
