// Weights are multiples of 1/8, so that the sum over channels is exact in single precision.
// SPDX-License-Identifier: MIT
#include "contract/ToyModel.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/jit/api/module.h>

#include <cmath>
#include <numbers>
#include <sstream>

namespace contract {

namespace {

constexpr int channels = 8;
constexpr double cutoff = 5.0;

at::Tensor toyWeights(int rows, const std::string& dtype) {
    at::Tensor weights =
        at::empty({rows, channels}, at::TensorOptions().dtype(at::kFloat));
    auto* data = weights.mutable_data_ptr<float>();
    for (int z = 0; z < rows; ++z)
        for (int c = 0; c < channels; ++c)
            data[z * channels + c] = static_cast<float>(2 * (z % 8 + 1) + c) / 8.0f;
    return dtype == "float64" ? weights.to(at::kDouble) : weights;
}

double charge(int atomicNumber) {
    return 2.0 * (atomicNumber % 8) + 5.5;
}

double distance(std::span<const double> positions, size_t i, size_t j) {
    const auto along = [&](size_t d) { return positions[3 * j + d] - positions[3 * i + d]; };
    return std::hypot(along(0), along(1), along(2));
}

}  // namespace

std::string toyScript(const std::string& statements) {
    return R"(
def forward(self, numbers: Tensor, positions: Tensor, pairs: Tensor, shifts: Tensor,
            molecule: Tensor, molecules: int) -> Tensor:
    receiver, sender = pairs[0], pairs[1]
    step = positions.index_select(0, sender) + shifts - positions.index_select(0, receiver)
    distance = torch.sqrt(torch.sum(step * step, 1))
    window = 0.5 * (torch.cos(distance * (3.141592653589793 / 5.0)) + 1.0)
    charge = torch.sum(self.embedding_weight, 1).index_select(0, numbers)
    sent = charge.index_select(0, sender) * window
    radial = 2.0 * torch.exp(-2.0 * distance) - 0.5 * torch.exp(-distance)
    pair = sent * charge.index_select(0, receiver) * radial
    atomic = torch.zeros_like(charge).index_add(0, receiver, pair)
    density = torch.zeros_like(charge).index_add(0, receiver, sent * torch.exp(-distance))
    atomic = atomic + 0.01 * density * density
)" + statements + R"(
    energies = torch.zeros([molecules], dtype=charge.dtype, device=charge.device)
    return energies.index_add(0, molecule, atomic)
)";
}

ToyOptions::ToyOptions() : script(toyScript()) {
    description.config.channels = channels;
    description.config.layers = 1;
    description.config.radialFunctions = 8;
    description.config.elements = rows;
    description.config.cutoff = cutoff;
    description.species = {1, 6, 7, 8};
    description.offset.perMolecule = -12.5;
    description.offset.perElement = {{1, -375.25}, {6, -23900.5}, {7, -34300.0}, {8, -47100.75}};
    description.toolVersion = "molspectra " MOLSPECTRA_VERSION;
}

std::string makeToyModel(const ToyOptions& options) {
    torch::jit::Module module("ToyModel");
    module.register_parameter("embedding_weight",
                              toyWeights(options.rows, options.description.dtype), false);
    module.define(options.script);
    torch::jit::ExtraFilesMap extra;
    if (options.described)
        extra[molspectra::descriptionFile] =
            options.descriptionText.value_or(molspectra::toText(options.description));
    std::ostringstream stream;
    module.save(stream, extra);
    return stream.str();
}

double toyEnergy(std::span<const int> atomicNumbers, std::span<const double> positions) {
    double energy = 0.0;
    for (size_t i = 0; i < atomicNumbers.size(); ++i) {
        double density = 0.0;
        for (size_t j = 0; j < atomicNumbers.size(); ++j) {
            const double r = distance(positions, i, j);
            if (i == j || r >= cutoff)
                continue;
            const double window = 0.5 * (std::cos(std::numbers::pi * r / cutoff) + 1.0);
            const double radial = 2.0 * std::exp(-2.0 * r) - 0.5 * std::exp(-r);
            const double sent = charge(atomicNumbers[j]) * window;
            energy += sent * charge(atomicNumbers[i]) * radial;
            density += sent * std::exp(-r);
        }
        energy += 0.01 * density * density;
    }
    return energy;
}

}  // namespace contract
