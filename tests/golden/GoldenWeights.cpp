// Weights by rule: the C++ counterpart of weights.py, so that golden files hold none.
// SPDX-License-Identifier: MIT
#include "golden/GoldenWeights.h"

#include "core/Random.h"

#include <ATen/ATen.h>

#include <cmath>

namespace molspectra {
namespace {

uint64_t nameHash(const std::string& name) {
    uint64_t value = 0xCBF29CE484222325ULL;
    for (const char letter : name)
        value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001B3ULL;
    return value;
}

double boundOf(const std::string& name, const at::Tensor& tensor) {
    if (name.ends_with("embedding_weight"))
        return 1.7;
    if (tensor.dim() == 2)
        return std::sqrt(6.0 / static_cast<double>(tensor.size(0) + tensor.size(1)));
    return 0.1;
}

}  // namespace

void setGoldenWeights(torch::jit::Module& network, double energyScale) {
    const at::NoGradGuard noGradients;
    for (const auto& parameter : network.named_parameters()) {
        const std::string& name = parameter.name;
        if (name.starts_with("radial."))
            continue;
        const bool norm = name.ends_with("norm_weight") || name.ends_with("norm.weight");
        const double bound = boundOf(name, parameter.value), centre = norm ? 1.0 : 0.0;
        Random stream(nameHash(name));
        at::Tensor values = at::empty(parameter.value.sizes(), at::kDouble);
        for (int64_t n = 0; n < values.numel(); n++) {
            const double uniform = (static_cast<double>(stream.next() >> 11) + 0.5) * 0x1p-53;
            values.data_ptr<double>()[n] = centre + bound * (2.0 * uniform - 1.0);
        }
        at::Tensor(parameter.value).copy_(values);
    }
    network.attr("energy_scale").toTensor().fill_(energyScale);
}

}  // namespace molspectra
