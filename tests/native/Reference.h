// The LibTorch network that native ones are compared with, its weights by name, and its inputs.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Tensors.h"
#include "model/Graph.h"
#include "model/Network.h"
#include "native/NativeFixtures.h"

#include <ATen/ATen.h>

namespace molspectra::native::test {

inline std::vector<double> valuesOf(const at::Tensor& tensor) {
    const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
    return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

/// A network in double precision whose weights, biases and norms are all drawn, rounded to single
/// precision so that both precisions have the same ones.
inline torch::jit::Module drawnNetwork(const ModelConfig& config) {
    torch::jit::Module network = makeNetwork(config, 11, at::kDouble);
    Random random(12);
    const at::NoGradGuard noGradients;
    for (const auto& parameter : network.named_parameters()) {
        const bool radial = parameter.name.starts_with("radial.");
        double* values = parameter.value.data_ptr<double>();
        for (int64_t n = 0; n < parameter.value.numel(); n++) {
            const double change = radial ? 0.01 * values[n] : 0.1;
            values[n] = double(float(values[n] + change * random.normal()));
        }
    }
    for (const auto& buffer : network.named_buffers())
        if (buffer.name.starts_with("radial."))
            at::Tensor(buffer.value).copy_(buffer.value.to(at::kFloat));
    setEnergyScale(network, 7.75);
    return network;
}

inline Tensors tensorsOf(const torch::jit::Module& network) {
    Tensors tensors;
    const auto add = [&](const std::string& name, const at::Tensor& value) {
        tensors[name] = {value.sizes().vec(), valuesOf(value)};
    };
    for (const auto& item : network.named_parameters())
        add(item.name, item.value);
    for (const auto& item : network.named_buffers())
        add(item.name, item.value);
    return tensors;
}

inline Graph graphOf(const System& system, double cutoff) {
    const MoleculeGraph molecule =
        moleculeGraph(system.numbers, system.positions, cutoff, system.cell);
    const MoleculeGraph* list[] = {&molecule};
    return joinGraphs(list, at::kDouble);
}

}  // namespace molspectra::native::test
