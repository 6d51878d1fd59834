// Inputs and results keep their memory: whoever captured a call replays it on the same addresses.
// SPDX-License-Identifier: MIT
#include "platforms/common/src/PaddedModel.h"

#include "platforms/common/src/PaddedTensors.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sum.h>
#include <c10/core/AutogradState.h>
#include <c10/core/GradMode.h>

namespace MolSpectraPlugin {

PaddedTensors::PaddedTensors(ModelArrays& arrays, c10::Device device,
                             const std::function<void*(OpenMM::ComputeArray&)>& addressOf) {
    const auto wrap = [&](OpenMM::ComputeArray& array, at::IntArrayRef sizes, at::ScalarType type) {
        return at::for_blob(addressOf(array), sizes)
            .options(at::TensorOptions().dtype(type).device(device))
            .target_device(device)
            .make_tensor();
    };
    const at::ScalarType real = arrays.doublePrecision ? at::kDouble : at::kFloat;
    const int64_t atoms = arrays.atoms, capacity = arrays.capacity;
    numbers = wrap(arrays.numbers, {atoms + 1}, at::kLong);
    molecule = wrap(arrays.molecule, {atoms + 1}, at::kLong);
    positions = wrap(arrays.positions, {atoms + 1, 3}, real);
    pairs = wrap(arrays.pairs, {2, capacity}, at::kLong);
    shifts = wrap(arrays.shifts, {capacity, 3}, real);
    forces = wrap(arrays.forces, {atoms, 3}, real);
    energy = wrap(arrays.energy, {1}, real);
}

void PaddedModel::evaluate(const PaddedTensors& tensors, bool wantForces) {
    const c10::AutoGradMode gradients(wantForces);
    const at::Tensor x = tensors.positions.detach().requires_grad_(wantForces);
    const at::Tensor energies = model->forward(tensors.numbers, x, tensors.pairs, tensors.shifts,
                                               tensors.molecule, 2);
    const at::Tensor energy = energies.narrow(0, 0, 1);
    // By kernels: a graph may refuse copies into memory of another context.
    at::Tensor energyOut = tensors.energy, forcesOut = tensors.forces;
    at::sum_out(energyOut, energy.detach(), at::IntArrayRef({0}), true);
    if (wantForces)
        at::neg_out(forcesOut, model->gradient(energy, x).narrow(0, 0, forcesOut.size(0)));
}

}  // namespace MolSpectraPlugin
