// Options of a network as JSON, and their ranges.
// SPDX-License-Identifier: MIT
#include "core/ModelConfig.h"

#include "core/Error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace molspectra {

namespace {

using Json = nlohmann::json;

/// The one list of options: toJson and configFromJson both walk it.
template <class Config, class Visitor>
void forEachOption(Config& config, Visitor&& visit) {
    visit("channels", config.channels);
    visit("layers", config.layers);
    visit("heads", config.heads);
    visit("radialFunctions", config.radialFunctions);
    visit("radialType", config.radialType);
    visit("trainableRadial", config.trainableRadial);
    visit("cutoffLower", config.cutoffLower);
    visit("cutoff", config.cutoff);
    visit("elements", config.elements);
    visit("neighborEmbedding", config.neighborEmbedding);
    visit("distanceInfluence", config.distanceInfluence);
    visit("vectorCutoff", config.vectorCutoff);
    visit("layerNorms", config.layerNorms);
    visit("vectorNorm", config.vectorNorm);
    visit("noiseHead", config.noiseHead);
}

std::vector<std::string> optionNames() {
    std::vector<std::string> names;
    const ModelConfig config;
    forEachOption(config, [&](const char* name, const auto&) { names.emplace_back(name); });
    return names;
}

/// Reads one option of the type of the member it is stored in.
class OptionReader {
public:
    OptionReader(const Json& json, const std::string& where) : json_(json), where_(where) {}

    template <class T>
    void operator()(const char* name, T& value) const {
        const auto entry = json_.find(name);
        if (entry == json_.end())
            fail("reading ", where_, ": the model configuration has no \"", name, "\"");
        read(name, *entry, value);
    }

private:
    void read(const char* name, const Json& entry, bool& value) const {
        require(entry.is_boolean(), name, entry, "true or false");
        value = entry.get<bool>();
    }

    void read(const char* name, const Json& entry, double& value) const {
        require(entry.is_number(), name, entry, "a number");
        value = entry.get<double>();
    }

    void read(const char* name, const Json& entry, std::string& value) const {
        require(entry.is_string(), name, entry, "a text");
        value = entry.get<std::string>();
    }

    void read(const char* name, const Json& entry, int& value) const {
        constexpr double limit = std::numeric_limits<int>::max();
        const bool fits = entry.is_number_integer() && std::abs(entry.get<double>()) <= limit;
        require(fits, name, entry, "an integer");
        value = entry.get<int>();
    }

    void require(bool ok, const char* name, const Json& entry, const char* expected) const {
        if (!ok)
            fail("reading ", where_, ": \"", name, "\" of the model configuration is ",
                 entry.dump(-1, ' ', false, Json::error_handler_t::replace), ", expected ",
                 expected);
    }

    const Json& json_;
    const std::string& where_;
};

template <class T>
void require(bool ok, const char* name, const T& value, const std::string& expected) {
    if (!ok)
        fail("checking the model configuration: ", name, " is ", value, ", expected ", expected);
}

void requireOneOf(const char* name, const std::string& value,
                  const std::vector<std::string>& allowed) {
    const bool known = std::find(allowed.begin(), allowed.end(), value) != allowed.end();
    require(known, name, cat("\"", value, "\""), cat("one of ", join(allowed, ", ")));
}

}  // namespace

ModelConfig ModelConfig::md17() {
    return {};
}

ModelConfig ModelConfig::qm9() {
    ModelConfig config;
    config.channels = 256;
    config.layers = 8;
    config.radialFunctions = 64;
    config.layerNorms = true;
    return config;
}

void ModelConfig::validate() const {
    require(heads >= 1, "heads", heads, "at least 1");
    require(channels >= 1 && channels % heads == 0, "channels", channels,
            cat("a positive multiple of heads (", heads, ")"));
    require(layers >= 1, "layers", layers, "at least 1");
    require(radialFunctions >= 2, "radialFunctions", radialFunctions, "at least 2");
    require(elements >= 2, "elements", elements, "at least 2 (atomic numbers are below it)");
    require(std::isfinite(cutoff) && cutoff > 0, "cutoff", cutoff, "a positive distance");
    require(cutoffLower >= 0 && cutoffLower < cutoff, "cutoffLower", cutoffLower,
            cat("at least 0 and below cutoff (", cutoff, ")"));
    requireOneOf("radialType", radialType, {"expnorm", "gauss"});
    requireOneOf("distanceInfluence", distanceInfluence, {"keys", "values", "both", "none"});
    requireOneOf("vectorNorm", vectorNorm, {"none", "whitened", "whitened-anisotropic"});
}

nlohmann::json toJson(const ModelConfig& config) {
    Json json = Json::object();
    forEachOption(config, [&](const char* name, const auto& value) { json[name] = value; });
    return json;
}

ModelConfig configFromJson(const nlohmann::json& json, const std::string& where) {
    if (!json.is_object())
        fail("reading ", where, ": the model configuration is a JSON ", json.type_name(),
             ", expected an object");
    const std::vector<std::string> names = optionNames();
    for (const auto& [key, value] : json.items())
        if (std::find(names.begin(), names.end(), key) == names.end())
            fail("reading ", where, ": the model configuration has an unknown option \"", key,
                 "\"; did you mean \"", nearest(key, names), "\"?");
    ModelConfig config;
    forEachOption(config, OptionReader(json, where));
    return config;
}

}  // namespace molspectra
