// Hyper-parameters of TorchMD-Net and its relatives as a configuration of our network.
// SPDX-License-Identifier: MIT
#include "model/import/HyperParameters.h"

#include "core/Error.h"
#include "core/Files.h"
#include "core/Json.h"

#include <algorithm>
#include <limits>

namespace molspectra {

namespace {

using Json = nlohmann::json;

constexpr const char* nested = "<nested>";

std::string shortText(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Takes hyper-parameters with their types.
class Reader {
public:
    Reader(const Json& parameters, const std::string& where)
        : parameters_(parameters), where_(where) {}

    [[noreturn]] void refuse(const char* name, const std::string& expected) const {
        fail("importing ", where_, ": the hyper-parameter ", name, " is ",
             parameters_.contains(name) ? shortText(parameters_.at(name)) : "missing",
             ", expected ", expected);
    }

    /// Null where it is absent: files of all versions leave out what they did not know.
    Json value(const char* name) const {
        return parameters_.contains(name) ? parameters_.at(name) : Json();
    }

    int integer(const char* name) const {
        const Json found = value(name);
        if (!found.is_number_integer() || found.get<double>() < 0 ||
            found.get<double>() > std::numeric_limits<int>::max())
            refuse(name, "a positive integer");
        return found.get<int>();
    }

    double number(const char* name) const {
        const Json found = value(name);
        if (!found.is_number())
            refuse(name, "a number");
        return found.get<double>();
    }

    bool flag(const char* name) const {
        const Json found = value(name);
        if (!found.is_boolean() && !found.is_null())
            refuse(name, "true or false");
        return found == true;
    }

    /// One for each of UV, IR and Raman. @param otherwise  where there are none
    std::vector<int64_t> ofSpectra(const char* name, std::vector<int64_t> otherwise) const {
        const Json found = value(name);
        if (found.is_null())
            return otherwise;
        const auto positive = [](const Json& each) {
            return each.is_number_integer() && each > 0 &&
                   each <= std::numeric_limits<int>::max();
        };
        if (!found.is_array() || found.size() != otherwise.size() ||
            !std::all_of(found.begin(), found.end(), positive))
            refuse(name, "three positive integers, for UV, IR and Raman");
        return found.get<std::vector<int64_t>>();
    }

    std::string choice(const char* name, const std::vector<std::string>& allowed,
                       const std::string& otherwise = "") const {
        const Json found = value(name);
        if (found.is_null() && !otherwise.empty())
            return otherwise;
        const std::string text = found.is_string() ? found.get<std::string>() : "";
        if (std::find(allowed.begin(), allowed.end(), text) == allowed.end())
            refuse(name, join(allowed, " or "));
        return text;
    }

private:
    const Json& parameters_;
    const std::string& where_;
};

/// What no choice of weights could make our network compute.
void checkKind(const Reader& reader) {
    reader.choice("model", {"equivariant-transformer"});
    reader.choice("output_model", {"Scalar", "EquivariantScalar"}, "Scalar");
    reader.choice("activation", {"silu"}, "silu");
    reader.choice("attn_activation", {"silu"}, "silu");
    reader.choice("reduce_op", {"add", "sum"}, "add");
    if (const Json filter = reader.value("atom_filter");
        !filter.is_null() && !(filter.is_number() && filter.get<double>() < 0))
        reader.refuse("atom_filter", "-1, as our network adds the energies of all atoms");
}

/// One scalar of YAML, by the rules of its core schema as far as hyper-parameters need them.
Json yamlScalar(const std::string& text) {
    static const std::vector<std::string> nulls{"", "~", "null", "Null", "NULL"};
    if (std::find(nulls.begin(), nulls.end(), text) != nulls.end())
        return nullptr;
    if (const std::string word = lower(text); word == "true" || word == "false")
        return word == "true";
    const char quote = text.front();
    if ((quote == '"' || quote == '\'') && text.size() > 1 && text.back() == quote)
        return text.substr(1, text.size() - 2);
    if (const Json parsed = parseJson(text, "hyper-parameters", false); !parsed.is_discarded())
        return parsed;
    try {
        return parseDouble(text, "a number");  // 1.0e-04 and 5. are no JSON
    } catch (const Error&) {
        return text;
    }
}

/// A value to which a further line belongs.
Json withLine(Json value, const std::string& line) {
    const bool scalar = line.starts_with("- ") && !line.ends_with(':') &&
                        line.find(": ") == std::string::npos;
    if (!scalar || !(value.is_null() || value.is_array()))
        return nested;
    value.push_back(yamlScalar(trim(line.substr(2))));
    return value;
}

std::string withoutComment(const std::string& line) {
    const size_t comment = line.starts_with('#') ? 0 : line.find(" #");
    return line.substr(0, comment);
}

/// Name and arguments of the only prior, in any of the ways it may be written.
std::pair<Json, Json> onlyPrior(const Json& prior, const Json& arguments) {
    if (prior.is_array() && prior.size() == 1)
        return onlyPrior(prior[0], arguments.is_array() && arguments.size() == 1 ? arguments[0]
                                                                                : arguments);
    if (prior.is_object() && prior.size() == 1)
        return {prior.begin().key(), arguments.is_null() ? prior.begin().value() : arguments};
    return {prior, arguments.is_array() && arguments.size() == 1 ? arguments[0] : arguments};
}

}  // namespace

nlohmann::json readHyperParameters(const std::string& path) {
    Json parameters = Json::object();
    std::string last;
    int number = 0;
    for (const std::string& raw : split(readFile(path), '\n')) {
        number++;
        const std::string line = withoutComment(raw), bare = trim(line);
        if (bare.empty() || bare == "---" || bare == "...")
            continue;
        const bool inner = line.front() == ' ' || line.front() == '\t' || bare.front() == '-';
        const size_t colon = line.find(':');
        if ((inner && last.empty()) || (!inner && colon == std::string::npos))
            fail("reading ", path, ": line ", number, " is \"", bare,
                 "\", expected \"key: value\"");
        if (!inner)
            last = trim(line.substr(0, colon));
        parameters[last] = inner ? withLine(parameters[last], bare)
                                 : yamlScalar(trim(line.substr(colon + 1)));
    }
    return parameters;
}

ModelConfig configFromHyperParameters(const nlohmann::json& parameters,
                                      const std::set<std::string>& tensors,
                                      const std::string& where) {
    const Reader reader(parameters, where);
    checkKind(reader);
    ModelConfig config;
    config.channels = reader.integer("embedding_dimension");
    config.layers = reader.integer("num_layers");
    config.heads = reader.integer("num_heads");
    config.radialFunctions = reader.integer("num_rbf");
    config.radialType = reader.choice("rbf_type", {"expnorm", "gauss"});
    config.trainableRadial = reader.flag("trainable_rbf");
    config.cutoff = reader.number("cutoff_upper");
    config.cutoffLower = parameters.contains("cutoff_lower") ? reader.number("cutoff_lower") : 0.0;
    config.elements = reader.integer("max_z");
    config.neighborEmbedding = reader.flag("neighbor_embedding");
    config.distanceInfluence =
        reader.choice("distance_influence", {"keys", "values", "both", "none"}, "both");
    config.vectorCutoff = reader.flag("vector_cutoff");
    config.layerNorms = tensors.contains("representation_model.vec_norms.0.weight");
    if (const Json norm = reader.value("layernorm_on_vec"); !norm.is_null()) {
        reader.choice("layernorm_on_vec", {"whitened"});
        config.vectorNorm = "whitened-anisotropic";
    }
    config.noiseHead =
        tensors.contains("output_model_noise.output_network.0.vec1_proj.weight");
    try {
        config.validate();
    } catch (const Error& error) {
        fail("importing ", where, ": ", error.what());
    }
    if (!config.vectorCutoff && config.cutoffLower > 0)
        reader.refuse("cutoff_lower", "0 without vector_cutoff, as TorchMD-Net then counts pairs "
                                      "below it otherwise than our network");
    return config;
}

SpectraConfig spectraFromHyperParameters(const nlohmann::json& parameters,
                                         const std::string& where) {
    const Reader reader(parameters, where);
    // Its first version named the model of all spectra after the one it began with.
    const bool first = parameters.contains("uv_model") && !parameters.contains("spectra_model");
    reader.choice(first ? "uv_model" : "spectra_model", {"SpecFormer"}, "SpecFormer");
    const Json norm = reader.value("input_data_norm_type");
    if (!norm.is_string() || lower(norm.get<std::string>()) != "log10")
        reader.refuse("input_data_norm_type", "log10, as our SpecFormer sees log10(1 + intensity)");
    SpectraConfig config = SpectraConfig::published();
    std::vector<int64_t> patches, strides;
    for (const SpectrumConfig& each : config.spectra) {
        patches.push_back(each.patch);
        strides.push_back(each.stride);
    }
    patches = reader.ofSpectra("patch_len", patches);
    strides = reader.ofSpectra("stride", strides);
    for (size_t n = 0; n < config.spectra.size(); n++) {
        SpectrumConfig& each = config.spectra[n];
        each.patch = patches[n];
        each.stride = strides[n];
        if (each.patch > each.points)
            reader.refuse("patch_len", cat("at most ", each.points, " points for ", each.kind,
                                           ", its published length"));
    }
    return config;
}

bool trainsEnergies(const nlohmann::json& parameters) {
    const auto isZero = [&](const char* name) { return parameters.value(name, Json()) == 0; };
    const bool weightless = (isZero("energy_weight") && isZero("force_weight")) ||
                            (isZero("y_weight") && isZero("neg_dy_weight"));
    return !weightless && parameters.value("denoising_only", Json()) != true;
}

bool addsAtomEnergies(const nlohmann::json& parameters, const std::string& where) {
    const Reader reader(parameters, where);
    const Json prior = reader.value("prior_model");
    if (prior.is_null() || prior.empty())
        return false;
    const auto [name, arguments] = onlyPrior(prior, reader.value("prior_args"));
    if (name != "Atomref" && name != "LearnableAtomref")
        reader.refuse("prior_model", "none, Atomref or LearnableAtomref, which are energies of "
                                     "atoms");
    if (arguments == nested)
        reader.refuse("prior_args", "arguments on one line, as {max_z: 100}");
    return !(arguments.is_object() && arguments.value("enable", Json(true)) == false);
}

}  // namespace molspectra
