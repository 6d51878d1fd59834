// One layer: messages, the update of every atom, norms, (6) to (13), with the adjoint.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/plain/Attention.h"
#include "platforms/cpu/kernels/plain/Whiten.h"

#include <optional>

namespace molspectra::native::plain {

template <class T>
struct UpdateWeights {
    Dense<T> output;   ///< rows of o1, o2, o3 [3F,F]
    Dense<T> vectors;  ///< rows of u1, u2, u3 [3F,F], without bias
};

/// The norms after a layer (13) or at the end, where v may stay as it is.
template <class T>
struct StateNorms {
    NormWeights<T> scalars;
    std::optional<WhitenWeights<T>> vectors;
};

/// The first layer is like the others: with v = 0 its terms with v vanish.
template <class T>
struct LayerWeights {
    AttentionWeights<T> attention;
    UpdateWeights<T> update;
    std::optional<StateNorms<T>> norms;  ///< with layerNorms
};

/// (11) and (12).
template <class T>
State<T> update(const UpdateWeights<T>& weights, State<T> state, const Messages<T>& messages) {
    const auto [o1, o2, o3] = split<3>(linear(messages.m, weights.output));
    const auto [u1, u2, u3] = split<3>(linear(state.v, weights.vectors));
    for (size_t i = 0; i < state.x.rows(); i++)
        for (size_t c = 0; c < state.x.columns(); c++) {
            state.x(i, c) += o3(i, c);
            for (size_t row = 3 * i; row < 3 * i + 3; row++) {
                state.x(i, c) += u1(row, c) * u2(row, c) * o2(i, c);
                state.v(row, c) += u3(row, c) * o1(i, c) + messages.w(row, c);
            }
        }
    return state;
}

/// Gradient of update() by the state, in place, and by the messages, returned.
template <class T>
Messages<T> updateAdjoint(const UpdateWeights<T>& weights, const State<T>& state,
                          const Messages<T>& messages, State<T>& by) {
    const auto [o1, o2, o3] = split<3>(linear(messages.m, weights.output));
    const auto [u1, u2, u3] = split<3>(linear(state.v, weights.vectors));
    const Matrix<T> atoms(o1.rows(), o1.columns()), vectors(u1.rows(), u1.columns());
    Matrix<T> byO1 = atoms, byO2 = atoms, byU1 = vectors, byU2 = vectors, byU3 = vectors;
    for (size_t i = 0; i < atoms.rows(); i++)
        for (size_t c = 0; c < atoms.columns(); c++)
            for (size_t row = 3 * i; row < 3 * i + 3; row++) {
                byO1(i, c) += by.v(row, c) * u3(row, c);
                byO2(i, c) += by.x(i, c) * u1(row, c) * u2(row, c);
                byU1(row, c) = by.x(i, c) * o2(i, c) * u2(row, c);
                byU2(row, c) = by.x(i, c) * o2(i, c) * u1(row, c);
                byU3(row, c) = by.v(row, c) * o1(i, c);
            }
    Messages<T> byMessages{linearAdjoint(join(byO1, byO2, by.x), weights.output), by.v};
    by.v += linearAdjoint(join(byU1, byU2, byU3), weights.vectors);
    return byMessages;
}

/// (13).
template <class T>
State<T> normalize(const StateNorms<T>& norms, const State<T>& state) {
    return {layerNorm(state.x, norms.scalars),
            norms.vectors ? whiten(state.v, *norms.vectors) : state.v};
}

/// Gradient by the state of normalize(), given that by its result.
template <class T>
State<T> normalizeAdjoint(const StateNorms<T>& norms, const State<T>& state, const State<T>& by) {
    return {layerNormAdjoint(state.x, by.x, norms.scalars),
            norms.vectors ? whitenAdjoint(state.v, by.v, *norms.vectors) : by.v};
}

/// One layer: the state before it -> the state after it.
template <class T>
State<T> layer(const LayerWeights<T>& weights, const State<T>& state, const Geometry<T>& geometry) {
    const Projections<T> projections = project(weights.attention, state.x, geometry);
    const Messages<T> messages = sendMessages(weights.attention, projections, state.v, geometry);
    const State<T> after = update(weights.update, state, messages);
    return weights.norms ? normalize(*weights.norms, after) : after;
}

/// Gradient by the state before the layer, given that by the state after it. What the layer made
/// on its way is computed anew. The gradient by the geometry is added to `gradient`.
template <class T>
State<T> layerAdjoint(const LayerWeights<T>& weights, const State<T>& state,
                      const Geometry<T>& geometry, State<T> by, GeometryGradient<T>& gradient) {
    const AttentionWeights<T>& attention = weights.attention;
    const Projections<T> projections = project(attention, state.x, geometry);
    const Messages<T> messages = sendMessages(attention, projections, state.v, geometry);
    if (weights.norms)
        by = normalizeAdjoint(*weights.norms, update(weights.update, state, messages), by);
    const Messages<T> byMessages = updateAdjoint(weights.update, state, messages, by);
    const Projections<T> byProjections = sendMessagesAdjoint(
        attention, projections, state.v, geometry, byMessages, by.v, gradient);
    by.x += projectAdjoint(attention, state.x, geometry, byProjections, gradient);
    return by;
}

}  // namespace molspectra::native::plain
