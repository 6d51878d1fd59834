// A TorchScript model evaluated by LibTorch: on numbers in main memory, or on tensors anywhere.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "core/Neighbors.h"
#include "core/Tensors.h"
#include "plugin/include/internal/Export.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace MolSpectraPlugin {

/// Runs `work`, which calls LibTorch. If the calling thread holds Python's interpreter lock, it is
/// released meanwhile (LibTorch's autograd refuses to run under it). LibTorch's settings for the
/// calling thread are as before afterwards.
/// @param doing    beginning of the sentence that tells an error
/// @param threads  most that LibTorch uses on the CPU; 0 leaves their number
/// @throws OpenMMException with the first line of what LibTorch says
MOLSPECTRA_EXPORT void withTorch(const std::string& doing, const std::function<void()>& work,
                                 int threads = 0);

/// Where and how a model is evaluated.
struct TorchPlacement {
    std::string device = "cpu";   ///< as LibTorch names it
    bool doublePrecision = true;  ///< else single, unless the network needs double
    int threads = 1;              ///< most on the CPU; small molecules are given fewer
};

/// Any model file whose module has the forward function of model/README.md. Weights are converted
/// on load; in double, results are limited by the weights and not by the arithmetic.
///
/// One object serves one thread at a time.
class MOLSPECTRA_EXPORT TorchModel {
public:
    struct Result {
        double energy = 0.0;         ///< without the offset, model's energy unit
        std::vector<double> forces;  ///< [N,3], model's energy unit/angstrom; empty if not wanted
    };

    /// @param bytes  content of a model file
    /// @param name   what errors call the model
    /// @throws OpenMMException if the bytes are not TorchScript, lack a description or have a newer
    ///         one, have another forward function, or have weights that contradict the description
    TorchModel(const std::string& bytes, const std::string& name, const TorchPlacement& placement);
    ~TorchModel();
    TorchModel(const TorchModel&) = delete;
    TorchModel& operator=(const TorchModel&) = delete;

    const std::string& name() const;
    const molspectra::ModelDescription& description() const;
    /// Whether the arithmetic is that of double precision.
    bool doublePrecision() const;
    /// Threads of the CPU that pay for this many pairs.
    int threadsFor(int64_t pairs) const;

    /// Every parameter and buffer of the module, exactly.
    molspectra::Tensors tensors() const;

    /// Energy and, if wanted, forces of one molecule, on the CPU in double precision. Without
    /// forces no derivative is prepared. Values are returned as the model gives them, finite or
    /// not.
    /// @param atomicNumbers  [N]
    /// @param positions      [N,3], angstrom
    /// @param pairs          all pairs within the cutoff, angstrom
    /// @throws OpenMMException with the first line of what LibTorch says
    Result evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                    const molspectra::NeighborPairs& pairs, bool wantForces);

    /// The model's forward function, see model/README.md; inside withTorch() only.
    /// @return one energy a molecule [M]
    /// @throws OpenMMException if there are others; whatever LibTorch throws
    at::Tensor forward(const at::Tensor& numbers, const at::Tensor& positions,
                       const at::Tensor& pairs, const at::Tensor& shifts,
                       const at::Tensor& molecule, int64_t molecules);

    /// The energy's derivative by the positions; inside withTorch() only.
    /// @param energy  [1], from positions that require a gradient
    /// @return of the shape of the positions; zeros where no atom has a neighbor
    /// @throws OpenMMException if the energy does not depend on the positions
    at::Tensor gradient(const at::Tensor& energy, const at::Tensor& positions) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl;
};

}  // namespace MolSpectraPlugin
