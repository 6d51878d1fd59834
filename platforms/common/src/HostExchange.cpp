// Everything is copied, padding included: beside the model's own work that is little.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/HostExchange.h"

#include "core/Text.h"
#include "platforms/common/src/PaddedTensors.h"

namespace MolSpectraPlugin {

void* HostExchange::copyOf(OpenMM::ComputeArray& array) {
    std::vector<char>& copy = copies[&array];
    copy.resize(array.getSize() * static_cast<size_t>(array.getElementSize()));
    return copy.data();
}

void HostExchange::evaluate(ModelArrays& arrays, bool wantForces) {
    for (OpenMM::ComputeArray* input : {&arrays.numbers, &arrays.molecule, &arrays.positions,
                                        &arrays.pairs, &arrays.shifts})
        input->download(copyOf(*input));
    const TorchModel& torch = model.torchModel();
    const auto work = [&] {
        model.evaluate(PaddedTensors(arrays, c10::Device(c10::kCPU),
                                     [&](OpenMM::ComputeArray& array) { return copyOf(array); }),
                       wantForces);
    };
    withTorch(molspectra::cat("MolSpectraForce: evaluating model ", torch.name(), ": "), work,
              torch.threadsFor(arrays.capacity));
    arrays.energy.upload(copyOf(arrays.energy));
    if (wantForces)
        arrays.forces.upload(copyOf(arrays.forces));
}

}  // namespace MolSpectraPlugin
