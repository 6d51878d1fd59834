// A network's weights as the stages read them: packed, folded and tabulated, once, on load.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "core/Tensors.h"
#include "platforms/cpu/kernels/Aligned.h"
#include "platforms/cpu/kernels/Knots.h"
#include "platforms/cpu/kernels/State.h"
#include "platforms/cpu/kernels/plain/Weights.h"

#include <functional>
#include <vector>

namespace molspectra::native {

/// `size` values from `begin` on.
std::vector<double> part(const std::vector<double>& values, size_t begin, size_t size);

/// b + W beta of some rows: what a norm's bias adds to the bias of the matrix behind it.
std::vector<double> foldBias(const plain::Dense<double>& dense, size_t firstRow, size_t rows,
                             const std::vector<double>& beta);

/// What is folded: weight and bias of each LayerNorm into the matrices behind it, the embedding's
/// half of `combine` into one vector an element, energy_scale into the last matrix, the cutoff of
/// the messages into the filters.
template <class T>
class PreparedWeights {
public:
    /// @param width  channels of a block
    /// @param knots  of the tables, 0 for none; more where radial functions were trained narrower
    /// @throws Error as plain::readWeights()
    PreparedWeights(const ModelConfig& config, const Tensors& tensors, int width, int knots);

    /// Sets the weights and the sizes that follow from the configuration.
    void fill(State<T>& state) const;

    /// Below the first knot, where no molecule at rest has a pair, filters are computed exactly; so
    /// they are everywhere if there are no knots.
    const KnotGrid& grid() const { return grid_; }
    const plain::RadialWeights<double>& radial() const { return radial_; }
    size_t bytes() const { return memory_.bytes(); }

    /// Filters of the layers (or of the embedding, last), to point `exact` at memory.
    std::vector<Filters<T>*> filters();

private:
    using Entry = std::function<double(size_t output, size_t input)>;

    const T* keepVector(const std::vector<double>& values, size_t padded);
    Packed<T> pack(size_t outputs, size_t inputs, const Entry& entry,
                   const std::vector<double>& bias = {});
    void packBoth(Packed<T>& matrix, Packed<T>& transposed, size_t outputs, size_t inputs,
                  const Entry& entry, const std::vector<double>& bias = {});
    WhiteningWeights<T> prepareWhitening(const plain::WhitenWeights<double>& weights);
    void prepareEmbedding(const plain::EmbeddingWeights<double>& weights);
    void prepareLayer(const plain::LayerWeights<double>& weights, LayerWeights<T>& to);
    void prepareProjections(const plain::LayerWeights<double>& weights, LayerWeights<T>& to);
    void prepareHead(const plain::HeadWeights<double>& head,
                     const plain::NormWeights<double>& norm);
    void prepareBlock0(const plain::HeadWeights<double>& head,
                       const plain::NormWeights<double>& norm);
    void prepareBlock1(const plain::HeadWeights<double>& head);

    /// Values and slopes of all filters at one distance [filters F]; the filter's weights are given
    /// by radial function [K, filters F].
    struct Evaluated {
        std::vector<double> value, slope;
    };
    Evaluated evaluate(const plain::Dense<double>& filter, double r, bool attention) const;
    Filters<T> tabulate(const plain::Dense<double>& filter, bool attention);
    const T* keepSplines(const plain::Dense<double>& filter, bool attention);

    ModelConfig config_;
    int width_;
    size_t F_, W_, C_;  ///< C_: width between the head's blocks, padded
    KnotGrid grid_;
    plain::RadialWeights<double> radial_;
    EmbeddingWeights<T> embedding_;
    std::vector<LayerWeights<T>> layers_;
    HeadWeights<T> head_;
    WhiteningWeights<T> finalWhitening_;
    Arena<T> memory_;
    std::vector<std::vector<double>> exactWeights_;
};

}  // namespace molspectra::native
