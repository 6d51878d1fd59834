// All features and adjoints of one evaluation lie in one piece of memory, laid out anew only when
// there are more atoms or pairs than ever before.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Evaluation.h"

#include <algorithm>

namespace molspectra::native {

/// Hands out memory one piece after the other; without memory it only counts.
template <class T>
struct Cursor {
    T* base;
    size_t used = 0;
    size_t N, F, C;  ///< atoms, channels, channels between the head's blocks

    T* take(size_t size) {
        T* piece = base ? base + used : nullptr;
        used += (size + 15) / 16 * 16;
        return piece;
    }
    T* scalars(size_t count = 1) { return take(count * N * F); }
    T* vectors(size_t count = 1) { return take(count * 3 * N * F); }
};

namespace {

/// Room for pairs that come within the cutoff later.
constexpr double pairReserve = 1.25;
/// Doubles kept for the whitening of one atom.
constexpr size_t whiteningSize = 15;

}  // namespace

template <class T>
void Evaluation<T>::takeLayers(Cursor<T>& cursor) {
    const size_t S = static_cast<size_t>(config_.heads) * (2 * pairCapacity_ + cursor.N + 32);
    for (LayerWork<T>& layer : layers_) {
        const bool first = &layer == &layers_.front();
        layer.normal = cursor.scalars();
        layer.deviation = cursor.take(cursor.N);
        layer.project = cursor.scalars(5);
        layer.v = first ? nullptr : cursor.vectors();
        layer.u = first ? nullptr : cursor.vectors(3);
        layer.o = cursor.scalars(3);
        layer.score = cursor.take(S);
        if (config_.layerNorms) {
            layer.vOut = cursor.vectors();
            layer.outNormal = cursor.scalars();
            layer.outDeviation = cursor.take(cursor.N);
        }
    }
    state_.normal = cursor.scalars();
    state_.deviation = cursor.take(cursor.N);
    state_.v = cursor.vectors();
    state_.vWhite = state_.vectorNorm ? cursor.vectors() : nullptr;
    for (size_t layer = 0; layer < layers_.size() && !config_.layerNorms; ++layer)
        layers_[layer].vOut = layer + 1 < layers_.size() ? layers_[layer + 1].v : state_.v;
}

template <class T>
void Evaluation<T>::takeReadout(Cursor<T>& cursor) {
    HeadWork<T>& out = state_.out;
    const size_t NC = cursor.N * cursor.C;
    for (T** scalar : {&out.length0, &out.hidden0, &out.active0, &out.gHidden0})
        *scalar = cursor.scalars();
    for (T** vector : {&out.p0, &out.gP0})
        *vector = cursor.vectors();
    for (T** scalar : {&out.scalar, &out.gate, &out.x1, &out.length1, &out.hidden1, &out.active1,
                       &out.gHidden1, &out.gX1, &out.gGate})
        *scalar = cursor.take(NC);
    for (T** vector : {&out.direction0, &out.v1, &out.p1, &out.gP1, &out.gDirection0})
        *vector = cursor.take(3 * NC);
}

template <class T>
void Evaluation<T>::takeAdjoints(Cursor<T>& cursor) {
    const size_t W = static_cast<size_t>(width_), count = static_cast<size_t>(team_.size());
    state_.x = cursor.scalars();
    state_.around = cursor.scalars();
    state_.m = cursor.scalars();
    state_.w = cursor.vectors();
    state_.gx = cursor.scalars();
    state_.gm = cursor.take(std::max(cursor.N * cursor.F, cursor.N * cursor.C));
    state_.gNormal = cursor.scalars();
    const size_t members = count > 1 ? count : 0;  // one member has no parts of others
    state_.gmParts = cursor.scalars(members);
    state_.gNormalParts = cursor.scalars(members);
    state_.gvParts = cursor.vectors(members);
    state_.gProject = cursor.scalars(5);
    state_.go = cursor.scalars(3);
    state_.gu = cursor.vectors(3);
    state_.gv[0] = cursor.vectors();
    state_.gv[1] = cursor.vectors();
    // Rows, a and dE/da of one head's chunk, or of two heads' with half as many pairs each; then
    // what its pairs have by lane.
    state_.scratchSize = (2 * chunkPairs + 2 * W) * (W + 2) + 4 * chunkPairs * W;
    state_.scratch = cursor.take(count * state_.scratchSize);
    state_.selfSums = cursor.take(static_cast<size_t>(config_.heads) * cursor.N);
    state_.perPair = cursor.take(count * (pairCapacity_ + W) * 4);
    state_.gradient = cursor.take(3 * pairCapacity_);
}

template <class T>
void Evaluation<T>::allocate(size_t atoms, size_t pairs) {
    const size_t W = static_cast<size_t>(width_), F = static_cast<size_t>(config_.channels);
    weights_.fill(state_);
    state_.atoms = static_cast<int>(atoms);
    state_.pairs = static_cast<int>(pairs);
    state_.pairRoom = static_cast<int>((pairs + W - 1) / W * W);
    state_.selfStart = static_cast<int>((2 * pairs + W - 1) / W * W);
    state_.scores = state_.selfStart + static_cast<int>((atoms + W - 1) / W * W);
    state_.work = layers_.data();
    if (atoms != atomCapacity_ || pairs > pairCapacity_) {
        atomCapacity_ = 0;  // until the memory is there
        pairCapacity_ = static_cast<size_t>(static_cast<double>(pairs) * pairReserve) + W;
        Cursor<T> cursor{nullptr, 0, atoms, F, static_cast<size_t>(state_.headPanels) * 2 * W};
        const auto takeAll = [&] {
            takeLayers(cursor);
            takeReadout(cursor);
            takeAdjoints(cursor);
        };
        takeAll();
        work_ = Aligned<T>();  // before the new memory, so that both are not held at once
        work_ = Aligned<T>(cursor.used);
        cursor.base = work_.data();
        cursor.used = 0;
        takeAll();
        doubles_.assign(atoms * (1 + whiteningSize * (layers_.size() + 1)), 0.0);
        state_.out.energy = doubles_.data();
        state_.whitening = doubles_.data() + atoms;
        for (size_t layer = 0; layer < layers_.size(); ++layer)
            layers_[layer].whitening =
                doubles_.data() + atoms * (1 + whiteningSize * (layer + 1));
        atomCapacity_ = atoms;
    }
    const size_t exact = static_cast<size_t>(state_.exactPairs);
    if (exact > exactCapacity_) {
        const size_t room = exact + exact / 4;
        exactCapacity_ = 0;
        exact_ = Aligned<T>();
        exact_ = Aligned<T>(room * 16 * F);
        exactCapacity_ = room;
        for (Filters<T>* filters : weights_.filters())
            filters->exact = exact_.data();
        weights_.fill(state_);
    }
}

template class Evaluation<float>;
template class Evaluation<double>;

}  // namespace molspectra::native
