// Picks the reader by the file's extension and brings all files to one pair of units.
// SPDX-License-Identifier: MIT
#include "trainer/data/Dataset.h"

#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "trainer/data/Molecule.h"
#include "trainer/data/Readers.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace molspectra {

namespace {

struct Format {
    const char* name;
    const char* energyUnit;
    std::vector<Frame> (*read)(const std::string& path);
    ToldUnits (*unitsOf)(const std::string& path);
};

Format formatOf(const std::string& path) {
    const std::string kind = fileKind(path);
    if (kind == "npz")
        return {"npz", "kcal/mol", readMolecularNpz, unitsOfNpz};
    if (kind == "xyz" || kind == "extxyz")
        return {"extxyz", "eV", readExtendedXyz, [](const std::string&) { return ToldUnits(); }};
    fail("reading ", path, ": the extension is \"", kind,
         "\", expected npz, xyz or extxyz, the latter also as .gz");
}

void scale(std::vector<double>& values, double factor) {
    for (double& value : values)
        value *= factor;
}

/// Lengths in another unit than angstrom change forces as well, which are per that length.
void scaleLengths(Frame& frame, double factor) {
    scale(frame.positions, factor);
    scale(frame.forces, 1 / factor);
    if (frame.cell)
        for (auto& vector : *frame.cell)
            for (double& component : vector)
                component *= factor;
}

/// "hartree" and "bohr" of "hartree/bohr".
std::pair<std::string, std::string> forceUnit(const std::string& text) {
    const size_t slash = text.rfind('/');
    if (slash == text.npos)
        fail("understanding the unit of forces: \"", text,
             "\" was found, expected an energy per length, as hartree/bohr or eV/angstrom");
    return {energyUnit(text.substr(0, slash)), lengthUnit(text.substr(slash + 1))};
}

/// To the energy's unit per the length's.
void convertForces(Dataset& data, DataSource& source, const std::string& unit) {
    const auto [energy, length] = forceUnit(unit);
    source.forceUnit = cat(energy, "/", length);
    const double factor = energyFactor(energy, source.energyUnit) * angstroms(source.lengthUnit) /
                          angstroms(length);
    for (Frame& frame : data.frames)
        scale(frame.forces, factor);
}

/// The unit asked for, else the one that the file tells, else the format's. Where the first two
/// differ, a warning says so.
/// @param normal  energyUnit or lengthUnit
std::string chooseUnit(const std::string& asked, const std::string& told, const char* usual,
                       std::string (*normal)(std::string_view), DataSource& source) {
    if (told.empty())
        return normal(asked.empty() ? usual : asked);
    std::string known;
    try {
        known = normal(told);
    } catch (const Error&) {
        if (asked.empty())
            fail("reading ", source.path, ": it tells the unit \"", told, "\", expected a name as ",
                 usual, "; name the unit that is meant");
    }
    if (asked.empty())
        return known;
    if (normal(asked) != known)
        source.warnings.push_back(cat("it tells the unit ", told, ", but ", asked,
                                      " is taken, as asked for"));
    return normal(asked);
}

Dataset readOne(const std::string& path, const DataUnits& units) {
    const Format format = formatOf(path);
    Dataset data;
    DataSource source{.path = path, .sha256 = {}, .format = format.name, .energyUnit = {},
                      .lengthUnit = {}, .forceUnit = {}, .warnings = {}};
    const ToldUnits told = format.unitsOf(path);
    source.energyUnit =
        chooseUnit(units.energy, told.energy, format.energyUnit, energyUnit, source);
    source.lengthUnit = chooseUnit(units.length, told.length, "angstrom", lengthUnit, source);
    source.forceUnit = cat(source.energyUnit, "/", source.lengthUnit);
    source.unitsAssumed = units.energy.empty() && told.energy.empty();
    data.frames = format.read(path);
    source.sha256 = sha256(readFile(path));
    source.frames = data.frames.size();
    if (!units.force.empty())
        convertForces(data, source, units.force);
    if (const double factor = angstroms(source.lengthUnit); factor != 1)
        for (Frame& frame : data.frames)
            scaleLengths(frame, factor);
    data.energyUnit = source.energyUnit;
    for (std::string& suspicion : suspicions(data))
        source.warnings.push_back(std::move(suspicion));
    data.sources.push_back(std::move(source));
    return data;
}

}  // namespace

std::vector<int> Dataset::species() const {
    std::set<int> elements;
    for (const Frame& frame : frames)
        elements.insert(frame.numbers.begin(), frame.numbers.end());
    return {elements.begin(), elements.end()};
}

double Dataset::forceRms() const {
    double sum = 0;
    size_t count = 0;
    for (const Frame& frame : frames) {
        for (double force : frame.forces)
            sum += force * force;
        count += frame.forces.size();
    }
    return count > 0 ? std::sqrt(sum / double(count)) : 0;
}

bool Dataset::singleMolecule() const {
    return std::all_of(frames.begin(), frames.end(), [&](const Frame& frame) {
        return frame.numbers == frames.front().numbers;
    });
}

bool Dataset::singleFormula() const {
    if (frames.empty())
        return true;
    const std::vector<int> first = formulaOf(frames.front().numbers);
    return std::all_of(frames.begin(), frames.end(), [&](const Frame& frame) {
        return formulaOf(frame.numbers) == first;
    });
}

void Dataset::convertTo(const std::string& unit) {
    const double factor = energyFactor(energyUnit, unit);
    energyUnit = molspectra::energyUnit(unit);
    if (factor == 1)
        return;
    for (Frame& frame : frames) {
        frame.energy *= factor;
        scale(frame.forces, factor);
    }
}

Dataset readDataset(const std::vector<std::string>& paths, const DataUnits& units) {
    if (paths.empty())
        fail("reading data: no files were given, expected at least one");
    Dataset all = readOne(paths[0], units);
    for (size_t k = 1; k < paths.size(); k++) {
        Dataset next = readOne(paths[k], units);
        next.convertTo(all.energyUnit);
        std::move(next.frames.begin(), next.frames.end(), std::back_inserter(all.frames));
        all.sources.push_back(std::move(next.sources[0]));
    }
    return all;
}

}  // namespace molspectra
