// Which molecule a spectrum belongs to: features of both, and candidates in the order of alignment.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/ModelFile.h"
#include "model/SpectraFile.h"
#include "trainer/data/MeasuredSpectrum.h"
#include "trainer/training/PretrainBatch.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace molspectra {

/// A network and the SpecFormer whose features point where those of molecules do.
struct AlignedNetworks {
    LoadedModel model;
    LoadedSpecFormer spectra;

    const SpectraConfig& config() const { return spectra.description.config; }
    /// Line widths of its training.
    LineWidths widths() const {
        return {spectra.description.uvWidth, spectra.description.vibrationalWidth};
    }
    c10::Device device() const;
    at::Tensor logScale() const;
    /// To prepare molecules and their spectra as training did, but without noise and masks.
    PretrainBatchOptions batchOptions() const;
};

/// Reads model.pt and spectra.pt of a pre-training run, onto a device.
/// @throws Error as loadModel and loadSpecFormer, or if spectra.pt belongs to another model.pt
AlignedNetworks loadAligned(const std::string& folder, c10::Device device);

/// Features of molecules as they are, without noise: sums over their atoms [n,F], in host memory.
at::Tensor moleculeFeatures(AlignedNetworks& networks, std::span<const Draw> molecules);

/// The spectra of one molecule by kind of the configuration, in the units of training; none where
/// it is not known.
using QueryCurves = std::vector<std::optional<GridCurve>>;

/// A molecule's own spectra, known everywhere.
/// @throws Error as curveOf
QueryCurves curvesOf(const Draw& draw, const AlignedNetworks& networks);

/// Features of the spectra of queries [n,F], in host memory. Patches that are not known whole are
/// masked.
/// @param curves  those of query 0..count-1, asked for once each, in this order
/// @throws Error if the SpecFormer needs a kind that is not known
at::Tensor spectraFeatures(AlignedNetworks& networks, size_t count,
                           const std::function<QueryCurves(size_t)>& curves);

/// A candidate and how well it fits.
struct Ranked {
    size_t candidate = 0;
    double score = 0.0;        ///< cosine of its features and those of the spectra
    double probability = 0.0;  ///< among these candidates: softmax of the alignment
};

/// Best first; equal ones in their order.
/// @param query       features [1,F]
/// @param candidates  features, in parts [n,F]; n runs through all of them
std::vector<Ranked> rankCandidates(const at::Tensor& query,
                                   const std::vector<at::Tensor>& candidates,
                                   const at::Tensor& logScale);

/// Place, from 1, of each molecule among all those of its group when they are ordered by how well
/// they fit its spectra; what fits as well as it stands before it.
/// @param molecules, spectra  features [n,F]
/// @param groups              number of each molecule's group
std::vector<int64_t> ranksOfOwn(const at::Tensor& molecules, const at::Tensor& spectra,
                                std::span<const int64_t> groups);

/// How often the own molecule came first, or among the first ten, and the mean of 1/rank.
struct MatchQuality {
    double top1 = 0.0, top10 = 0.0, meanReciprocalRank = 0.0;
};

MatchQuality qualityOf(std::span<const int64_t> ranks);

/// What to expect if a molecule's group comes first, in a random order.
/// @param sizes  number of molecules of each molecule's group, itself included
MatchQuality qualityOfRandomOrder(std::span<const int64_t> sizes);

}  // namespace molspectra
