// What a fresh network holds, told from the names of its tensors.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/RandomWeights.h"

#include "core/Random.h"

#include <cmath>

namespace molspectra {

namespace {

constexpr double epsilon = 1e-5;  ///< of whitening, equation (14)

std::vector<double> evenly(double first, double last, size_t count) {
    std::vector<double> values(count);
    for (size_t k = 0; k < count; k++)
        values[k] = first + (last - first) * double(k) / double(count - 1);
    return values;
}

/// Centres and widths of the radial functions.
std::vector<double> radialValues(const ModelConfig& config, const std::string& name) {
    const auto K = size_t(config.radialFunctions);
    const double lower = config.cutoffLower, upper = config.cutoff;
    const double start = std::exp(lower - upper);
    if (name == "radial.means")
        return evenly(start, 1, K);
    if (name == "radial.betas")
        return std::vector<double>(K, std::pow(2.0 / double(K) * (1 - start), -2));
    if (name == "radial.offsets")
        return evenly(lower, upper, K);
    return {-0.5 * std::pow((upper - lower) / double(K - 1), -2)};
}

std::vector<double> matrix(const std::vector<int64_t>& shape, bool embedding, Random& random) {
    std::vector<double> values(size_t(shape[0] * shape[1]));
    const double bound = std::sqrt(6.0 / double(shape[0] + shape[1]));
    for (double& value : values)
        value = float(embedding ? random.normal() : bound * (2 * random.uniform() - 1));
    return values;
}

std::vector<double> valuesOf(const ModelConfig& config, const std::string& name,
                             const std::vector<int64_t>& shape, Random& random) {
    if (name.starts_with("radial."))
        return radialValues(config, name);
    if (name.ends_with("regularization"))
        return config.vectorNorm == "whitened-anisotropic"
                   ? evenly(2 * epsilon, 4 * epsilon, 3)
                   : std::vector<double>(3, 3 * epsilon);
    if (shape.size() == 2)
        return matrix(shape, name.ends_with("embedding_weight"), random);
    const size_t size = shape.empty() ? 1 : size_t(shape[0]);
    return std::vector<double>(size, name.ends_with("bias") ? 0.0 : 1.0);
}

}  // namespace

Tensors randomWeights(const ModelConfig& config, uint64_t seed) {
    Random random(seed);
    Tensors tensors;
    for (const auto& [name, shape] : tensorShapes(config))
        tensors[name] = {shape, valuesOf(config, name, shape, random)};
    return tensors;
}

}  // namespace molspectra
