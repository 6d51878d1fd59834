// The file spectra.pt: a SpecFormer that describes itself, and says which network it belongs to.
// SPDX-License-Identifier: MIT
#include "model/SpectraFile.h"

#include "core/Error.h"
#include "core/Files.h"
#include "core/Json.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "model/SpecFormer.h"

#include <sstream>

namespace molspectra {
namespace {

constexpr int spectraFormat = 1;

using Json = nlohmann::json;

}  // namespace

std::string toText(const SpectraDescription& description) {
    const Json json{{"formatVersion", spectraFormat},
                    {"tool", description.toolVersion},
                    {"config", toJson(description.config)},
                    {"uvWidth", description.uvWidth},
                    {"vibrationalWidth", description.vibrationalWidth},
                    {"networkSha256", description.networkSha256},
                    {"provenance", description.provenance}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

SpectraDescription parseSpectraDescription(const std::string& text, const std::string& path) {
    try {
        const Json json = parseJson(text, path);
        if (json.at("formatVersion").get<int>() > spectraFormat)
            fail("reading ", path, ": it was written in format ",
                 json.at("formatVersion").get<int>(), ", this version reads up to ",
                 spectraFormat, "; update molspectra");
        return {spectraConfigFromJson(json.at("config"), path), json.at("uvWidth"),
                json.at("vibrationalWidth"), json.at("networkSha256"), json.at("tool"),
                json.at("provenance")};
    } catch (const Json::exception& error) {
        fail("reading ", path, ": its description ", spectraDescriptionFile,
             " is damaged (", error.what(), ")");
    }
}

void saveSpecFormer(const std::string& path, const torch::jit::Module& specFormer,
                    const SpectraDescription& description) {
    std::ostringstream stream;
    frozenCopy(specFormer).save(stream, {{spectraDescriptionFile, toText(description)}});
    writeFileSafely(path, stream.str());
}

LoadedSpecFormer loadSpecFormer(const std::string& path) {
    const auto [stored, text] =
        loadScript(path, spectraDescriptionFile, descriptionFile,
                   "a SpecFormer (spectra.pt of a run with --preset spectra)");
    LoadedSpecFormer loaded{torch::jit::Module("empty"), parseSpectraDescription(text, path)};
    loaded.specFormer = makeSpecFormer(loaded.description.config, 0);
    copyWeights(loaded.specFormer, stored, path);
    return loaded;
}

}  // namespace molspectra
