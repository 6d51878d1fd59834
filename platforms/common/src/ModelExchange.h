// Where positions and pairs cross to LibTorch, and energy and forces come back.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelArrays.h"
#include "plugin/include/internal/TorchModel.h"

#include <memory>
#include <string>

namespace MolSpectraPlugin {

/// One object serves one Context. Every function is called with OpenMM's context current and
/// leaves it so, also by an exception.
class ModelExchange {
public:
    ModelExchange() = default;
    virtual ~ModelExchange() = default;
    ModelExchange(const ModelExchange&) = delete;
    ModelExchange& operator=(const ModelExchange&) = delete;

    /// Evaluates the model on the inputs of `arrays`, once they have been written by the kernels
    /// launched so far, into energy and, if wanted, forces, before any kernel launched later.
    /// The arrays of pairs may be others than at the last call; the rest stay.
    /// @throws OpenMMException with the first line of what LibTorch says; the object stays usable
    virtual void evaluate(ModelArrays& arrays, bool wantForces) = 0;

    /// Whether the results are there when evaluate() returns, so that looking at them costs
    /// nothing.
    virtual bool finishes() const { return false; }

    /// How the model is evaluated, for MolSpectraForce::getEvaluatorInUse(), as half a sentence.
    virtual std::string describe() const = 0;
};

}  // namespace MolSpectraPlugin
