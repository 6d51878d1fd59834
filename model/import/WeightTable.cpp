// Which tensor of a foreign checkpoint becomes which rows of which tensor of ours.
// SPDX-License-Identifier: MIT
#include "model/import/WeightTable.h"

#include "core/Text.h"

namespace molspectra {

namespace {

class Table {
public:
    Table(const ModelConfig& config, bool affineNorms)
        : config_(config), affineNorms_(affineNorms), F(config.channels),
          K(config.radialFunctions) {}

    std::vector<WeightSource> all() {
        list_ = {{"std", {}, "energy_scale"},
                 {encoder("embedding.weight"), {config_.elements, F}, "embedding_weight"}};
        radial();
        if (config_.neighborEmbedding)
            neighborEmbedding();
        for (int number = 0; number < config_.layers; number++)
            layer(number);
        norm("out_norm", "norm");
        if (config_.vectorNorm != "none")
            add("out_norm_vec.weight", {F}, "vector_norm.weight");
        head("output_model", "energy", true);
        if (config_.noiseHead)
            head("output_model_noise", "noise_head", false);
        return list_;
    }

private:
    static std::string encoder(const std::string& name) { return "representation_model." + name; }

    void add(const std::string& theirs, std::vector<int64_t> shape, const std::string& ours) {
        list_.push_back({encoder(theirs), std::move(shape), ours});
    }

    /// A matrix and its bias, at rows of ours.
    void affine(const std::string& theirs, int64_t rows, int64_t columns, const std::string& ours,
                int64_t firstRow = 0, bool byHead = false) {
        list_.push_back({encoder(theirs + ".weight"), {rows, columns}, ours + "_weight", firstRow,
                         -1, byHead});
        list_.push_back({encoder(theirs + ".bias"), {rows}, ours + "_bias", firstRow, -1, byHead});
    }

    void norm(const std::string& theirs, const std::string& ours) {
        add(theirs + ".weight", {F}, ours + "_weight");
        add(theirs + ".bias", {F}, ours + "_bias");
    }

    void radial() {
        if (config_.radialType == "gauss") {
            add("distance_expansion.offset", {K}, "radial.offsets");
            add("distance_expansion.coeff", {}, "radial.coefficient");
        } else {
            add("distance_expansion.means", {K}, "radial.means");
            add("distance_expansion.betas", {K}, "radial.betas");
        }
    }

    void neighborEmbedding() {
        add("neighbor_embedding.embedding.weight", {config_.elements, F},
            "neighbor.embedding_weight");
        affine("neighbor_embedding.distance_proj", F, K, "neighbor.filter");
        affine("neighbor_embedding.combine", F, 2 * F, "neighbor.combine");
    }

    void layer(int number) {
        const std::string theirs = cat("attention_layers.", number, ".");
        const std::string ours = cat("layer", number, ".");
        norm(theirs + "layernorm", ours + "norm");
        affine(theirs + "q_proj", F, F, ours + "project");
        affine(theirs + "k_proj", F, F, ours + "project", F);
        affine(theirs + "v_proj", 3 * F, F, ours + "project", 2 * F, true);
        const std::string& influence = config_.distanceInfluence;
        const bool keys = influence == "both" || influence == "keys";
        if (keys)
            affine(theirs + "dk_proj", F, K, ours + "filter");
        if (influence == "both" || influence == "values")
            affine(theirs + "dv_proj", 3 * F, K, ours + "filter", keys ? F : 0, true);
        add(theirs + "vec_proj.weight", {3 * F, F}, ours + "vector_weight");
        affine(theirs + "o_proj", 3 * F, F, ours + "output");
        if (!config_.layerNorms)
            return;
        if (affineNorms_)
            norm(cat("x_norms.", number), ours + "scalar_norm");
        add(cat("vec_norms.", number, ".weight"), {F}, ours + "vector_norm.weight");
    }

    void head(const std::string& theirs, const std::string& ours, bool scalar) {
        gatedBlock(theirs + ".output_network.0.", ours + ".block0.", F, F / 2, false);
        gatedBlock(theirs + ".output_network.1.", ours + ".block1.", F / 2, 1, scalar);
    }

    /// The vectors of the last block reach no energy, so a scalar head has neither their
    /// directions nor the second half of the output, which are their gates.
    void gatedBlock(const std::string& theirs, const std::string& ours, int64_t inputs,
                    int64_t outputs, bool scalar) {
        const int64_t taken = scalar ? outputs : -1;
        list_.push_back({theirs + "vec1_proj.weight", {inputs, inputs}, ours + "length_weight"});
        list_.push_back({theirs + "vec2_proj.weight", {outputs, inputs},
                         scalar ? "" : ours + "direction_weight"});
        list_.push_back({theirs + "update_net.0.weight", {inputs, 2 * inputs},
                         ours + "hidden_weight"});
        list_.push_back({theirs + "update_net.0.bias", {inputs}, ours + "hidden_bias"});
        list_.push_back({theirs + "update_net.2.weight", {2 * outputs, inputs},
                         ours + "output_weight", 0, taken});
        list_.push_back({theirs + "update_net.2.bias", {2 * outputs}, ours + "output_bias", 0,
                         taken});
    }

    const ModelConfig& config_;
    bool affineNorms_;
    int64_t F, K;
    std::vector<WeightSource> list_;
};

void replace(std::string& name, const std::string& from, const std::string& to) {
    if (const size_t at = name.find(from); at != std::string::npos)
        name.replace(at, from.size(), to);
}

}  // namespace

std::string canonicalName(const std::string& name) {
    std::string made = name.starts_with("model.") ? name.substr(6) : name;
    replace(made, ".update_net.layers.", ".update_net.");
    if (made.starts_with("prior_model.0."))
        replace(made, "prior_model.0.", "prior_model.");
    if (made.starts_with("output_model_noise.0."))
        replace(made, "output_model_noise.0.", "output_model_noise.");
    return made;
}

std::vector<WeightSource> weightTable(const ModelConfig& config, bool affineNorms) {
    return Table(config, affineNorms).all();
}

}  // namespace molspectra
