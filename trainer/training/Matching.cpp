// Which molecule a spectrum belongs to: features of both, and candidates in the order of alignment.
// SPDX-License-Identifier: MIT
#include "trainer/training/Matching.h"

#include "core/Error.h"
#include "core/Files.h"
#include "model/Network.h"
#include "trainer/objectives/Contrast.h"
#include "trainer/training/Trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>

namespace molspectra {
namespace {

/// Molecules of one pass: more take more memory and are not faster.
constexpr size_t atOnce = 64;

at::Tensor onHost(const at::Tensor& features) {
    return features.to(at::kCPU, at::kDouble);
}

/// Rows that `part` makes of start..end-1, up to atOnce each, one after the other.
template <class Part>
at::Tensor inParts(size_t count, const Part& part) {
    const at::NoGradGuard noGradients;
    std::vector<at::Tensor> rows;
    for (size_t start = 0; start < count; start += atOnce)
        rows.push_back(onHost(part(start, std::min(start + atOnce, count))));
    return at::cat(rows);
}

/// Patches of a curve that the SpecFormer is not to see: the spectrum is unknown in a part of them.
void maskUnknown(const GridCurve& curve, const SpectrumConfig& config, bool* masked) {
    for (int64_t patch = 0; patch < config.patches(); patch++) {
        const int64_t first = patch * config.stride;
        masked[patch] =
            first < curve.first || first + config.patch > curve.first + curve.known;
    }
}

/// The queries' curves of one kind.
struct KindInput {
    at::Tensor curves, masked, present;
};

KindInput kindInput(std::span<const QueryCurves> queries, size_t kind,
                    const SpectraConfig& config) {
    const SpectrumConfig& each = config.spectra[kind];
    const auto rows = static_cast<int64_t>(queries.size());
    KindInput made{at::zeros({rows, each.points}), at::zeros({rows, each.patches()}, at::kBool),
                   at::zeros({rows}, at::kBool)};
    for (int64_t row = 0; row < rows; row++) {
        const auto& curve = queries[static_cast<size_t>(row)][kind];
        if (!curve && !config.optional)
            fail("comparing spectra: the ", each.kind, " spectrum is missing, but this SpecFormer ",
                 "was trained with all kinds for every molecule and needs them; add --", each.kind);
        if (!curve)
            continue;
        const std::vector<float> values = normalised(curve->values, each.scale);
        std::copy(values.begin(), values.end(),
                  made.curves.data_ptr<float>() + row * each.points);
        bool* const masked = made.masked.data_ptr<bool>() + row * each.patches();
        maskUnknown(*curve, each, masked);
        if (std::all_of(masked, masked + each.patches(), [](bool hidden) { return hidden; }))
            fail("comparing spectra: the ", each.kind, " spectrum is known at ", curve->known,
                 " points of the grid and has no patch of ", each.patch, " whole, expected a ",
                 "wider range");
        made.present.data_ptr<bool>()[row] = true;
    }
    return made;
}

SpectraInput spectraInput(std::span<const QueryCurves> queries, const SpectraConfig& config,
                          at::ScalarType type) {
    SpectraInput input;
    std::vector<at::Tensor> present;
    for (size_t kind = 0; kind < config.spectra.size(); kind++) {
        const KindInput made = kindInput(queries, kind, config);
        input.curves.push_back(made.curves.to(type));
        input.masked.push_back(made.masked);
        present.push_back(made.present);
    }
    if (const at::Tensor all = at::stack(present, 1); !all.all().item<bool>())
        input.present = all;
    return input;
}

/// Cosines [n,m] of molecules and spectra.
at::Tensor cosines(const at::Tensor& molecules, const at::Tensor& spectra) {
    return alignment(molecules, spectra, at::zeros({}, molecules.options()));
}

}  // namespace

at::Tensor AlignedNetworks::logScale() const {
    return spectra.specFormer.attr("log_scale").toTensor().detach().to(at::kCPU, at::kDouble);
}

c10::Device AlignedNetworks::device() const {
    return (*model.network.parameters().begin()).device();
}

PretrainBatchOptions AlignedNetworks::batchOptions() const {
    PretrainBatchOptions options;
    options.cutoff = model.description.config.cutoff;
    options.sigma = 0.0;
    options.spectra = true;
    options.config = config();
    options.widths = widths();
    options.maskRatio = {0.0, 0.0, 0.0};
    options.type = (*model.network.parameters().begin()).scalar_type();
    options.spectraType = (*spectra.specFormer.parameters().begin()).scalar_type();
    return options;
}

AlignedNetworks loadAligned(const std::string& folder, c10::Device device) {
    const RunFiles files{folder};
    for (const std::string& path : {files.model(), files.spectra()})
        if (!std::filesystem::exists(path))
            fail("reading ", folder, ": found no ", std::filesystem::path(path).filename().string(),
                 " in it, expected the folder of a run of pretrain with --preset spectra");
    AlignedNetworks loaded{loadModel(files.model()), loadSpecFormer(files.spectra())};
    const std::string& told = loaded.spectra.description.networkSha256;
    const std::string found = sha256(readFile(files.model()));
    if (told != found)
        fail("reading ", files.spectra(), ": it is aligned with a model file of SHA-256 ",
             told.empty() ? "(none)" : told, ", but ", files.model(), " has ", found,
             "; take both files from one run of pretrain");
    if (loaded.model.description.config.channels != loaded.config().outputs)
        fail("reading ", files.spectra(), ": it is aligned with ", loaded.config().outputs,
             " channels, expected the network's ", loaded.model.description.config.channels);
    loaded.model.network = onDevice(loaded.model.network, device);
    loaded.spectra.specFormer = onDevice(loaded.spectra.specFormer, device);
    return loaded;
}

at::Tensor moleculeFeatures(AlignedNetworks& networks, std::span<const Draw> molecules) {
    PretrainBatchOptions options = networks.batchOptions();
    options.spectra = false;
    return inParts(molecules.size(), [&](size_t start, size_t end) {
        const Graph graph = makePretrainBatch(molecules.subspan(start, end - start), options)
                                .graph.on(networks.device());
        const c10::IValue features = call(networks.model.network, "features", graph.atoms());
        const at::Tensor x = features.toTupleRef().elements()[0].toTensor();
        return at::zeros({graph.molecules, x.size(1)}, x.options())
            .index_add(0, graph.molecule, x);
    });
}

QueryCurves curvesOf(const Draw& draw, const AlignedNetworks& networks) {
    QueryCurves curves;
    for (const SpectrumConfig& each : networks.config().spectra) {
        curves.emplace_back();
        if (auto values = curveOf(draw, each, networks.widths()))
            curves.back() = GridCurve{std::move(*values), 0, each.points, {}};
    }
    return curves;
}

at::Tensor spectraFeatures(AlignedNetworks& networks, size_t count,
                           const std::function<QueryCurves(size_t)>& curves) {
    const at::ScalarType type = networks.batchOptions().spectraType;
    return inParts(count, [&](size_t start, size_t end) {
        std::vector<QueryCurves> queries;
        for (size_t n = start; n < end; n++)
            queries.push_back(curves(n));
        const SpectraInput input = spectraInput(queries, networks.config(), type);
        return evaluate(networks.spectra.specFormer, input.on(networks.device()), false).features;
    });
}

std::vector<Ranked> rankCandidates(const at::Tensor& query,
                                   const std::vector<at::Tensor>& candidates,
                                   const at::Tensor& logScale) {
    const at::Tensor features = at::cat(candidates);
    const at::Tensor scores = cosines(features, query).squeeze(1).contiguous();
    const at::Tensor probabilities =
        alignment(features, query, logScale).squeeze(1).softmax(0).contiguous();
    std::vector<Ranked> ranked;
    for (int64_t n = 0; n < scores.size(0); n++)
        ranked.push_back({static_cast<size_t>(n), scores.const_data_ptr<double>()[n],
                          probabilities.const_data_ptr<double>()[n]});
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
    return ranked;
}

std::vector<int64_t> ranksOfOwn(const at::Tensor& molecules, const at::Tensor& spectra,
                                std::span<const int64_t> groups) {
    const auto count = static_cast<int64_t>(groups.size());
    const at::Tensor group =
        at::tensor(at::IntArrayRef(groups.data(), groups.size()), at::kLong);
    std::vector<int64_t> ranks;
    for (int64_t n = 0; n < count; n++) {
        const at::Tensor scores = cosines(molecules, spectra.narrow(0, n, 1)).squeeze(1);
        // What does not stand behind stands before: a network that is not a number finds nothing.
        const at::Tensor before = (scores < scores[n]).logical_not();
        ranks.push_back(before.logical_and(group == group[n]).sum().item<int64_t>());
    }
    return ranks;
}

MatchQuality qualityOf(std::span<const int64_t> ranks) {
    MatchQuality quality;
    const double share = 1.0 / static_cast<double>(ranks.size());
    for (const int64_t rank : ranks) {
        quality.top1 += rank == 1 ? share : 0.0;
        quality.top10 += rank <= 10 ? share : 0.0;
        quality.meanReciprocalRank += share / static_cast<double>(rank);
    }
    return quality;
}

MatchQuality qualityOfRandomOrder(std::span<const int64_t> sizes) {
    MatchQuality quality;
    const double share = 1.0 / static_cast<double>(sizes.size());
    for (const int64_t size : sizes) {
        const auto places = static_cast<double>(size);
        double reciprocals = 0.0;
        for (int64_t rank = 1; rank <= size; rank++)
            reciprocals += 1.0 / static_cast<double>(rank);
        quality.top1 += share / places;
        quality.top10 += share * std::min(10.0, places) / places;
        quality.meanReciprocalRank += share * reciprocals / places;
    }
    return quality;
}

}  // namespace molspectra
