// The table of tensors of model/README.md, as a function of the configuration.
// SPDX-License-Identifier: MIT
#include "core/Tensors.h"

#include "core/Text.h"

namespace molspectra {

namespace {

/// Lists tensors under the prefix of the module they belong to.
class Lister {
public:
    explicit Lister(const ModelConfig& config)
        : config_(config), F(config.channels), K(config.radialFunctions) {}

    TensorShapes all() {
        shapes_ = {{"energy_scale", {}}, {"embedding_weight", {config_.elements, F}}};
        radial();
        if (config_.neighborEmbedding)
            neighborEmbedding();
        for (int number = 0; number < config_.layers; number++)
            layer(cat("layer", number, "."));
        norm("norm");
        if (config_.vectorNorm != "none")
            vectorNorm("vector_norm.");
        gatedBlock("energy.block0.", F, F / 2, false);
        gatedBlock("energy.block1.", F / 2, 1, true);
        if (config_.noiseHead) {
            gatedBlock("noise_head.block0.", F, F / 2, false);
            gatedBlock("noise_head.block1.", F / 2, 1, false);
        }
        return shapes_;
    }

private:
    void affine(const std::string& name, int64_t rows, int64_t columns) {
        shapes_[name + "_weight"] = {rows, columns};
        shapes_[name + "_bias"] = {rows};
    }

    void norm(const std::string& name) {
        shapes_[name + "_weight"] = {F};
        shapes_[name + "_bias"] = {F};
    }

    void vectorNorm(const std::string& prefix) {
        shapes_[prefix + "weight"] = {F};
        shapes_[prefix + "regularization"] = {3};
    }

    void radial() {
        const bool gauss = config_.radialType == "gauss";
        shapes_[gauss ? "radial.offsets" : "radial.means"] = {K};
        shapes_[gauss ? "radial.coefficient" : "radial.betas"] = {gauss ? 1 : K};
    }

    void neighborEmbedding() {
        shapes_["neighbor.embedding_weight"] = {config_.elements, F};
        affine("neighbor.filter", F, K);
        affine("neighbor.combine", F, 2 * F);
    }

    void layer(const std::string& prefix) {
        norm(prefix + "norm");
        affine(prefix + "project", 5 * F, F);
        if (const int64_t kinds = filterKinds())
            affine(prefix + "filter", kinds * F, K);
        shapes_[prefix + "vector_weight"] = {3 * F, F};
        affine(prefix + "output", 3 * F, F);
        if (!config_.layerNorms)
            return;
        norm(prefix + "scalar_norm");
        vectorNorm(prefix + "vector_norm.");
    }

    /// Dk for the keys, D0 to D2 for the values.
    int64_t filterKinds() const {
        const std::string& influence = config_.distanceInfluence;
        return influence == "both" ? 4 : influence == "keys" ? 1 : influence == "values" ? 3 : 0;
    }

    void gatedBlock(const std::string& prefix, int64_t inputs, int64_t outputs, bool scalar) {
        shapes_[prefix + "length_weight"] = {inputs, inputs};
        if (!scalar)
            shapes_[prefix + "direction_weight"] = {outputs, inputs};
        affine(prefix + "hidden", inputs, 2 * inputs);
        affine(prefix + "output", scalar ? outputs : 2 * outputs, inputs);
    }

    const ModelConfig& config_;
    int64_t F, K;
    TensorShapes shapes_;
};

std::string shapeText(const std::vector<int64_t>& shape) {
    std::vector<std::string> sizes;
    for (const int64_t size : shape)
        sizes.push_back(std::to_string(size));
    return cat("[", join(sizes, ","), "]");
}

}  // namespace

TensorShapes tensorShapes(const ModelConfig& config) {
    return Lister(config).all();
}

std::string differenceFrom(const ModelConfig& config, const Tensors& tensors) {
    const TensorShapes expected = tensorShapes(config);
    for (const auto& [name, shape] : expected) {
        const auto found = tensors.find(name);
        if (found == tensors.end())
            return cat("it has no tensor ", name);
        if (found->second.shape != shape)
            return cat("its tensor ", name, " is ", shapeText(found->second.shape), ", expected ",
                       shapeText(shape));
    }
    for (const auto& [name, tensor] : tensors)
        if (!expected.contains(name))
            return cat("it has a tensor ", name, ", which the network does not know");
    return "";
}

}  // namespace molspectra
