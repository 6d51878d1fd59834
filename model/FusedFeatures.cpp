// The same equations as model/script/{Network,Layer}.torchscript, which define them.
// SPDX-License-Identifier: MIT
#include "model/FusedFeatures.h"

#include "model/Messages.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <tuple>

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

/// Of the two pairs between neighbours, or an atom and its image, one: their places in the graph.
std::vector<int64_t> oneOfTwo(const Graph& graph) {
    const auto pairs = graph.pairs.accessor<int64_t, 2>();
    const at::Tensor host = graph.shifts.to(at::kDouble);
    const auto shifts = host.accessor<double, 2>();
    std::vector<int64_t> places;
    for (int64_t p = 0; p < pairs.size(1); p++) {
        const auto shift = std::tie(shifts[p][0], shifts[p][1], shifts[p][2]);
        const bool image = pairs[0][p] == pairs[1][p];
        if (image ? shift > std::tuple(0.0, 0.0, 0.0) : pairs[0][p] < pairs[1][p])
            places.push_back(p);
    }
    return places;
}

/// First atoms of the parts that threads take: whole molecules, with about as many pairs each.
std::vector<int64_t> cutBetweenMolecules(const at::Tensor& receiver, const Graph& graph) {
    const int64_t pairs = receiver.numel(), atoms = graph.numbers.numel();
    const int64_t* receivers = receiver.const_data_ptr<int64_t>();
    const int64_t* molecule = graph.molecule.const_data_ptr<int64_t>();
    const int64_t parts = at::get_num_threads();
    std::vector<int64_t> cuts{0};
    for (int64_t part = 1; part < parts; part++) {
        const int64_t middle = pairs * part / parts;
        int64_t atom = middle < pairs ? receivers[middle] : atoms;
        while (atom > 0 && atom < atoms && molecule[atom] == molecule[atom - 1])
            atom--;
        cuts.push_back(std::max(atom, cuts.back()));
    }
    cuts.push_back(atoms);
    return cuts;
}

/// Two messages a row, and at the end of each part one row in which its atoms send to themselves.
/// @return the row's place among the given pairs, behind which stand those of atoms with themselves
std::vector<int64_t> makeRows(const at::Tensor& halves, const Graph& graph, MessageRows& rows) {
    const auto pairs = halves.accessor<int64_t, 2>();
    const std::vector<int64_t> cuts = cutBetweenMolecules(halves[0], graph);
    std::vector<int64_t> places;
    const auto close = [&](int64_t place) {
        rows.starts.push_back(static_cast<int64_t>(rows.pairs.size()));
        places.push_back(place);
    };
    int64_t p = 0;
    for (size_t part = 0; part + 1 < cuts.size(); part++) {
        for (; p < pairs.size(1) && pairs[0][p] < cuts[part + 1]; p++) {
            rows.pairs.push_back({pairs[0][p], pairs[1][p], 1.0F});
            rows.pairs.push_back({pairs[1][p], pairs[0][p], -1.0F});
            close(p);
        }
        for (int64_t atom = cuts[part]; atom < cuts[part + 1]; atom++)
            rows.pairs.push_back({atom, atom, 1.0F});
        if (cuts[part] < cuts[part + 1])
            close(pairs.size(1) + cuts[part]);
        rows.parts.push_back(static_cast<int64_t>(places.size()));
    }
    return places;
}

struct Edges {
    std::shared_ptr<const MessageRows> rows;
    at::Tensor radial, phi, direction;  ///< of rows
    at::Tensor halves;                  ///< one of two pairs [2,P/2]
    at::Tensor halfRadial, halfPhi;     ///< of these
};

Edges edgesOf(Module& network, const ModelConfig& config, const Graph& graph) {
    const at::Tensor chosen = at::tensor(oneOfTwo(graph), at::kLong);
    const at::Tensor halves = graph.pairs.index_select(1, chosen);
    const c10::IValue found =
        call(network, "edges", {graph.positions, halves, graph.shifts.index_select(0, chosen)});
    const c10::ArrayRef<c10::IValue> parts = found.toTupleRef().elements().asArrayRef();
    Module radialFunctions = network.attr("radial").toModule();
    const at::Tensor radial =
        call(radialFunctions, "forward", {parts[2].toTensor()}).toTensor();
    const at::Tensor phi = parts[3].toTensor();
    auto rows = std::make_shared<MessageRows>();
    rows->heads = config.heads;
    rows->smooth = config.vectorCutoff;
    const at::Tensor places = at::tensor(makeRows(halves, graph, *rows), at::kLong);
    const int64_t count = chosen.numel();
    return {rows,
            radial.index_select(0, places),
            phi.squeeze(1).index_select(0, places),
            parts[4].toTensor().index_select(0, places),
            halves,
            radial.narrow(0, 0, count),
            phi.narrow(0, 0, count)};
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
                    edges.rows);
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
        const auto twice = [](const at::Tensor& half) { return at::cat({half, half}); };
        now.x = call(neighbor, "forward",
                     {now.x, graph.numbers, at::cat({edges.halves[0], edges.halves[1]}),
                      at::cat({edges.halves[1], edges.halves[0]}), twice(edges.halfRadial),
                      twice(edges.halfPhi)})
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
