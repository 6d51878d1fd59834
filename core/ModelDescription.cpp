// The description of a model file as JSON; every entry is checked against the others on reading.
// SPDX-License-Identifier: MIT
#include "core/ModelDescription.h"

#include "core/Error.h"
#include "core/Json.h"
#include "core/Units.h"

#include <algorithm>
#include <cmath>

namespace molspectra {

namespace {

using Json = nlohmann::json;

constexpr const char* formatName = "molspectra-model";

std::string shortText(const Json& json) {
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

/// The entries of one JSON object of a model file, taken with their types.
class Entries {
public:
    Entries(const Json& json, std::string what, const std::string& where)
        : json_(json), what_(std::move(what)), where_(where) {
        if (!json.is_object())
            failRead(what_, " is ", shortText(json), ", expected a JSON object");
    }

    void allow(const std::vector<std::string>& names) const {
        for (const auto& [key, value] : json_.items())
            if (std::find(names.begin(), names.end(), key) == names.end())
                failRead(what_, " has an unknown entry \"", key, "\"; did you mean \"",
                         nearest(key, names), "\"?");
    }

    const Json& entry(const char* name) const {
        const auto found = json_.find(name);
        if (found == json_.end())
            failRead(what_, " has no entry \"", name, "\"");
        return *found;
    }

    std::string text(const char* name) const {
        const Json& value = entry(name);
        if (!value.is_string())
            failEntry(name, value, "a text");
        return value.get<std::string>();
    }

    double number(const char* name) const {
        const Json& value = entry(name);
        if (!value.is_number() || !std::isfinite(value.get<double>()))
            failEntry(name, value, "a number");
        return value.get<double>();
    }

    bool boolean(const char* name) const {
        const Json& value = entry(name);
        if (!value.is_boolean())
            failEntry(name, value, "true or false");
        return value.get<bool>();
    }

    int integer(const char* name) const { return integer(name, entry(name)); }

    int integer(const std::string& name, const Json& value) const {
        if (!value.is_number_integer() || std::abs(value.get<double>()) > 1e9)
            failEntry(name, value, "an integer");
        return value.get<int>();
    }

    [[noreturn]] void failEntry(const std::string& name, const Json& value,
                                const std::string& expected) const {
        failRead("\"", name, "\" of ", what_, " is ", shortText(value), ", expected ", expected);
    }

    template <class... Parts>
    [[noreturn]] void failRead(const Parts&... parts) const {
        fail("reading ", where_, ": ", parts...);
    }

private:
    const Json& json_;
    std::string what_;
    const std::string& where_;
};

Json offsetToJson(const EnergyOffset& offset) {
    Json perElement = Json::object();
    for (const auto& [element, energy] : offset.perElement)
        perElement[std::to_string(element)] = energy;
    return {{"perMolecule", offset.perMolecule}, {"perElement", perElement}};
}

void checkFormat(const Entries& entries) {
    if (const std::string format = entries.text("format"); format != formatName)
        entries.failRead("it is of format \"", format, "\", expected \"", formatName, "\"");
    const int version = entries.integer("formatVersion");
    if (version > formatVersion)
        entries.failRead("it was written in format ", version, ", this version reads up to ",
                         formatVersion, "; update molspectra");
    if (version < 1)
        entries.failRead("it was written in format ", version, ", expected 1 to ", formatVersion);
}

ModelConfig readConfig(const Entries& entries, const std::string& where) {
    ModelConfig config = configFromJson(entries.entry("config"), where);
    try {
        config.validate();
    } catch (const Error& error) {
        entries.failRead(error.what());
    }
    return config;
}

void checkElement(int element, const char* list, const ModelConfig& config,
                  const Entries& entries) {
    if (element < 1 || element >= config.elements)
        entries.failRead(list, " names atomic number ", element,
                         ", but the configuration has elements = ", config.elements,
                         ", expected numbers in [1, ", config.elements, ")");
}

std::vector<int> readSpecies(const Entries& entries, const ModelConfig& config) {
    const Json& list = entries.entry("species");
    if (!list.is_array() || list.empty())
        entries.failEntry("species", list, "a list of at least one atomic number");
    std::vector<int> species;
    for (const Json& value : list) {
        species.push_back(entries.integer("species", value));
        checkElement(species.back(), "species", config, entries);
        if (species.size() > 1 && species.back() <= species[species.size() - 2])
            entries.failEntry("species", list, "atomic numbers in ascending order");
    }
    return species;
}

/// "8" and "08" would be one element; only the spelling that we write is taken.
int elementOfKey(const std::string& key, const Entries& entries) {
    long element = 0;
    try {
        element = parseInteger(key, "an element");
    } catch (const Error&) {
        element = -1;
    }
    if (element < 0 || std::to_string(element) != key || element > 1000000)
        entries.failRead("perElement has the key \"", key, "\", expected an atomic number");
    return int(element);
}

EnergyOffset readOffset(const Json& json, const ModelDescription& description,
                        const std::string& where) {
    const Entries entries(json, "energyOffset", where);
    entries.allow({"perMolecule", "perElement"});
    EnergyOffset offset;
    offset.perMolecule = entries.number("perMolecule");
    const Json& list = entries.entry("perElement");
    const Entries perElement(list, "perElement", where);
    for (const auto& [key, value] : list.items()) {
        const int element = elementOfKey(key, entries);
        checkElement(element, "perElement", description.config, entries);
        offset.perElement[element] = perElement.number(key.c_str());
    }
    for (int element : description.species)
        if (!offset.perElement.empty() && !offset.perElement.contains(element))
            entries.failRead("species contains ", element,
                             ", but perElement of energyOffset has no entry for it");
    return offset;
}

std::string readEnergyUnit(const Entries& entries) {
    const std::string unit = entries.text("energyUnit");
    try {
        return energyUnit(unit);
    } catch (const Error& error) {
        entries.failRead(error.what());
    }
}

std::string readChoice(const Entries& entries, const char* name,
                       const std::vector<std::string>& choices) {
    const std::string value = entries.text(name);
    if (std::find(choices.begin(), choices.end(), value) == choices.end())
        entries.failEntry(name, value, join(choices, " or "));
    return value;
}

Json jsonOf(const std::string& text, const std::string& where) {
    try {
        return parseJson(text, where);
    } catch (const Json::exception& error) {
        fail("reading ", where, ": ", descriptionFile, " is not JSON (", error.what(), ")");
    }
}

}  // namespace

double EnergyOffset::of(std::span<const int> atomicNumbers) const {
    double sum = perMolecule;
    for (int element : atomicNumbers)
        if (const auto entry = perElement.find(element); entry != perElement.end())
            sum += entry->second;
    return sum;
}

std::string toText(const ModelDescription& description) {
    Json json = {{"format", formatName},
                 {"formatVersion", formatVersion},
                 {"tool", description.toolVersion},
                 {"config", toJson(description.config)},
                 {"dtype", description.dtype},
                 {"lengthUnit", description.lengthUnit},
                 {"energyUnit", description.energyUnit},
                 {"species", description.species},
                 {"energyOffset", offsetToJson(description.offset)},
                 {"provenance", description.provenance}};
    if (!description.energiesTrained)
        json["energiesTrained"] = false;
    // File names in the provenance need not be UTF-8.
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ModelDescription parseDescription(const std::string& text, const std::string& where) {
    const Json json = jsonOf(text, where);
    const Entries entries(json, "the description of the model", where);
    checkFormat(entries);
    entries.allow({"format", "formatVersion", "tool", "config", "dtype", "lengthUnit",
                   "energyUnit", "species", "energyOffset", "energiesTrained", "provenance"});
    ModelDescription description;
    description.toolVersion = entries.text("tool");
    description.config = readConfig(entries, where);
    description.dtype = readChoice(entries, "dtype", {"float32", "float64"});
    description.lengthUnit = readChoice(entries, "lengthUnit", {"angstrom"});
    description.energyUnit = readEnergyUnit(entries);
    description.species = readSpecies(entries, description.config);
    description.offset = readOffset(entries.entry("energyOffset"), description, where);
    if (json.contains("energiesTrained"))
        description.energiesTrained = entries.boolean("energiesTrained");
    description.provenance = entries.entry("provenance");
    if (!description.provenance.is_object())
        entries.failEntry("provenance", description.provenance, "a JSON object");
    return description;
}

void requireEnergies(const ModelDescription& description, const std::string& where) {
    if (!description.energiesTrained)
        fail("reading ", where, ": the network was pre-trained only and its energies mean ",
             "nothing, expected one that has learned energies; run molspectra finetune ",
             "--model ", where, " first");
}

}  // namespace molspectra
