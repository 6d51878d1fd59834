// Reading the data that a command line names, telling and judging their units.
// SPDX-License-Identifier: MIT
#include "trainer/commands/ReadData.h"

#include "core/Error.h"

#include <unistd.h>

#include <filesystem>
#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

std::string optionalText(const CommandLine& line, const std::string& name) {
    return line.values().count(name) ? line.get<std::string>(name) : std::string();
}

std::string outputFile(const CommandLine& line, const std::string& name) {
    namespace fs = std::filesystem;
    const std::string path = optionalText(line, name);
    if (path.empty())
        return path;
    std::error_code unknown;
    const fs::file_status there = fs::status(path, unknown);
    if (fs::is_character_file(there) || fs::is_fifo(there))
        return path;
    // Of a link the file that it leads to is replaced.
    const std::string folder = fs::weakly_canonical(fs::absolute(path)).parent_path().string();
    const char* const found = fs::is_directory(there)             ? " is a folder"
                              : !fs::is_directory(folder)         ? " has no folder around it"
                              : access(folder.c_str(), W_OK) != 0 ? " cannot be written"
                                                                  : nullptr;
    if (found)
        fail("writing ", path, ": found that it", found, ", expected a place for a file; give ",
             "another --", name);
    return path;
}

void addDataOptions(po::options_description& group) {
    group.add_options()
        ("data", po::value<std::vector<std::string>>()->multitoken(),
         "labelled geometries: NPZ (MD17 or rMD17 keys) or extended XYZ; several files together")
        ("energy-unit", po::value<std::string>(),
         "of the data: kcal/mol, kJ/mol, eV or hartree (default: kcal/mol for NPZ, eV for XYZ)")
        ("length-unit", po::value<std::string>(),
         "of the data: angstrom, nm or bohr (default: angstrom)")
        ("force-unit", po::value<std::string>(),
         "of the data: an energy per length, as hartree/bohr (default: --energy-unit per "
         "--length-unit)");
}

Dataset readData(const CommandLine& line) {
    if (line.values().count("data") == 0)
        throw UsageError("--data is missing; --help shows all options");
    Dataset data = readDataset(line.get<std::vector<std::string>>("data"),
                               {optionalText(line, "energy-unit"),
                                optionalText(line, "length-unit"),
                                optionalText(line, "force-unit")});
    for (const DataSource& source : data.sources) {
        std::cerr << cat(source.path, ": ", source.frames, " frames, ", source.energyUnit, ", ",
                         source.lengthUnit, " and ", source.forceUnit,
                         source.unitsAssumed ? " (assumed)" : "", "\n");
        for (const std::string& warning : source.warnings)
            std::cerr << cat("warning: ", source.path, ": ", warning, "\n");
    }
    return data;
}

nlohmann::json sourcesJson(const Dataset& data) {
    nlohmann::json list = nlohmann::json::array();
    for (const DataSource& source : data.sources)
        list.push_back({{"file", std::filesystem::path(source.path).filename().string()},
                        {"sha256", source.sha256},
                        {"format", source.format},
                        {"energy_unit", source.energyUnit},
                        {"length_unit", source.lengthUnit},
                        {"force_unit", source.forceUnit},
                        {"units_assumed", source.unitsAssumed},
                        {"frames", source.frames}});
    return list;
}

}  // namespace molspectra
