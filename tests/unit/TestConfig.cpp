// The model configuration: JSON both ways, and every range.
// SPDX-License-Identifier: MIT
#include "core/ModelConfig.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

namespace {

/// Error of validate() after one change to a valid configuration.
std::string refusal(const std::function<void(ModelConfig&)>& change) {
    ModelConfig config;
    change(config);
    return errorOf([&] { config.validate(); });
}

/// Error of reading a valid configuration after one change to its JSON.
std::string misreading(const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json json = toJson(ModelConfig());
    change(json);
    return errorOf([&] { configFromJson(json, "m.pt"); });
}

}  // namespace

TEST(ModelConfig, Presets_AreValid) {
    EXPECT_NO_THROW(ModelConfig::md17().validate());
    EXPECT_NO_THROW(ModelConfig::qm9().validate());
    EXPECT_EQ(ModelConfig::qm9().channels, 2 * ModelConfig::md17().channels);
}

TEST(ModelConfig, Json_RoundTripsEveryOption) {
    const ModelConfig config{
        .channels = 24, .layers = 3, .heads = 4, .radialFunctions = 9, .radialType = "gauss",
        .trainableRadial = true, .cutoffLower = 0.1, .cutoff = 4.7, .elements = 17,
        .neighborEmbedding = false, .distanceInfluence = "keys", .vectorCutoff = false,
        .layerNorms = true, .vectorNorm = "whitened", .noiseHead = true};
    const nlohmann::json json = nlohmann::json::parse(toJson(config).dump());
    EXPECT_EQ(configFromJson(json, "m.pt"), config);
    EXPECT_EQ(json.size(), 15u);
    for (const auto& [key, value] : json.items())
        EXPECT_NE(value, toJson(ModelConfig())[key]) << key << " is not changed by this test";
}

TEST(ModelConfig, Json_MissingAndUnknownOptionsAreNamed) {
    const nlohmann::json complete = toJson(ModelConfig());
    for (const auto& [key, value] : complete.items())
        EXPECT_EQ(misreading([&, name = key](nlohmann::json& json) { json.erase(name); }),
                  "reading m.pt: the model configuration has no \"" + key + "\"");
    EXPECT_EQ(misreading([](nlohmann::json& json) { json["layer"] = 3; }),
              "reading m.pt: the model configuration has an unknown option \"layer\"; did you "
              "mean \"layers\"?");
}

TEST(ModelConfig, Json_WrongTypesAreNamed) {
    EXPECT_EQ(misreading([](nlohmann::json& json) { json["channels"] = "128"; }),
              "reading m.pt: \"channels\" of the model configuration is \"128\", expected an "
              "integer");
    EXPECT_THAT(misreading([](nlohmann::json& json) { json["channels"] = 1.5; }),
                HasSubstr("expected an integer"));
    EXPECT_THAT(misreading([](nlohmann::json& json) { json["channels"] = 1ULL << 40; }),
                HasSubstr("expected an integer"));
    EXPECT_THAT(misreading([](nlohmann::json& json) { json["cutoff"] = nullptr; }),
                HasSubstr("\"cutoff\" of the model configuration is null, expected a number"));
    EXPECT_THAT(misreading([](nlohmann::json& json) { json["vectorCutoff"] = 1; }),
                HasSubstr("expected true or false"));
    EXPECT_THAT(misreading([](nlohmann::json& json) { json["radialType"] = true; }),
                HasSubstr("expected a text"));
    EXPECT_THAT(misreading([](nlohmann::json& json) { json = {1, 2}; }),
                HasSubstr("expected an object"));
}

TEST(ModelConfig, Validate_NamesOptionValueAndWhatIsAllowed) {
    EXPECT_EQ(refusal([](ModelConfig& c) { c.channels = 100; }),
              "checking the model configuration: channels is 100, expected a positive multiple of "
              "heads (8), at most 8192");
    EXPECT_EQ(refusal([](ModelConfig& c) { c.radialType = "bessel"; }),
              "checking the model configuration: radialType is \"bessel\", expected one of "
              "expnorm, gauss");
}

TEST(ModelConfig, Validate_RefusesEveryOptionOutOfRange) {
    using Change = std::function<void(ModelConfig&)>;
    const std::vector<std::pair<const char*, Change>> cases = {
        {"heads is 0", [](ModelConfig& c) { c.heads = 0; }},
        {"channels is 0", [](ModelConfig& c) { c.channels = 0; }},
        {"channels is -8", [](ModelConfig& c) { c.channels = -8; }},
        {"layers is 0", [](ModelConfig& c) { c.layers = 0; }},
        {"layers is 2000000000", [](ModelConfig& c) { c.layers = 2'000'000'000; }},
        {"channels is 80000", [](ModelConfig& c) { c.channels = 80000; }},
        {"layers is 900", [](ModelConfig& c) { c.channels = 8192, c.layers = 900; }},
        {"elements is 5000", [](ModelConfig& c) { c.elements = 5000; }},
        {"cutoff is 1e+300", [](ModelConfig& c) { c.cutoff = 1e300; }},
        {"radialFunctions is 1", [](ModelConfig& c) { c.radialFunctions = 1; }},
        {"elements is 1", [](ModelConfig& c) { c.elements = 1; }},
        {"cutoff is 0", [](ModelConfig& c) { c.cutoff = 0; }},
        {"cutoff is nan", [](ModelConfig& c) { c.cutoff = std::nan(""); }},
        {"cutoff is inf", [](ModelConfig& c) { c.cutoff = INFINITY; }},
        {"cutoffLower is -1", [](ModelConfig& c) { c.cutoffLower = -1; }},
        {"cutoffLower is 5", [](ModelConfig& c) { c.cutoffLower = 5; }},
        {"distanceInfluence is", [](ModelConfig& c) { c.distanceInfluence = "all"; }},
        {"vectorNorm is", [](ModelConfig& c) { c.vectorNorm = ""; }}};
    for (const auto& [text, change] : cases)
        EXPECT_THAT(refusal(change), HasSubstr(text));
}
