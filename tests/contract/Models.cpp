// Networks are small here: what they compute is judged by the golden tests.
// SPDX-License-Identifier: MIT
#include "contract/Models.h"

#include "contract/ToyModel.h"
#include "core/Files.h"
#include "core/Random.h"
#include "model/ModelFile.h"
#include "model/Network.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/ir/ir.h>

#include <unistd.h>

#include <cstdio>
#include <map>
#include <stdexcept>

namespace contract {

namespace {

using molspectra::ModelConfig;

ModelConfig smallNetwork() {
    ModelConfig config = ModelConfig::md17();
    config.channels = 32;
    config.layers = 2;
    config.heads = 4;
    config.radialFunctions = 8;
    return config;
}

ModelConfig withNorms() {
    ModelConfig config = smallNetwork();
    config.layerNorms = true;
    config.vectorNorm = "whitened";
    return config;
}

ModelConfig withLowerCutoff() {
    ModelConfig config = smallNetwork();
    config.cutoffLower = 0.5;
    return config;
}

/// Biases are drawn as zeros and norms as ones: what ignores them must not pass.
void disturb(torch::jit::Module& network) {
    const at::NoGradGuard noGradients;
    molspectra::Random random(3);
    for (at::Tensor parameter : network.parameters()) {
        at::Tensor noise = at::empty_like(parameter, at::kDouble);
        for (int64_t n = 0; n < noise.numel(); ++n)
            noise.data_ptr<double>()[n] = 0.1 * random.normal();
        parameter.add_(noise);
    }
}

torch::jit::Module makeNetwork(const ModelConfig& config, const std::string& dtype) {
    const auto type = dtype == "float64" ? at::kDouble : at::kFloat;
    torch::jit::Module network = molspectra::makeNetwork(config, 7, type);
    disturb(network);
    return network;
}

std::string save(const torch::jit::Module& network, const ModelConfig& config,
                 const std::string& dtype) {
    molspectra::ModelDescription description = ToyOptions().description;
    description.config = config;
    description.dtype = dtype;
    const std::string path =
        testing::TempDir() + "contract_network_" + std::to_string(getpid()) + ".pt";
    molspectra::saveModel(path, network, description);
    std::string bytes = molspectra::readFile(path);
    std::remove(path.c_str());
    return bytes;
}

}  // namespace

const std::vector<TestModel>& models() {
    static const std::vector<TestModel> all = {{"Toy", std::nullopt},
                                               {"Network", smallNetwork()},
                                               {"Norms", withNorms()},
                                               {"LowerCutoff", withLowerCutoff()},
                                               {"Double", smallNetwork(), "float64"}};
    return all;
}

const TestModel& modelOf(const std::string& name) {
    for (const TestModel& model : models())
        if (model.name == name)
            return model;
    throw std::out_of_range("no test model " + name);
}

const std::string& modelBytes(const std::string& name) {
    static std::map<std::string, std::string> made;
    const TestModel& model = modelOf(name);
    if (!made.contains(name))
        made[name] = model.network ? networkOf(*model.network, model.dtype) : makeToyModel();
    return made.at(name);
}

std::string alteredNetwork(double factor) {
    torch::jit::Module network = makeNetwork(smallNetwork(), "float32");
    const auto graph = network.get_method("forward").graph();
    const torch::jit::WithInsertPoint atTheEnd(graph->return_node());
    torch::jit::Value* altered = graph->insert(c10::aten::mul, {graph->outputs()[0], factor});
    graph->return_node()->replaceInput(0, altered);
    return save(network, smallNetwork(), "float32");
}

std::string networkDescribedWith(double cutoff) {
    ModelConfig described = smallNetwork();
    described.cutoff = cutoff;
    return save(makeNetwork(smallNetwork(), "float32"), described, "float32");
}

std::string networkOf(const ModelConfig& config, const std::string& dtype) {
    return save(makeNetwork(config, dtype), config, dtype);
}

}  // namespace contract
