// A TorchScript model evaluated by LibTorch on the CPU in double precision.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "core/Neighbors.h"
#include "core/Tensors.h"
#include "plugin/include/internal/Export.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace MolSpectraPlugin {

/// Any model file whose module has the forward function of model/README.md. Weights are converted
/// to double on load, so that results are limited by the weights and not by the arithmetic.
///
/// One object serves one thread at a time. If the calling thread holds Python's interpreter lock,
/// it is released during a call (LibTorch's autograd refuses to run under it). LibTorch's settings
/// for the calling thread are as before after a call.
class MOLSPECTRA_EXPORT TorchModel {
public:
    struct Result {
        double energy = 0.0;         ///< without the offset, model's energy unit
        std::vector<double> forces;  ///< [N,3], model's energy unit/angstrom; empty if not wanted
    };

    /// @param bytes    content of a model file
    /// @param name     what errors call the model
    /// @param threads  most that one evaluation may use; small molecules are given fewer
    /// @throws OpenMMException if the bytes are not TorchScript, lack a description or have a newer
    ///         one, have another forward function, or have weights that contradict the description
    TorchModel(const std::string& bytes, const std::string& name, int threads);
    ~TorchModel();
    TorchModel(const TorchModel&) = delete;
    TorchModel& operator=(const TorchModel&) = delete;

    const molspectra::ModelDescription& description() const;

    /// Every parameter and buffer of the module, exactly.
    molspectra::Tensors tensors() const;

    /// Energy and, if wanted, forces of one molecule. Without forces no derivative is prepared.
    /// Values are returned as the model gives them, finite or not.
    /// @param atomicNumbers  [N]
    /// @param positions      [N,3], angstrom
    /// @param pairs          all pairs within the cutoff, angstrom
    /// @throws OpenMMException with the first line of what LibTorch says
    Result evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                    const molspectra::NeighborPairs& pairs, bool wantForces);

private:
    struct Impl;
    std::unique_ptr<Impl> impl;
};

}  // namespace MolSpectraPlugin
