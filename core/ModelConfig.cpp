// Options of a network as JSON, and their ranges.
// SPDX-License-Identifier: MIT
#include "core/ModelConfig.h"

#include "core/OptionReader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
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

template <class T>
void require(bool ok, const char* name, const T& value, const std::string& expected) {
    requireOption(ok, "the model configuration", name, value, expected);
}

/// Far beyond all that is useful: files that are damaged must not take all memory.
constexpr int mostChannels = 8192, mostLayers = 1000, mostElements = 1000;
constexpr double largestCutoff = 1000;
constexpr double mostEntries = 1e8;  // of one square matrix in each layer

void requireCount(const char* name, int count, int least, int most) {
    require(count >= least && count <= most, name, count, cat("from ", least, " to ", most));
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
    require(channels >= 1 && channels <= mostChannels && channels % heads == 0, "channels",
            channels, cat("a positive multiple of heads (", heads, "), at most ", mostChannels));
    requireCount("layers", layers, 1, mostLayers);
    require(double(channels) * channels * layers <= mostEntries, "layers", layers,
            cat("fewer for ", channels, " channels"));
    requireCount("radialFunctions", radialFunctions, 2, mostChannels);
    requireCount("elements", elements, 2, mostElements);
    require(cutoff > 0 && cutoff <= largestCutoff, "cutoff", cutoff,
            cat("a positive distance, at most ", largestCutoff));
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
    const OptionReader reader(json, "the model configuration", where);
    reader.allowOnly(optionNames());
    ModelConfig config;
    forEachOption(config, reader);
    return config;
}

}  // namespace molspectra
