// A batch to pre-train on: noisy molecules, their noise, their spectra and what is masked of them.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/SpectraConfig.h"
#include "model/Graph.h"
#include "model/SpecFormer.h"
#include "trainer/data/MoleculeStream.h"

#include <array>
#include <optional>
#include <span>
#include <vector>

namespace molspectra {

struct PretrainBatchOptions {
    double cutoff = 5.0;        ///< angstrom
    int elements = 100;         ///< atomic numbers that the network knows are below this
    double sigma = 0.04;        ///< of the noise on positions, angstrom
    bool spectra = false;       ///< wanted at all
    SpectraConfig config;
    LineWidths widths;
    std::array<double, 3> maskRatio{0.1, 0.1, 0.1};  ///< of the patches, by SpectrumKind
    double spectraDropout = 0.0;  ///< chance of each spectrum to be left out; one always stays
    uint64_t seed = 1;          ///< of all that is drawn, beside each molecule's number
    at::ScalarType type = at::kFloat;         ///< of the graph and its noise: the network's
    at::ScalarType spectraType = at::kFloat;  ///< of curves: the SpecFormer's
};

struct PretrainBatch {
    Graph graph;                     ///< noisy
    at::Tensor noise;                ///< without each molecule's mean displacement [N,3], angstrom
    SpectraInput spectra;            ///< rows are the molecules
    std::vector<at::Tensor> curves;  ///< nothing hidden [B,points], a kind each
    std::vector<double> masked;      ///< patches of each kind, over the batch
    std::vector<int64_t> aligned;    ///< rows with at least one spectrum
    double noiseSquares = 0.0;       ///< sum over all components, angstrom^2

    PretrainBatch on(c10::Device device) const;
};

/// Draws noise, masks and spectra that are left out, finds the pairs of the noisy positions,
/// broadens and normalises spectra; in host memory. The same draws give the same batch in any
/// company.
/// @throws Error naming the molecule if a curve has another grid than the configuration, or if it
///         lacks a spectrum that the configuration needs
PretrainBatch makePretrainBatch(std::span<const Draw> draws, const PretrainBatchOptions& options);

/// A molecule's spectrum on the grid, or none if it has none of this kind.
/// @throws Error naming file, molecule and kind if it is a curve on another grid
std::optional<std::vector<float>> curveOf(const Draw& draw, const SpectrumConfig& config,
                                          const LineWidths& widths);

/// Sets the scale of each spectrum to the mean intensity of these molecules.
/// @throws Error naming a kind that none of them has
void fitScales(SpectraConfig& config, std::span<const Draw> draws, const LineWidths& widths);

/// A curve as the SpecFormer takes it: log10(1 + s/scale).
std::vector<float> normalised(std::vector<float> curve, double scale);

}  // namespace molspectra
