// An event may be waited for in any context, but recorded only in its own.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CudaExchange.h"

#include "core/Text.h"
#include "platforms/cuda/src/TorchSteps.h"

#include <cstdlib>

namespace MolSpectraPlugin {

using molspectra::cat;

namespace {

// A graph and plain calls may add up in another order, which single precision shows in the sixth
// digit; results of other positions or of a graph that does nothing differ by far more.
constexpr double singleTolerance = 1e-4;
constexpr double doubleTolerance = 1e-9;

}  // namespace

CudaExchange::CudaExchange(OpenMM::CudaContext& context, std::unique_ptr<TorchModel> model)
    : openmm(context), torch(context.getDevice()) {
    const double tolerance = model->doublePrecision() ? doubleTolerance : singleTolerance;
    const std::string obstacle = graphObstacle(std::getenv("MOLSPECTRA_CUDA_GRAPH"));
    torch.run([&] {
        evaluated = std::make_unique<CudaEvent>();
        const auto device = static_cast<c10::DeviceIndex>(context.getDeviceIndex());
        steps = std::make_unique<TorchSteps>(std::move(model), device);
        graphs.emplace(*steps, tolerance, obstacle);
    });
}

CudaExchange::~CudaExchange() {
    try {
        torch.run([&] {
            steps->finish();
            graphs.reset();
            steps.reset();
            evaluated.reset();
        });
    }
    catch (const std::exception&) {
        graphs.reset();  // a destructor can tell nobody
    }
}

void CudaExchange::evaluate(ModelArrays& arrays, bool wantForces) {
    written.record(openmm.getCurrentStream());
    torch.run([&] {
        written.letWait(steps->stream());
        try {
            evaluateInTorch(arrays, wantForces);
        }
        catch (...) {
            steps->finish();  // OpenMM may let go of arrays that are still read
            throw;
        }
        evaluated->record(steps->stream());
    });
    evaluated->letWait(openmm.getCurrentStream());
}

void CudaExchange::evaluateInTorch(ModelArrays& arrays, bool wantForces) {
    const auto addressOf = [&](OpenMM::ComputeArray& array) {
        return reinterpret_cast<void*>(openmm.unwrap(array).getDevicePointer());
    };
    const GraphKey key = {arrays.capacity, addressOf(arrays.pairs), addressOf(arrays.shifts)};
    if (key != used)
        steps->use(arrays, addressOf);
    used = key;
    graphs->evaluate(key, wantForces);
}

std::string CudaExchange::describe() const {
    return cat("LibTorch on CUDA device ", openmm.getDeviceIndex(), ", ", graphs->describe());
}

}  // namespace MolSpectraPlugin
