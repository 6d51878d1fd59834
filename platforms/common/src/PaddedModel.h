// A TorchScript model on tensors whose sizes stay from call to call.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/internal/TorchModel.h"

#include <memory>

namespace MolSpectraPlugin {

/// The tensors of ModelArrays, in its order; they share its memory where the model's device can
/// reach it. Defined in PaddedTensors.h, for sources that include LibTorch.
struct PaddedTensors;

/// Nothing is allocated for the results and nothing is read back to the host, so that a call can
/// be captured in a CUDA graph.
class PaddedModel {
public:
    /// @param model  on the device where the tensors will be
    explicit PaddedModel(std::unique_ptr<TorchModel> model) : model(std::move(model)) {}

    /// Overwrites `energy` and, if wanted, `forces` of the tensors.
    /// @throws whatever LibTorch throws, and OpenMMException for a model that returns other than
    ///         one energy a molecule, or an energy without derivative: call it inside withTorch()
    void evaluate(const PaddedTensors& tensors, bool wantForces);

    const TorchModel& torchModel() const { return *model; }

private:
    std::unique_ptr<TorchModel> model;
};

}  // namespace MolSpectraPlugin
