// The whole network written to be read: what the fast kernels are compared with.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Weights.h"

namespace molspectra::native::plain {

/// Energy and gradient of the network of model/README.md, stage by stage, one obvious loop after
/// another. Scalars are float, double, or a Dual of these: on positions with slope u the gradient's
/// slope is the Hessian times u. Nothing here is fast.
///
/// In every method: numbers are atomic numbers [N], positions [N,3] are in angstrom, pairs are all
/// that are closer than the cutoff, and may be more.
template <class T>
class PlainNetwork {
public:
    /// @throws Error for distanceInfluence other than "both", a missing tensor or another shape
    PlainNetwork(const ModelConfig& config, const Tensors& tensors)
        : elements_(config.elements), weights_(readWeights<T>(config, tensors)) {}

    const NetworkWeights<T>& weights() const { return weights_; }

    /// Energy without the offset, model's energy unit.
    T energy(std::span<const int> numbers, std::span<const T> positions,
             std::span<const HalfPair> pairs) const {
        return headEnergy(weights_.head, encode(numbers, positions, pairs).back());
    }

    /// Energy, and its gradient by positions [N,3] (forces are minus that), model's energy
    /// unit/angstrom.
    T evaluate(std::span<const int> numbers, std::span<const T> positions,
               std::span<const HalfPair> pairs, std::vector<T>& gradient) const {
        checkInput(numbers, positions);
        const Geometry<T> geometry = findGeometry(weights_.radial, positions, pairs);
        const std::vector<State<T>> states = statesOf(numbers, geometry);
        gradient.assign(positions.size(), T(0));
        geometryAdjoint(weights_.radial, geometry, statesAdjoint(numbers, geometry, states),
                        std::span<T>(gradient));
        return headEnergy(weights_.head, states.back());
    }

    /// The state after the embedding, after every layer, and at the end: L + 2 entries.
    std::vector<State<T>> encode(std::span<const int> numbers, std::span<const T> positions,
                                 std::span<const HalfPair> pairs) const {
        checkInput(numbers, positions);
        return statesOf(numbers, findGeometry(weights_.radial, positions, pairs));
    }

private:
    std::vector<State<T>> statesOf(std::span<const int> numbers,
                                   const Geometry<T>& geometry) const {
        std::vector<State<T>> states;
        states.push_back(embed(weights_.embedding, numbers, geometry));
        for (const LayerWeights<T>& each : weights_.layers)
            states.push_back(layer(each, states.back(), geometry));
        states.push_back(normalize(weights_.norms, states.back()));
        return states;
    }

    /// The same stages from the last to the first.
    GeometryGradient<T> statesAdjoint(std::span<const int> numbers, const Geometry<T>& geometry,
                                      const std::vector<State<T>>& states) const {
        const size_t L = weights_.layers.size();
        GeometryGradient<T> gradient(geometry);
        State<T> by = headAdjoint(weights_.head, states[L + 1]);
        by = normalizeAdjoint(weights_.norms, states[L], by);
        for (size_t n = L; n-- > 0;)
            by = layerAdjoint(weights_.layers[n], states[n], geometry, std::move(by), gradient);
        embedAdjoint(weights_.embedding, numbers, geometry, by.x, gradient);
        return gradient;
    }

    void checkInput(std::span<const int> numbers, std::span<const T> positions) const {
        if (positions.size() != 3 * numbers.size())
            fail("evaluating the plain network: found ", positions.size(), " coordinates of ",
                 numbers.size(), " atoms, expected three an atom");
        for (const int number : numbers)
            if (number < 0 || number >= elements_)
                fail("evaluating the plain network: found the atomic number ", number,
                     ", expected one below ", elements_);
    }

    int elements_;
    NetworkWeights<T> weights_;
};

}  // namespace molspectra::native::plain
