// The network, defined once: TorchScript modules assembled from the sources in model/script.
// SPDX-License-Identifier: MIT
#include "model/Network.h"

#include "core/Error.h"
#include "model/ModuleBuilder.h"
#include "model/ScriptText.h"
#include "molspectra_model/Embedded.h"

#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <set>

namespace molspectra {
namespace {

using torch::jit::Module;

/// Assembles the modules of one configuration.
class Builder : ModuleBuilder {
public:
    Builder(const ModelConfig& config, uint64_t seed, at::ScalarType type)
        : ModuleBuilder(seed, type), config_(config) {}

    Module network();

private:
    void embedding(Module& module, const std::string& name) {
        table(module, name, {config_.elements, config_.channels},
              [&] { return random_.normal(); });
    }
    void norm(Module& module, const std::string& prefix) {
        ModuleBuilder::norm(module, prefix, config_.channels);
    }

    Module radial();
    Module neighborEmbedding();
    Module layer(int number);
    Module vectorNorm(const std::string& type);
    Module gatedBlock(const std::string& type, int64_t inputs, int64_t outputs, bool last,
                      bool scalar);
    Module head(const std::string& type, bool scalar);

    ModelConfig config_;
};

Module Builder::radial() {
    const int64_t count = config_.radialFunctions;
    const double lower = config_.cutoffLower, upper = config_.cutoff;
    const auto add = [&](Module& module, const char* name, const at::Tensor& values) {
        const at::Tensor stored = values.to(type_);
        if (config_.trainableRadial)
            module.register_parameter(name, stored, false);
        else
            module.register_buffer(name, stored);
    };
    if (config_.radialType == "gauss") {
        Module gauss = module("Gauss");
        const double spacing = (upper - lower) / static_cast<double>(count - 1);
        add(gauss, "offsets", at::linspace(lower, upper, count, at::kDouble));
        add(gauss, "coefficient", at::full({1}, -0.5 / (spacing * spacing), at::kDouble));
        gauss.define(embedded::Gauss);
        return gauss;
    }
    Module expnorm = module("Expnorm");
    const double start = std::exp(lower - upper);
    const double width = 2.0 / static_cast<double>(count) * (1.0 - start);
    add(expnorm, "means", at::linspace(start, 1.0, count, at::kDouble));
    add(expnorm, "betas", at::full({count}, 1.0 / (width * width), at::kDouble));
    number(expnorm, "alpha", 5.0 / (upper - lower));
    number(expnorm, "cutoff", upper);
    number(expnorm, "cutoff_lower", lower);
    expnorm.define(embedded::Expnorm);
    return expnorm;
}

Module Builder::neighborEmbedding() {
    const int64_t F = config_.channels;
    Module made = module("NeighborEmbedding");
    embedding(made, "embedding_weight");
    matrix(made, "filter_weight", F, config_.radialFunctions);
    bias(made, "filter_bias", F);
    matrix(made, "combine_weight", F, 2 * F);
    bias(made, "combine_bias", F);
    made.define(embedded::NeighborEmbedding);
    return made;
}

Module Builder::layer(int number) {
    const int64_t F = config_.channels;
    const std::string& influence = config_.distanceInfluence;
    const int64_t filters = (influence == "both"     ? 4
                             : influence == "keys"   ? 1
                             : influence == "values" ? 3
                                                     : 0) * F;
    Module made = module("Layer" + std::to_string(number));
    integer(made, "channels", F);
    integer(made, "heads", config_.heads);
    norm(made, "norm");
    matrix(made, "project_weight", 5 * F, F);
    bias(made, "project_bias", 5 * F);
    if (filters > 0) {
        matrix(made, "filter_weight", filters, config_.radialFunctions);
        bias(made, "filter_bias", filters);
    }
    matrix(made, "vector_weight", 3 * F, F);
    matrix(made, "output_weight", 3 * F, F);
    bias(made, "output_bias", 3 * F);
    std::set<std::string> facts{influence == "both" ? "both" : "split"};
    if (filters > 0)
        facts.insert("filters");
    facts.insert(influence);
    if (config_.vectorCutoff)
        facts.insert("smooth");
    if (number > 0)
        facts.insert("vectors");
    if (config_.layerNorms) {
        facts.insert("norms");
        norm(made, "scalar_norm");
        made.register_module("vector_norm", vectorNorm("VectorNorm" + std::to_string(number)));
    }
    made.define(selectLines(embedded::Layer, facts));
    return made;
}

Module Builder::vectorNorm(const std::string& type) {
    constexpr double epsilon = 1e-5;
    Module made = module(type);
    const bool isotropic = config_.vectorNorm != "whitened-anisotropic";
    // The published norm adds eps diag(1,2,3) before and eps after the decomposition.
    made.register_buffer("regularization", isotropic ? at::full({3}, 3 * epsilon, at::kDouble)
                                                     : epsilon * at::arange(2, 5, at::kDouble));
    made.register_parameter("weight", at::ones({config_.channels}, type_), false);
    // Sources given to define() know no torch.float64: the type travels as its number.
    integer(made, "double", static_cast<int64_t>(at::kDouble));
    made.define(embedded::VectorNorm);
    return made;
}

Module Builder::gatedBlock(const std::string& type, int64_t inputs, int64_t outputs, bool last,
                           bool scalar) {
    Module made = module(type);
    integer(made, "outputs", outputs);
    matrix(made, "length_weight", inputs, inputs);
    matrix(made, "hidden_weight", inputs, 2 * inputs);
    bias(made, "hidden_bias", inputs);
    std::set<std::string> facts;
    if (last && scalar)
        facts.insert("scalar");
    else
        matrix(made, "direction_weight", outputs, inputs);
    if (!last)
        facts.insert("activate");
    const int64_t rows = (last && scalar ? 1 : 2) * outputs;
    matrix(made, "output_weight", rows, inputs);
    bias(made, "output_bias", rows);
    made.define(selectLines(embedded::GatedBlock, facts));
    return made;
}

Module Builder::head(const std::string& type, bool scalar) {
    const int64_t F = config_.channels;
    Module made = module(type);
    made.register_module("block0", gatedBlock(type + "Block0", F, F / 2, false, scalar));
    made.register_module("block1", gatedBlock(type + "Block1", F / 2, 1, true, scalar));
    return made;
}

Module Builder::network() {
    Module made = module("Network");
    number(made, "cutoff", config_.cutoff);
    number(made, "cutoff_lower", config_.cutoffLower);
    made.register_buffer("energy_scale", at::ones({}, type_));
    embedding(made, "embedding_weight");
    made.register_module("radial", radial());
    std::set<std::string> facts;
    if (config_.neighborEmbedding) {
        facts.insert("neighbors");
        made.register_module("neighbor", neighborEmbedding());
    }
    for (int number = 0; number < config_.layers; number++)
        made.register_module("layer" + std::to_string(number), layer(number));
    norm(made, "norm");
    if (config_.vectorNorm != "none") {
        facts.insert("whitened");
        made.register_module("vector_norm", vectorNorm("VectorNorm"));
    }
    made.register_module("energy", head("EnergyHead", true));
    if (config_.noiseHead) {
        facts.insert("noise");
        made.register_module("noise_head", head("NoiseHead", false));
    }
    if (config_.cutoffLower > 0)
        facts.insert("lower");
    made.define(selectLines(embedded::Network, facts, {{"layer", config_.layers}}));
    return made;
}

std::map<std::string, at::Tensor> tensors(const Module& module) {
    std::map<std::string, at::Tensor> table;
    for (const auto& item : module.named_parameters())
        table.emplace(item.name, item.value);
    for (const auto& item : module.named_buffers())
        table.emplace(item.name, item.value);
    return table;
}

std::string shapeText(const at::Tensor& tensor) {
    std::vector<std::string> sizes;
    for (const int64_t size : tensor.sizes())
        sizes.push_back(std::to_string(size));
    return cat("[", join(sizes, ", "), "]");
}

c10::Device deviceOf(const Module& network) {
    return (*network.parameters().begin()).device();
}

/// A copy that shares no weights with the network.
Module copyOn(const Module& network, c10::Device device) {
    const at::NoGradGuard noGradients;
    // Given the device where the tensors are, deepcopy would share them.
    return deviceOf(network) == device ? network.deepcopy() : network.deepcopy(device);
}

}  // namespace

Module makeNetwork(const ModelConfig& config, uint64_t seed, at::ScalarType type) {
    config.validate();
    return trainable(Builder(config, seed, type).network());
}

Module onDevice(const Module& network, c10::Device device) {
    if (deviceOf(network) == device)
        return network;
    return trainable(copyOn(network, device));
}

Module frozenCopy(const Module& network) {
    Module copy = copyOn(network, at::kCPU);
    for (at::Tensor parameter : copy.parameters())
        parameter.requires_grad_(false);
    copy.eval();
    return copy;
}

std::vector<at::Tensor> weightsOf(const Module& network) {
    std::vector<at::Tensor> list;
    for (const at::Tensor& parameter : network.parameters())
        list.push_back(parameter);
    return list;
}

int64_t weightCount(const Module& network) {
    int64_t count = 0;
    for (const at::Tensor& parameter : network.parameters())
        count += parameter.numel();
    return count;
}

void setEnergyScale(Module& network, double scale) {
    network.attr("energy_scale").toTensor().fill_(scale);
}

void copyWeights(Module& target, const Module& source, const std::string& where) {
    const auto from = tensors(source);
    auto to = tensors(target);
    for (const auto& [name, tensor] : from)
        if (!to.contains(name))
            fail("reading the weights of ", where, ": found the tensor ", name,
                 ", which a network of its configuration does not have");
    at::NoGradGuard noGradients;
    for (auto& [name, tensor] : to) {
        const auto found = from.find(name);
        if (found == from.end())
            fail("reading the weights of ", where, ": the tensor ", name, " ", shapeText(tensor),
                 " is missing");
        if (found->second.sizes() != tensor.sizes())
            fail("reading the weights of ", where, ": the tensor ", name, " is ",
                 shapeText(found->second), ", expected ", shapeText(tensor));
        tensor.copy_(found->second);
    }
}

void copySharedWeights(Module& target, const Module& source, const std::string& except) {
    const at::NoGradGuard noGradients;
    const auto from = tensors(source);
    for (auto& [name, tensor] : tensors(target))
        if (const auto found = from.find(name);
            found != from.end() && found->second.sizes() == tensor.sizes() &&
            !name.starts_with(except))
            at::Tensor(tensor).copy_(found->second);
}

}  // namespace molspectra
