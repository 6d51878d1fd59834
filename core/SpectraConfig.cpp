// Options of a SpecFormer as JSON, and their ranges.
// SPDX-License-Identifier: MIT
#include "core/SpectraConfig.h"

#include "core/OptionReader.h"

#include <set>

namespace molspectra {

namespace {

using Json = nlohmann::json;

template <class Config, class Visitor>
void forEachSpectrumOption(Config& config, Visitor&& visit) {
    visit("kind", config.kind);
    visit("start", config.start);
    visit("step", config.step);
    visit("points", config.points);
    visit("patch", config.patch);
    visit("stride", config.stride);
    visit("scale", config.scale);
}

template <class Config, class Visitor>
void forEachOption(Config& config, Visitor&& visit) {
    visit("channels", config.channels);
    visit("layers", config.layers);
    visit("heads", config.heads);
    visit("hidden", config.hidden);
    visit("outputs", config.outputs);
    visit("maskToken", config.maskToken);
    visit("hideOverlap", config.hideOverlap);
    visit("kindToken", config.kindToken);
    visit("optional", config.optional);
    visit("batchNorm", config.batchNorm);
}

template <class T>
void require(bool ok, const std::string& name, const T& value, const std::string& expected) {
    requireOption(ok, "the configuration of spectra", name, value, expected);
}

void validateSpectrum(const SpectrumConfig& each) {
    require(each.kind == "uv" || each.kind == "ir" || each.kind == "raman", "kind", each.kind,
            "uv, ir or raman");
    require(std::isfinite(each.start), each.kind + " start", each.start, "a number");
    require(std::isfinite(each.step) && each.step > 0, each.kind + " step", each.step,
            "a positive number");
    require(each.patch >= 1, each.kind + " patch", each.patch, "at least 1");
    require(each.points >= each.patch, each.kind + " points", each.points,
            cat("at least the length of a patch (", each.patch, ")"));
    require(each.stride >= 1, each.kind + " stride", each.stride, "at least 1");
    require(std::isfinite(each.scale) && each.scale > 0, each.kind + " scale", each.scale,
            "a positive number");
}

}  // namespace

SpectraConfig SpectraConfig::qm9s() {
    SpectraConfig config;
    config.spectra = {{"uv", 1.0, 0.02, 701, 20, 10, 1.0},
                      {"ir", 500.0, 1.0, 3501, 50, 25, 1.0},
                      {"raman", 500.0, 1.0, 3501, 50, 25, 1.0}};
    return config;
}

SpectraConfig SpectraConfig::published() {
    SpectraConfig config = qm9s();
    config.maskToken = config.hideOverlap = config.kindToken = config.optional = false;
    config.batchNorm = true;
    return config;
}

int64_t SpectraConfig::tokens() const {
    int64_t count = 0;
    for (const SpectrumConfig& each : spectra)
        count += each.patches();
    return count;
}

void SpectraConfig::validate() const {
    require(!spectra.empty(), "spectra", "empty", "at least one of uv, ir and raman");
    std::set<std::string> kinds;
    for (const SpectrumConfig& each : spectra) {
        validateSpectrum(each);
        require(kinds.insert(each.kind).second, "kind", each.kind, "each kind once");
    }
    require(heads >= 1, "heads", heads, "at least 1");
    require(channels >= 1 && channels % heads == 0, "channels", channels,
            cat("a positive multiple of heads (", heads, ")"));
    require(layers >= 1, "layers", layers, "at least 1");
    require(hidden >= 1, "hidden", hidden, "at least 1");
    require(outputs >= 1, "outputs", outputs, "at least 1");
}

Json toJson(const SpectraConfig& config) {
    Json json = Json::object();
    forEachOption(config, [&](const char* name, const auto& value) { json[name] = value; });
    json["spectra"] = Json::array();
    for (const SpectrumConfig& each : config.spectra) {
        Json one = Json::object();
        forEachSpectrumOption(each,
                              [&](const char* name, const auto& value) { one[name] = value; });
        json["spectra"].push_back(one);
    }
    return json;
}

SpectraConfig spectraConfigFromJson(const Json& json, const std::string& where) {
    SpectraConfig config;
    const OptionReader reader(json, "the configuration of spectra", where);
    std::vector<std::string> names{"spectra"}, spectrumNames;
    forEachOption(config, [&](const char* name, const auto&) { names.emplace_back(name); });
    SpectrumConfig spectrum;
    forEachSpectrumOption(spectrum,
                          [&](const char* name, const auto&) { spectrumNames.emplace_back(name); });
    reader.allowOnly(names);
    forEachOption(config, reader);
    const Json list = json.value("spectra", Json());
    if (!list.is_array())
        fail("reading ", where, ": \"spectra\" of the configuration of spectra is a JSON ",
             list.type_name(), ", expected a list");
    for (const Json& one : list) {
        const OptionReader each(one, "a spectrum's configuration", where);
        each.allowOnly(spectrumNames);
        forEachSpectrumOption(spectrum, each);
        config.spectra.push_back(spectrum);
    }
    config.validate();
    return config;
}

}  // namespace molspectra
