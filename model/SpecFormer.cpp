// The SpecFormer: a transformer over patches of spectra, aligned with the network's features.
// SPDX-License-Identifier: MIT
#include "model/SpecFormer.h"

#include "model/Graph.h"
#include "model/ModuleBuilder.h"
#include "model/ScriptText.h"
#include "molspectra_model/Embedded.h"

#include <ATen/ATen.h>

#include <cmath>

namespace molspectra {
namespace {

using torch::jit::Module;

constexpr double publishedTemperature = 0.07;

class Builder : ModuleBuilder {
public:
    Builder(const SpectraConfig& config, uint64_t seed, at::ScalarType type)
        : ModuleBuilder(seed, type), config_(config) {}

    Module specFormer();

private:
    Module spectrum(const SpectrumConfig& each, int64_t number);
    Module layer(int64_t number);
    void normWithStatistics(Module& made, const std::string& prefix);

    SpectraConfig config_;
};

Module Builder::spectrum(const SpectrumConfig& each, int64_t number) {
    const int64_t C = config_.channels;
    const auto small = [&] { return 0.02 * (2 * random_.uniform() - 1); };
    Module made = module("Spectrum" + std::to_string(number));
    integer(made, "patch", each.patch);
    integer(made, "stride", each.stride);
    matrix(made, "patch_weight", C, each.patch);
    bias(made, "patch_bias", C);
    table(made, "position", {each.patches(), C}, small);
    matrix(made, "reconstruct_weight", each.patch, C);
    bias(made, "reconstruct_bias", each.patch);
    std::set<std::string> facts;
    if (config_.maskToken) {
        facts.insert("token");
        table(made, "mask_token", {C}, small);
    }
    if (config_.kindToken) {
        facts.insert("kind");
        table(made, "kind_token", {C}, small);
    }
    made.define(selectLines(embedded::Spectrum, facts));
    return made;
}

void Builder::normWithStatistics(Module& made, const std::string& prefix) {
    const int64_t C = config_.channels;
    norm(made, prefix, C);
    if (!config_.batchNorm)
        return;
    made.register_buffer(prefix + "_mean", at::zeros({C}, type_));
    made.register_buffer(prefix + "_variance", at::ones({C}, type_));
}

Module Builder::layer(int64_t number) {
    const int64_t C = config_.channels;
    Module made = module("SpectraLayer" + std::to_string(number));
    integer(made, "channels", C);
    integer(made, "heads", config_.heads);
    this->number(made, "scale", 1.0 / std::sqrt(static_cast<double>(C / config_.heads)));
    matrix(made, "attend_weight", 3 * C, C);
    bias(made, "attend_bias", 3 * C);
    matrix(made, "output_weight", C, C);
    bias(made, "output_bias", C);
    matrix(made, "hidden_weight", config_.hidden, C);
    bias(made, "hidden_bias", config_.hidden);
    matrix(made, "return_weight", C, config_.hidden);
    bias(made, "return_bias", C);
    normWithStatistics(made, "norm1");
    normWithStatistics(made, "norm2");
    std::set<std::string> facts;
    if (config_.batchNorm)
        facts.insert("batch");
    made.define(selectLines(embedded::SpectraLayer, facts));
    return made;
}

Module Builder::specFormer() {
    Module made = module("SpecFormer");
    integer(made, "heads", config_.heads);
    integer(made, "outputs", config_.outputs);
    const auto kinds = static_cast<int64_t>(config_.spectra.size());
    for (int64_t n = 0; n < kinds; n++)
        made.register_module("kind" + std::to_string(n),
                             spectrum(config_.spectra[static_cast<size_t>(n)], n));
    for (int64_t n = 0; n < config_.layers; n++)
        made.register_module("layer" + std::to_string(n), layer(n));
    matrix(made, "head_weight", config_.outputs, config_.tokens() * config_.channels);
    bias(made, "head_bias", config_.outputs);
    norm(made, "norm", config_.outputs);
    table(made, "log_scale", {}, [] { return -std::log(publishedTemperature); });
    made.define(selectLines(embedded::SpecFormer, {},
                            {{"kind", kinds}, {"layer", config_.layers}}));
    return made;
}

std::vector<at::Tensor> allOn(const std::vector<at::Tensor>& tensors, c10::Device device) {
    std::vector<at::Tensor> moved;
    for (const at::Tensor& tensor : tensors)
        moved.push_back(toDevice(tensor, device));
    return moved;
}

}  // namespace

SpectraInput SpectraInput::on(c10::Device device) const {
    return {allOn(curves, device), allOn(masked, device),
            present.defined() ? toDevice(present, device) : at::Tensor()};
}

Module makeSpecFormer(const SpectraConfig& config, uint64_t seed, at::ScalarType type) {
    config.validate();
    return trainable(Builder(config, seed, type).specFormer());
}

SpectraOutput evaluate(Module& specFormer, const SpectraInput& input, bool training) {
    const c10::IValue present =
        input.present.defined() ? c10::IValue(input.present) : c10::IValue();
    const c10::IValue result =
        call(specFormer, "forward", {input.curves, input.masked, present, training});
    const auto& parts = result.toTupleRef().elements();
    return {parts.at(0).toTensor(), parts.at(1).toTensorVector()};
}

at::Tensor patchesOf(const at::Tensor& curves, const SpectrumConfig& spectrum) {
    return curves.unfold(1, spectrum.patch, spectrum.stride);
}

}  // namespace molspectra
