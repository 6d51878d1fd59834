// The network as a list of stages: read from top to bottom, it is the order of model/README.md,
// and then its adjoint backwards. The counts of operations are those of the products and of the
// messages, which are nearly all.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Evaluation.h"

namespace molspectra::native {

namespace {

// Operations for one pair and channel, both directions together.
constexpr double neighborsFlops = 11, attendFlops = 68, attendAdjointFlops = 161;

}  // namespace

template <class T>
typename Evaluation<T>::Step& Evaluation<T>::addStep(const char* name, Stage<T> stage, int layer) {
    steps_.push_back({stage, layer, name});
    return steps_.back();
}

/// A member has the same atoms in all of these.
template <class T>
typename Evaluation<T>::Step& Evaluation<T>::addReadout(const char* name, Stage<T> stage) {
    Step& step = addStep(name, stage);
    step.barrier = false;
    return step;
}

template <class T>
void Evaluation<T>::listForward(const Stages<T>& stages) {
    const double F = config_.channels, F2 = F * F;
    if (config_.neighborEmbedding) {
        addStep("exact filters", stages.exactFilters, -1).exactOnly = true;
        addStep("neighbors", stages.neighbors).flopsPerPair = neighborsFlops * F;
    }
    Step& combine = addStep("combine", stages.combine);
    combine.flopsPerAtom = config_.neighborEmbedding ? 2 * F2 : 0;
    combine.endsFeatures = true;
    for (int layer = 0; layer < config_.layers; ++layer)
        listLayer(stages, layer, config_.layerNorms);
    addReadout("finish", stages.finish).endsFeatures = true;
    addReadout("directions", stages.head[0]).flopsPerAtom = 9 * F2;
    addReadout("hidden 0", stages.head[1]).flopsPerAtom = 4 * F2;
    addReadout("gate", stages.head[2]).flopsPerAtom = 2 * F2;
    addReadout("lengths 1", stages.head[3]).flopsPerAtom = 1.5 * F2;
    addReadout("hidden 1", stages.head[4]).flopsPerAtom = F2;
    addReadout("energies", stages.head[5]);
}

template <class T>
void Evaluation<T>::listLayer(const Stages<T>& stages, int layer, bool norms) {
    const double F = config_.channels, F2 = F * F;
    const bool first = layer == 0;
    Step& exact = addStep("exact filters", stages.exactFilters, layer);
    exact.exactOnly = true;
    exact.barrier = false;
    addStep("normalize", stages.normalize, layer);
    Step& project = addStep("project", stages.project, layer);
    project.flopsPerAtom = (first ? 8 : 28) * F2;
    project.barrier = false;
    addStep("attend", stages.attend, layer).flopsPerPair = attendFlops * F;
    Step& output = addStep("output", stages.output, layer);
    output.flopsPerAtom = (first ? 2 : 6) * F2;
    output.barrier = false;
    Step& update = addStep("update", stages.update, layer);
    update.flopsPerAtom = 20 * F;
    update.endsFeatures = !norms;
    if (norms)
        addStep("norms", stages.norms, layer).endsFeatures = true;
}

template <class T>
void Evaluation<T>::listAdjoint(const Stages<T>& stages) {
    const double F = config_.channels, F2 = F * F;
    addReadout("hidden 1 adjoint", stages.headAdjoint[0]).flopsPerAtom = F2;
    addReadout("gate adjoint", stages.headAdjoint[1]).flopsPerAtom = 1.5 * F2;
    addReadout("hidden 0 adjoint", stages.headAdjoint[2]).flopsPerAtom = 2 * F2;
    addReadout("lengths 0 adjoint", stages.headAdjoint[3]).flopsPerAtom = 4 * F2;
    addReadout("directions adjoint", stages.headAdjoint[4]).flopsPerAtom = 9 * F2;
    addStep("finish adjoint", stages.finishAdjoint);
    for (int layer = config_.layers - 1; layer >= 0; --layer)
        listLayerAdjoint(stages, layer, config_.layerNorms);
    if (config_.neighborEmbedding) {
        Step& exact = addStep("exact filters", stages.exactFilters, -1);
        exact.exactOnly = true;
        Step& neighbors = addStep("neighbors adjoint", stages.neighborsAdjoint);
        neighbors.flopsPerAtom = 2 * F2;
        neighbors.flopsPerPair = neighborsFlops * F;
    }
    addStep("gather", stages.gather);
}

template <class T>
void Evaluation<T>::listLayerAdjoint(const Stages<T>& stages, int layer, bool norms) {
    const double F = config_.channels, F2 = F * F;
    const bool first = layer == 0;
    Step& exact = addStep("exact filters", stages.exactFilters, layer);
    exact.exactOnly = true;
    exact.barrier = false;
    if (norms)
        addStep("norms adjoint", stages.normsAdjoint, layer);
    if (!first) {
        Step& update = addStep("update adjoint", stages.updateAdjoint, layer);
        update.flopsPerAtom = 30 * F;
        update.barrier = false;
    }
    addStep("output adjoint", stages.outputAdjoint, layer).flopsPerAtom = (first ? 2 : 6) * F2;
    Step& attend = addStep("attend adjoint", stages.attendAdjoint, layer);
    attend.flopsPerPair = attendAdjointFlops * F;
    attend.barrier = false;
    addStep("project adjoint", stages.projectAdjoint, layer).flopsPerAtom =
        (first ? 8 : 28) * F2;
    addStep("normalize adjoint", stages.normalizeAdjoint, layer);
}

template class Evaluation<float>;
template class Evaluation<double>;

}  // namespace molspectra::native
