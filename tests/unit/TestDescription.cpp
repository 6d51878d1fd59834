// What a model file says of itself: exact round trip, every contradiction refused.
// SPDX-License-Identifier: MIT
#include "core/ModelDescription.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;
using Json = nlohmann::json;

namespace {

ModelDescription example() {
    ModelDescription description;
    description.config.channels = 64;
    description.energyUnit = "eV";
    description.dtype = "float64";
    description.species = {1, 6, 8};
    description.offset.perMolecule = 0.1 + 0.2;
    description.offset.perElement = {{1, -13.6 / 3}, {6, -1028.0 / 7}, {8, -1e-300}};
    description.toolVersion = "molspectra 0.1.0";
    description.provenance = {{"seed", 7}, {"data", {"ethanol.npz"}}};
    return description;
}

/// Error of reading the example after one change to its JSON.
std::string misreading(const std::function<void(Json&)>& change) {
    Json json = Json::parse(toText(example()));
    change(json);
    return errorOf([&] { parseDescription(json.dump(), "m.pt"); });
}

}  // namespace

TEST(ModelDescription, Text_RoundTripsExactly) {
    const ModelDescription before = example();
    const ModelDescription after = parseDescription(toText(before), "m.pt");
    EXPECT_EQ(after.config, before.config);
    EXPECT_EQ(after.energyUnit, before.energyUnit);
    EXPECT_EQ(after.lengthUnit, before.lengthUnit);
    EXPECT_EQ(after.dtype, before.dtype);
    EXPECT_EQ(after.species, before.species);
    EXPECT_EQ(after.offset.perMolecule, before.offset.perMolecule);
    EXPECT_EQ(after.offset.perElement, before.offset.perElement);
    EXPECT_EQ(after.toolVersion, before.toolVersion);
    EXPECT_EQ(after.provenance, before.provenance);
    EXPECT_EQ(toText(after), toText(before));
}

TEST(ModelDescription, Text_SurvivesFileNamesThatAreNotUtf8) {
    ModelDescription description = example();
    description.provenance["data"] = "\xff.npz";
    EXPECT_NO_THROW(parseDescription(toText(description), "m.pt"));
}

TEST(ModelDescription, Offset_SumsOverMoleculeAndAtoms) {
    const EnergyOffset offset{.perMolecule = 0.5, .perElement = {{1, 2.0}, {8, 16.0}}};
    const std::vector<int> water = {8, 1, 1}, methane = {6, 1, 1, 1, 1};
    EXPECT_EQ(offset.of(water), 0.5 + 16.0 + 2 * 2.0);
    EXPECT_EQ(offset.of(methane), 0.5 + 4 * 2.0);
}

TEST(ModelDescription, Parse_RefusesWhatIsNotJson) {
    EXPECT_THAT(errorOf([] { parseDescription("{", "m.pt"); }),
                HasSubstr("reading m.pt: molspectra.json is not JSON"));
    EXPECT_THAT(errorOf([] { parseDescription("[1]", "m.pt"); }),
                HasSubstr("the description of the model is [1], expected a JSON object"));
    const std::string deep(100'000, '[');
    EXPECT_THAT(errorOf([&] { parseDescription(deep, "m.pt"); }),
                HasSubstr("nested more than 1000 deep"));
}

TEST(ModelDescription, Parse_NamesMissingAndUnknownEntries) {
    const Json complete = Json::parse(toText(example()));
    for (const auto& [key, value] : complete.items())
        EXPECT_EQ(misreading([&, name = key](Json& json) { json.erase(name); }),
                  "reading m.pt: the description of the model has no entry \"" + key + "\"");
    EXPECT_THAT(misreading([](Json& json) { json["specie"] = 1; }),
                HasSubstr("unknown entry \"specie\"; did you mean \"species\"?"));
    EXPECT_THAT(misreading([](Json& json) { json["energyOffset"].erase("perMolecule"); }),
                HasSubstr("energyOffset has no entry \"perMolecule\""));
    EXPECT_THAT(misreading([](Json& json) { json["energyOffset"]["perAtom"] = 1; }),
                HasSubstr("unknown entry \"perAtom\""));
    EXPECT_THAT(misreading([](Json& json) { json["config"].erase("heads"); }),
                HasSubstr("no \"heads\""));
}

TEST(ModelDescription, Parse_RefusesANewerFormatBeforeAnythingElse) {
    EXPECT_EQ(misreading([](Json& json) {
                  json["formatVersion"] = 2;
                  json["entryOfFormatTwo"] = true;
              }),
              "reading m.pt: it was written in format 2, this version reads up to 1; update "
              "molspectra");
    EXPECT_THAT(misreading([](Json& json) { json["formatVersion"] = 0; }), HasSubstr("format 0"));
    EXPECT_THAT(misreading([](Json& json) { json["format"] = "other"; }),
                HasSubstr("format \"other\", expected \"molspectra-model\""));
}

TEST(ModelDescription, Parse_NamesBothSidesOfContradictions) {
    EXPECT_EQ(misreading([](Json& json) { json["species"] = {1, 6, 8, 100}; }),
              "reading m.pt: species names atomic number 100, but the configuration has "
              "elements = 100, expected numbers in [1, 100)");
    EXPECT_EQ(misreading([](Json& json) { json["energyOffset"]["perElement"].erase("6"); }),
              "reading m.pt: species contains 6, but perElement of energyOffset has no entry for "
              "it");
    EXPECT_THAT(misreading([](Json& json) { json["species"] = {8, 1, 6}; }),
                HasSubstr("ascending"));
    EXPECT_THAT(misreading([](Json& json) { json["species"] = Json::array(); }),
                HasSubstr("at least one"));
    EXPECT_THAT(misreading([](Json& json) { json["config"]["heads"] = 7; }),
                HasSubstr("channels is 64, expected a positive multiple of heads (7)"));
}

TEST(ModelDescription, Parse_RefusesUnknownUnitsAndTypes) {
    EXPECT_THAT(misreading([](Json& json) { json["lengthUnit"] = "nm"; }),
                HasSubstr("\"lengthUnit\" of the description of the model is \"nm\", expected "
                          "angstrom"));
    EXPECT_THAT(misreading([](Json& json) { json["dtype"] = "float16"; }),
                HasSubstr("\"float16\", expected float32 or float64"));
    EXPECT_THAT(misreading([](Json& json) { json["energyUnit"] = "erg"; }), HasSubstr("\"erg\""));
    EXPECT_THAT(misreading([](Json& json) { json["energyOffset"]["perElement"]["1"] = nullptr; }),
                HasSubstr("\"1\" of perElement is null, expected a number"));
    EXPECT_THAT(misreading([](Json& json) { json["energyOffset"]["perElement"]["H"] = 1.0; }),
                HasSubstr("the key \"H\", expected an atomic number"));
    EXPECT_THAT(misreading([](Json& json) { json["provenance"] = 3; }),
                HasSubstr("expected a JSON object"));
    EXPECT_THAT(misreading([](Json& json) { json["tool"] = 3; }), HasSubstr("expected a text"));
}

TEST(ModelDescription, Parse_AcceptsAModelWithoutElementEnergies) {
    ModelDescription description = example();
    description.offset.perElement.clear();
    EXPECT_TRUE(parseDescription(toText(description), "m.pt").offset.perElement.empty());
}

TEST(ModelDescription, UntrainedEnergies_AreKeptAndRefused) {
    ModelDescription description = example();
    EXPECT_NO_THROW(requireEnergies(description, "m.pt"));
    description.energiesTrained = false;
    const ModelDescription after = parseDescription(toText(description), "m.pt");
    EXPECT_FALSE(after.energiesTrained);
    EXPECT_THAT(errorOf([&] { requireEnergies(after, "m.pt"); }),
                HasSubstr("reading m.pt: the network was pre-trained only"));
}
