// The table of units; numbers from CODATA 2018, the calorie is 4.184 J.
// SPDX-License-Identifier: MIT
#include "core/Units.h"

#include "core/Error.h"

#include <vector>

namespace molspectra {

namespace {

struct Unit {
    std::string_view name;
    double value;
    std::vector<std::string_view> spellings;  // lower case
};

constexpr double avogadro = 6.02214076e23;                        // 1/mol
constexpr double electronvolt = 1.602176634e-19 * avogadro / 1e3;   // kJ/mol
constexpr double hartree = 4.3597447222071e-18 * avogadro / 1e3;    // kJ/mol

const std::vector<Unit>& energyUnits() {
    static const std::vector<Unit> units = {
        {"kcal/mol", 4.184, {"kcal/mol", "kcal", "kcal mol^-1", "kcalmol"}},
        {"kJ/mol", 1.0, {"kj/mol", "kj", "kj mol^-1", "kjmol"}},
        {"eV", electronvolt, {"ev", "electronvolt"}},
        {"hartree", hartree, {"hartree", "hartrees", "eh", "ha"}}};
    return units;
}

const std::vector<Unit>& lengthUnits() {
    static const std::vector<Unit> units = {
        {"angstrom", 1.0, {"angstrom", "angstroms", "a", "ang", "\xc3\x85"}},
        {"nm", 10.0, {"nm", "nanometer", "nanometers"}},
        {"bohr", 0.529177210903, {"bohr", "bohrs", "a0"}}};
    return units;
}

const Unit& find(const std::vector<Unit>& units, std::string_view name, std::string_view kind) {
    const std::string wanted = lower(trim(name));
    std::vector<std::string> known;
    for (const Unit& unit : units) {
        for (std::string_view spelling : unit.spellings)
            if (wanted == spelling)
                return unit;
        known.emplace_back(unit.name);
    }
    fail("reading a unit of ", kind, ": \"", name, "\" was found, expected one of ",
         join(known, ", "));
}

}  // namespace

std::string energyUnit(std::string_view name) {
    return std::string(find(energyUnits(), name, "energy").name);
}

std::string lengthUnit(std::string_view name) {
    return std::string(find(lengthUnits(), name, "length").name);
}

double kilojoulesPerMole(std::string_view unit) {
    return find(energyUnits(), unit, "energy").value;
}

double angstroms(std::string_view unit) {
    return find(lengthUnits(), unit, "length").value;
}

double energyFactor(std::string_view from, std::string_view to) {
    const double source = kilojoulesPerMole(from), target = kilojoulesPerMole(to);
    return source / target;
}

}  // namespace molspectra
