// The SpecFormer of MolSpectra's checkpoints: its configuration, and what its tensors become.
// SPDX-License-Identifier: MIT
#include "model/import/SpectraTable.h"

#include "core/Error.h"
#include "core/Text.h"
#include "model/import/HyperParameters.h"

#include <cmath>

namespace molspectra {

const char* const specFormerPrefix = "representation_spec_model.";

namespace {

/// The factor of the scores is stored in single precision.
constexpr double rounding = 1e-6;

std::string theirLayer(int64_t number) {
    return cat("backbone.encoder.layers.", number, ".");
}

std::string theirFactor(int64_t layer) {
    return cat(specFormerPrefix, theirLayer(layer), "self_attn.sdp_attn.scale");
}

class Table {
public:
    explicit Table(const SpectraConfig& config) : config_(config), C(config.channels) {}

    std::vector<WeightSource> all() {
        for (size_t number = 0; number < config_.spectra.size(); number++)
            spectrum(number);
        for (int64_t number = 0; number < config_.layers; number++)
            layer(number);
        affine("head.linear", config_.outputs, config_.tokens() * C, "head");
        norm("out_norm", config_.outputs, "norm");
        return list_;
    }

private:
    void add(const std::string& theirs, std::vector<int64_t> shape, const std::string& ours,
             int64_t firstRow = 0) {
        list_.push_back({specFormerPrefix + theirs, std::move(shape), ours, firstRow});
    }

    /// A matrix and its bias, at rows of ours.
    void affine(const std::string& theirs, int64_t rows, int64_t columns, const std::string& ours,
                int64_t firstRow = 0) {
        add(theirs + ".weight", {rows, columns}, ours + "_weight", firstRow);
        add(theirs + ".bias", {rows}, ours + "_bias", firstRow);
    }

    void norm(const std::string& theirs, int64_t size, const std::string& ours) {
        add(theirs + ".weight", {size}, ours + "_weight");
        add(theirs + ".bias", {size}, ours + "_bias");
    }

    void normWithStatistics(const std::string& theirs, const std::string& ours) {
        norm(theirs, C, ours);
        add(theirs + ".running_mean", {C}, ours + "_mean");
        add(theirs + ".running_var", {C}, ours + "_variance");
    }

    void spectrum(size_t number) {
        const SpectrumConfig& each = config_.spectra[number];
        const std::string ours = cat("kind", number, ".");
        affine(cat("backbone.W_P.", number), C, each.patch, ours + "patch");
        add("backbone.W_pos_" + each.kind, {each.patches(), C}, ours + "position");
        affine(cat("reconstruct_heads.", number), each.patch, C, ours + "reconstruct");
    }

    void layer(int64_t number) {
        const std::string theirs = theirLayer(number), ours = cat("layer", number, ".");
        affine(theirs + "self_attn.W_Q", C, C, ours + "attend");
        affine(theirs + "self_attn.W_K", C, C, ours + "attend", C);
        affine(theirs + "self_attn.W_V", C, C, ours + "attend", 2 * C);
        list_.push_back({theirFactor(number), {}, ""});
        affine(theirs + "self_attn.to_out.0", C, C, ours + "output");
        normWithStatistics(theirs + "norm_attn.1", ours + "norm1");
        affine(theirs + "ff.0", config_.hidden, C, ours + "hidden");
        affine(theirs + "ff.3", C, config_.hidden, ours + "return");
        normWithStatistics(theirs + "norm_ffn.1", ours + "norm2");
    }

    const SpectraConfig& config_;
    int64_t C;
    std::vector<WeightSource> list_;
};

/// Rows of a matrix; `otherwise` where it is missing, which the table then tells.
int64_t rowsOf(const ForeignCheckpoint& checkpoint, const std::string& name, int64_t otherwise) {
    const auto found = checkpoint.tensors().find(specFormerPrefix + name);
    const bool matrix = found != checkpoint.tensors().end() &&
                        found->second.stored.shape.size() == 2;
    return matrix ? found->second.stored.shape[0] : otherwise;
}

}  // namespace

SpectraConfig specFormerConfig(const nlohmann::json& parameters,
                               const ForeignCheckpoint& checkpoint, int64_t outputs) {
    SpectraConfig config = spectraFromHyperParameters(parameters, checkpoint.path());
    config.outputs = outputs;
    config.channels = rowsOf(checkpoint, "backbone.W_P.0.weight", config.channels);
    config.hidden = rowsOf(checkpoint, theirLayer(0) + "ff.0.weight", config.hidden);
    int64_t layers = 0;
    while (checkpoint.tensors().contains(
        cat(specFormerPrefix, theirLayer(layers), "self_attn.W_Q.weight")))
        layers++;
    if (layers > 0)
        config.layers = layers;
    return config;
}

std::vector<WeightSource> specFormerTable(const SpectraConfig& config) {
    return Table(config).all();
}

int64_t specFormerHeads(const SpectraConfig& config, const ForeignCheckpoint& checkpoint) {
    const auto channels = static_cast<double>(config.channels);
    double width = 0.0;
    for (int64_t layer = 0; layer < config.layers; layer++) {
        const ForeignTensor& tensor = checkpoint.tensors().at(theirFactor(layer));
        const double factor = checkpoint.read(tensor).values.at(0);
        if (layer == 0)
            width = std::round(1.0 / (factor * factor));
        const bool fits = width >= 1 && width <= channels && std::fmod(channels, width) == 0 &&
                          std::abs(factor * std::sqrt(width) - 1.0) < rounding;
        if (!fits)
            fail("importing ", checkpoint.path(), ": ", tensor.name, " is ", factor,
                 ", expected in all layers the inverse root of a head's width, which divides ",
                 config.channels);
    }
    return config.channels / static_cast<int64_t>(width);
}

}  // namespace molspectra
