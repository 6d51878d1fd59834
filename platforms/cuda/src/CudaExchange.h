// Evaluates a model by LibTorch on the device of OpenMM's CUDA platform, without copies.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelExchange.h"
#include "platforms/cuda/src/CudaDriver.h"
#include "platforms/cuda/src/GraphCache.h"

#include <openmm/cuda/CudaContext.h>

#include <memory>
#include <optional>

namespace MolSpectraPlugin {

class TorchSteps;

/// Tensors share the memory of OpenMM's arrays. The streams of OpenMM and LibTorch wait for each
/// other on the device; the host waits only while a graph is made or let go, see GraphCache.
///
/// The environment variable MOLSPECTRA_CUDA_GRAPH=off, read by the constructor, leaves out the
/// graphs.
class CudaExchange : public ModelExchange {
public:
    /// @param context  outlives this object
    /// @param model    on the context's device
    /// @throws OpenMMException for errors of the CUDA driver, and for another value of
    ///         MOLSPECTRA_CUDA_GRAPH than on and off
    CudaExchange(OpenMM::CudaContext& context, std::unique_ptr<TorchModel> model);
    ~CudaExchange() override;

    void evaluate(ModelArrays& arrays, bool wantForces) override;
    std::string describe() const override;

private:
    void evaluateInTorch(ModelArrays& arrays, bool wantForces);

    OpenMM::CudaContext& openmm;
    PrimaryContext torch;
    CudaEvent written;                     ///< in OpenMM's context: inputs are complete
    std::unique_ptr<CudaEvent> evaluated;  ///< in LibTorch's context: results are
    std::unique_ptr<TorchSteps> steps;
    std::optional<GraphCache> graphs;
    GraphKey used;                         ///< arrays that `steps` uses
};

}  // namespace MolSpectraPlugin
