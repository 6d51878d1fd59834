// The weights of a network by name, put into the structures that the stages read.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Error.h"
#include "core/ModelConfig.h"
#include "core/Tensors.h"
#include "platforms/cpu/kernels/plain/Embedding.h"
#include "platforms/cpu/kernels/plain/Head.h"
#include "platforms/cpu/kernels/plain/Layer.h"

#include <string>

namespace molspectra::native::plain {

template <class T>
struct NetworkWeights {
    RadialWeights<T> radial;
    EmbeddingWeights<T> embedding;
    std::vector<LayerWeights<T>> layers;
    StateNorms<T> norms;  ///< at the end; vectors with vectorNorm
    HeadWeights<T> head;
};

/// Takes tensors by name; that they are all there, in their shapes, has been made sure of.
template <class T>
class TensorReader {
public:
    explicit TensorReader(const Tensors& tensors) : tensors_(tensors) {}

    std::vector<T> vector(const std::string& name) const {
        const std::vector<double>& values = tensors_.at(name).values;
        return std::vector<T>(values.begin(), values.end());
    }
    Matrix<T> matrix(const std::string& name) const {
        return Matrix<T>(size_t(tensors_.at(name).shape[1]), vector(name));
    }
    /// The matrix `name`_weight and the vector `name`_bias.
    Dense<T> dense(const std::string& name) const {
        return {matrix(name + "_weight"), vector(name + "_bias")};
    }
    Dense<T> withoutBias(const std::string& name) const {
        return {matrix(name + "_weight"), {}};
    }
    NormWeights<T> norm(const std::string& name) const {
        return {vector(name + "_weight"), vector(name + "_bias")};
    }
    WhitenWeights<T> whitening(const std::string& name) const {
        const std::vector<double>& R = tensors_.at(name + ".regularization").values;
        return {vector(name + ".weight"), {R[0], R[1], R[2]}};
    }
    BlockWeights<T> block(const std::string& name) const {
        return {withoutBias(name + ".length"), dense(name + ".hidden"), dense(name + ".output")};
    }

private:
    const Tensors& tensors_;
};

template <class T>
RadialWeights<T> readRadial(const ModelConfig& config, const TensorReader<T>& reader) {
    const Range range{config.cutoffLower, config.cutoff};
    if (config.radialType == "gauss")
        return {range, Gauss<T>{reader.vector("radial.offsets"),
                                reader.vector("radial.coefficient")[0]}};
    return {range, Expnorm<T>{reader.vector("radial.means"), reader.vector("radial.betas")}};
}

template <class T>
EmbeddingWeights<T> readEmbedding(const ModelConfig& config, const TensorReader<T>& reader) {
    EmbeddingWeights<T> weights{reader.matrix("embedding_weight"), {}};
    if (config.neighborEmbedding)
        weights.neighbor = {reader.matrix("neighbor.embedding_weight"),
                            reader.dense("neighbor.filter"), reader.dense("neighbor.combine")};
    return weights;
}

template <class T>
LayerWeights<T> readLayer(const ModelConfig& config, const TensorReader<T>& reader, int number) {
    const std::string name = cat("layer", number, ".");
    LayerWeights<T> weights{
        {reader.norm(name + "norm"), reader.dense(name + "project"), reader.dense(name + "filter"),
         size_t(config.heads), config.vectorCutoff},
        {reader.dense(name + "output"), reader.withoutBias(name + "vector")},
        {}};
    if (config.layerNorms)
        weights.norms = {reader.norm(name + "scalar_norm"), reader.whitening(name + "vector_norm")};
    return weights;
}

template <class T>
HeadWeights<T> readHead(const TensorReader<T>& reader) {
    return {reader.block("energy.block0"), reader.withoutBias("energy.block0.direction"),
            reader.block("energy.block1"), reader.vector("energy_scale")[0]};
}

/// @throws Error naming the first tensor that is missing, unknown, of another shape, or with more
///         or fewer values than its shape
inline void checkTensors(const ModelConfig& config, const Tensors& tensors) {
    if (const std::string difference = differenceFrom(config, tensors); !difference.empty())
        fail("reading the weights of a network: ", difference,
             ", expected the tensors of its configuration");
    for (const auto& [name, tensor] : tensors) {
        size_t count = 1;
        for (const int64_t size : tensor.shape)
            count *= size_t(size);
        if (tensor.values.size() != count)
            fail("reading the weights of a network: the tensor ", name, " holds ",
                 tensor.values.size(), " values, expected ", count, " by its shape");
    }
}

/// All weights that the energy needs; a noise head is passed over.
/// @throws Error for a distanceInfluence that has no plain form, and as checkTensors()
template <class T>
NetworkWeights<T> readWeights(const ModelConfig& config, const Tensors& tensors) {
    config.validate();
    if (config.distanceInfluence != "both")
        fail("reading the weights of a network: distanceInfluence is \"", config.distanceInfluence,
             "\", expected \"both\"; evaluate the other forms with TorchScript");
    checkTensors(config, tensors);
    const TensorReader<T> reader(tensors);
    NetworkWeights<T> weights{readRadial(config, reader), readEmbedding(config, reader), {},
                              {reader.norm("norm"), {}}, readHead(reader)};
    for (int number = 0; number < config.layers; number++)
        weights.layers.push_back(readLayer(config, reader, number));
    if (config.vectorNorm != "none")
        weights.norms.vectors = reader.whitening("vector_norm");
    return weights;
}

}  // namespace molspectra::native::plain
