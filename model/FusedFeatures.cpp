// The same equations as model/script/{Network,Layer}.torchscript, which define them.
// SPDX-License-Identifier: MIT
#include "model/FusedFeatures.h"

#include "model/Messages.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

namespace molspectra {
namespace {

using torch::jit::Module;

constexpr double normEpsilon = 1e-5;

at::Tensor weight(const Module& module, const char* name) {
    return module.attr(name).toTensor();
}

at::Tensor normalized(const Module& module, const std::string& prefix, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(1)}, weight(module, (prefix + "_weight").c_str()),
                          weight(module, (prefix + "_bias").c_str()), normEpsilon);
}

at::Tensor linear(const Module& module, const char* name, const at::Tensor& x) {
    const std::string stem = name;
    return at::linear(x, weight(module, (stem + "_weight").c_str()),
                      weight(module, (stem + "_bias").c_str()));
}

/// Cuts the sorted pairs between molecules, about evenly, a part a thread.
std::vector<int64_t> cutBetweenMolecules(const at::Tensor& receiver, const Graph& graph) {
    const int64_t count = receiver.numel(), parts = at::get_num_threads();
    const int64_t* atoms = receiver.const_data_ptr<int64_t>();
    const int64_t* molecule = graph.molecule.const_data_ptr<int64_t>();
    std::vector<int64_t> cuts{0};
    for (int64_t part = 1; part < parts; part++) {
        int64_t at = std::max(count * part / parts, cuts.back());
        while (at > 0 && at < count && molecule[atoms[at]] == molecule[atoms[at - 1]])
            at++;
        cuts.push_back(at);
    }
    cuts.push_back(count);
    return cuts;
}

struct Edges {
    std::shared_ptr<const MessagePairs> sorted;
    at::Tensor radial, phi, direction;         ///< of sorted pairs
    at::Tensor differentRadial, differentPhi;  ///< of pairs of different atoms, as in the graph
};

Edges edgesOf(Module& network, const ModelConfig& config, const Graph& graph) {
    const c10::IValue found = call(network, "edges", {graph.positions, graph.pairs, graph.shifts});
    const auto& parts = found.toTupleRef().elements();
    Module radialFunctions = network.attr("radial").toModule();
    const at::Tensor radial =
        call(radialFunctions, "forward", {parts[2].toTensor()}).toTensor();
    const at::Tensor phi = parts[3].toTensor();
    const int64_t different = graph.pairs.size(1);
    const at::Tensor order = std::get<1>(parts[0].toTensor().sort(true, 0, false));
    auto sorted = std::make_shared<MessagePairs>();
    sorted->receiver = parts[0].toTensor().index_select(0, order);
    sorted->sender = parts[1].toTensor().index_select(0, order);
    sorted->parts = cutBetweenMolecules(sorted->receiver, graph);
    sorted->heads = config.heads;
    sorted->smooth = config.vectorCutoff;
    return {sorted, radial.index_select(0, order), phi.squeeze(1).index_select(0, order),
            parts[4].toTensor().index_select(0, order), radial.narrow(0, 0, different),
            phi.narrow(0, 0, different)};
}

/// Equations (6)-(13).
Features layer(Module module, const ModelConfig& config, const Features& before, bool first,
               const Edges& edges) {
    const int64_t F = config.channels;
    const at::Tensor projected = linear(module, "project", normalized(module, "norm", before.x));
    const auto [m, w] =
        sumMessages({projected.narrow(1, 0, F), projected.narrow(1, F, 4 * F),
                     first ? at::Tensor() : before.v, weight(module, "filter_weight"),
                     weight(module, "filter_bias"), edges.radial, edges.phi, edges.direction},
                    edges.sorted);
    Features after;
    if (first) {
        after.x = before.x + at::linear(m, weight(module, "output_weight").narrow(0, 2 * F, F),
                                        weight(module, "output_bias").narrow(0, 2 * F, F));
        after.v = w;
    } else {
        const std::vector<at::Tensor> o = linear(module, "output", m).split(F, 1);
        const std::vector<at::Tensor> u =
            at::linear(before.v, weight(module, "vector_weight")).split(F, 2);
        after.x = before.x + (u[0] * u[1]).sum(1) * o[1] + o[2];
        after.v = before.v + at::addcmul(w, u[2], o[0].unsqueeze(1));
    }
    if (config.layerNorms) {
        after.x = normalized(module, "scalar_norm", after.x);
        Module norm = module.attr("vector_norm").toModule();
        after.v = call(norm, "forward", {after.v}).toTensor();
    }
    return after;
}

bool fusable(const Module& network, const ModelConfig& config, const Graph& graph) {
    return config.distanceInfluence == "both" && !config.trainableRadial &&
           graph.positions.is_cpu() &&
           weight(network, "embedding_weight").scalar_type() == at::kFloat;
}

}  // namespace

Features trainingFeatures(Module& network, const ModelConfig& config, const Graph& graph) {
    if (!fusable(network, config, graph)) {
        const c10::IValue found = call(network, "features", graph.atoms());
        return {found.toTupleRef().elements()[0].toTensor(),
                found.toTupleRef().elements()[1].toTensor()};
    }
    const Edges edges = edgesOf(network, config, graph);
    Features now;
    now.x = at::embedding(weight(network, "embedding_weight"), graph.numbers);
    if (config.neighborEmbedding) {
        Module neighbor = network.attr("neighbor").toModule();
        now.x = call(neighbor, "forward", {now.x, graph.numbers, graph.pairs[0], graph.pairs[1],
                                           edges.differentRadial, edges.differentPhi})
                    .toTensor();
    }
    for (int number = 0; number < config.layers; number++)
        now = layer(network.attr("layer" + std::to_string(number)).toModule(), config, now,
                    number == 0, edges);
    now.x = normalized(network, "norm", now.x);
    if (config.vectorNorm != "none") {
        Module norm = network.attr("vector_norm").toModule();
        now.v = call(norm, "forward", {now.v}).toTensor();
    }
    return now;
}

EnergyForces trainingEnergyForces(Module& network, const ModelConfig& config, const Graph& graph) {
    Graph input = graph;
    input.positions = graph.positions.detach().requires_grad_(true);
    const Features features = trainingFeatures(network, config, input);
    const at::Tensor energy =
        call(network, "energy_of", {features.x, features.v, graph.molecule, graph.molecules})
            .toTensor();
    const at::Tensor gradient =
        torch::autograd::grad({energy.sum()}, {input.positions}, {}, true, true)[0];
    return {energy, gradient.neg()};
}

}  // namespace molspectra
