// Predictions for labelled samples, and their errors.
// SPDX-License-Identifier: MIT
#include "trainer/training/Evaluation.h"

#include <ATen/ATen.h>

#include <cmath>

namespace molspectra {
namespace {

void append(std::vector<double>& list, const at::Tensor& tensor) {
    const at::Tensor values = tensor.detach().to(at::kDouble).cpu().contiguous();
    list.insert(list.end(), values.data_ptr<double>(),
                values.data_ptr<double>() + values.numel());
}

/// Running sums of absolute and squared errors.
struct Sums {
    double absolute = 0.0, squared = 0.0, count = 0.0;

    void add(double error) {
        absolute += std::abs(error);
        squared += error * error;
        count++;
    }
    ErrorPair mean() const {
        const double n = std::max(count, 1.0);
        return {absolute / n, std::sqrt(squared / n)};
    }
};

/// Numbers of the samples from `start` on that are evaluated together.
std::vector<int64_t> nextBatch(const std::vector<Sample>& samples, size_t start) {
    constexpr size_t largest = 32, largestPairs = 50000;
    std::vector<int64_t> numbers;
    size_t pairs = 0;
    while (start < samples.size() && numbers.size() < largest && pairs < largestPairs) {
        pairs += samples[start].graph.pairs.size();
        numbers.push_back(static_cast<int64_t>(start++));
    }
    return numbers;
}

}  // namespace

Predictions predict(torch::jit::Module& network, const std::vector<Sample>& samples) {
    Predictions result;
    const at::Tensor weight = *network.parameters().begin();
    for (size_t start = 0; start < samples.size();) {
        const std::vector<int64_t> numbers = nextBatch(samples, start);
        start += numbers.size();
        const Batch joined = makeBatch(samples, numbers, weight.scalar_type(), weight.device());
        const EnergyForces predicted = evaluate(network, joined.graph, true);
        append(result.energy, predicted.energy);
        append(result.forces, predicted.forces);
        for (const int64_t number : numbers) {
            const Sample& sample = samples[static_cast<size_t>(number)];
            result.energyLabels.push_back(sample.energy);
            result.forceLabels.insert(result.forceLabels.end(), sample.forces.begin(),
                                      sample.forces.end());
            result.numbers.insert(result.numbers.end(), sample.graph.numbers.begin(),
                                  sample.graph.numbers.end());
        }
    }
    return result;
}

Errors errorsOf(const Predictions& predictions) {
    Sums energy, forces;
    std::map<int, Sums> elements;
    for (size_t n = 0; n < predictions.energy.size(); n++)
        energy.add(predictions.energy[n] - predictions.energyLabels[n]);
    for (size_t n = 0; n < predictions.forces.size(); n++) {
        const double error = predictions.forces[n] - predictions.forceLabels[n];
        forces.add(error);
        elements[static_cast<int>(predictions.numbers[n / 3])].add(error);
    }
    Errors errors{energy.mean(), forces.mean(), {}};
    for (const auto& [element, sums] : elements)
        errors.elements[element] = sums.mean();
    return errors;
}

}  // namespace molspectra
