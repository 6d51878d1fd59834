// Hidden patches of a molecule's spectra, filled in.
// SPDX-License-Identifier: MIT
#include "trainer/training/Reconstruction.h"

#include "core/Error.h"
#include "trainer/training/PretrainBatch.h"

#include <ATen/ATen.h>

namespace molspectra {
namespace {

std::vector<float> numbers(const at::Tensor& row) {
    const at::Tensor values = row.to(at::kFloat).contiguous();
    const float* data = values.const_data_ptr<float>();
    return {data, data + values.numel()};
}

/// @param masked   [T]
/// @param patches  reconstructions [T,P]
FilledSpectrum filled(const SpectrumConfig& config, const at::Tensor& curve,
                      const at::Tensor& masked, const at::Tensor& patches) {
    FilledSpectrum made{config, numbers(curve), {}};
    for (int64_t patch = 0; patch < config.patches(); patch++)
        if (masked[patch].item<bool>())
            made.patches.push_back({patch * config.stride, numbers(patches[patch])});
    return made;
}

}  // namespace

std::vector<FilledSpectrum> fillMasked(AlignedNetworks& networks, const Draw& molecule,
                                       double maskRatio, uint64_t seed) {
    const at::NoGradGuard noGradients;
    PretrainBatchOptions options = networks.batchOptions();
    options.maskRatio = {maskRatio, maskRatio, maskRatio};
    options.seed = seed;
    const PretrainBatch batch = makePretrainBatch(std::span(&molecule, 1), options);
    if (batch.aligned.empty())
        fail("reconstructing molecule ", molecule.number, ": it has none of the spectra that the ",
             "SpecFormer knows");
    const SpectraOutput output = evaluate(networks.spectra.specFormer,
                                          batch.spectra.on(networks.device()), false);
    std::vector<FilledSpectrum> spectra;
    for (size_t kind = 0; kind < batch.curves.size(); kind++) {
        const SpectrumConfig& config = options.config.spectra[kind];
        if (molecule.molecule->spectra[static_cast<size_t>(spectrumKind(config.kind))])
            spectra.push_back(filled(config, batch.curves[kind][0], batch.spectra.masked[kind][0],
                                     output.patches[kind][0].to(at::kCPU)));
    }
    return spectra;
}

}  // namespace molspectra
