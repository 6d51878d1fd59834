// A batch to pre-train on: noisy molecules, their noise, their spectra and what is masked of them.
// SPDX-License-Identifier: MIT
#include "trainer/training/PretrainBatch.h"

#include "core/Error.h"
#include "core/Random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace molspectra {
namespace {

constexpr uint64_t noisePurpose = 6, maskPurpose = 7;  // and the two after it, a kind each
constexpr uint64_t dropoutPurpose = 10;

/// Noise without its mean: no network that is invariant under translation can know that [3N].
std::vector<double> centredNoise(size_t atoms, double sigma, Random random) {
    std::vector<double> noise(3 * atoms);
    std::array<double, 3> mean{};
    for (size_t n = 0; n < noise.size(); n++) {
        noise[n] = sigma * random.normal();
        mean[n % 3] += noise[n] / static_cast<double>(atoms);
    }
    for (size_t n = 0; n < noise.size(); n++)
        noise[n] -= mean[n % 3];
    return noise;
}

/// "molecule 7 of a.npz", for messages.
std::string nameOf(const Draw& draw) {
    return cat("molecule ", draw.molecule->index, draw.file.empty() ? "" : " of ", draw.file);
}

SpectrumGrid gridOf(const SpectrumConfig& config) {
    return {config.start, config.step, config.points};
}

double widthOf(SpectrumKind kind, const LineWidths& widths) {
    return kind == SpectrumKind::UV ? widths.uv : widths.vibrational;
}

const std::optional<Spectrum>& spectrumOf(const Molecule& molecule, const SpectrumConfig& config) {
    return molecule.spectra[static_cast<size_t>(spectrumKind(config.kind))];
}

/// The curves of one kind, a row a molecule, and their masks.
class Rows {
public:
    Rows(const SpectrumConfig& config, int64_t molecules, const PretrainBatchOptions& options)
        : config_(config), kind_(spectrumKind(config.kind)), options_(options),
          curves(at::zeros({molecules, config.points}, at::kFloat)),
          masked(at::zeros({molecules, config.patches()}, at::kBool)) {}

    /// Whether the molecule has this spectrum.
    bool add(int64_t row, const Draw& draw);

private:
    void mask(int64_t row, uint64_t number);

    const SpectrumConfig& config_;
    SpectrumKind kind_;
    const PretrainBatchOptions& options_;

public:
    at::Tensor curves, hidden{}, masked;
    double maskedPatches = 0.0;
};

bool Rows::add(int64_t row, const Draw& draw) {
    std::optional<std::vector<float>> found = curveOf(draw, config_, options_.widths);
    if (!found && options_.config.optional)
        return false;
    if (!found)
        fail("preparing ", nameOf(draw), ": it has no ", config_.kind,
             " spectrum, expected one of each kind by this form of the SpecFormer; leave the kind "
             "out with --spectra");
    const std::vector<float> curve = normalised(std::move(*found), config_.scale);
    std::copy(curve.begin(), curve.end(), curves.data_ptr<float>() + row * config_.points);
    mask(row, draw.number);
    return true;
}

void Rows::mask(int64_t row, uint64_t number) {
    const int64_t patches = config_.patches();
    const double ratio = options_.maskRatio[static_cast<size_t>(kind_)];
    const auto kept = static_cast<int64_t>(static_cast<double>(patches) * (1.0 - ratio));
    std::vector<int64_t> order =
        randomFor(options_.seed, maskPurpose + static_cast<uint64_t>(kind_), number)
            .permutation(patches);
    for (int64_t n = kept; n < patches; n++)
        masked.data_ptr<bool>()[row * patches + order[static_cast<size_t>(n)]] = true;
    maskedPatches += static_cast<double>(patches - kept);
}

/// The curves with the points of masked patches at zero, so that patches beside them tell nothing.
at::Tensor withoutMasked(const Rows& rows, const SpectrumConfig& config) {
    at::Tensor seen = rows.curves.clone();
    const bool* masked = rows.masked.const_data_ptr<bool>();
    for (int64_t row = 0; row < seen.size(0); row++)
        for (int64_t patch = 0; patch < config.patches(); patch++)
            if (masked[row * config.patches() + patch])
                std::fill_n(seen.data_ptr<float>() + row * config.points + patch * config.stride,
                            config.patch, 0.0F);
    return seen;
}

/// Which of the configuration's kinds a molecule is taken with. Of those that it has one, drawn by
/// chance, stays; each other is left out with the chance asked for.
std::vector<bool> takenKinds(const Draw& draw, const PretrainBatchOptions& options) {
    const std::vector<SpectrumConfig>& kinds = options.config.spectra;
    std::vector<bool> taken(kinds.size(), true);
    if (options.spectraDropout == 0.0)
        return taken;
    std::vector<size_t> there;
    for (size_t kind = 0; kind < kinds.size(); kind++)
        if (spectrumOf(*draw.molecule, kinds[kind]))
            there.push_back(kind);
    Random random = randomFor(options.seed, dropoutPurpose, draw.number);
    const size_t stays = there.empty() ? 0 : there[random.below(there.size())];
    for (const size_t kind : there)
        taken[kind] = kind == stays || random.uniform() >= options.spectraDropout;
    return taken;
}

void addSpectra(PretrainBatch& batch, std::span<const Draw> draws,
                const PretrainBatchOptions& options) {
    const auto molecules = static_cast<int64_t>(draws.size());
    const auto kinds = static_cast<int64_t>(options.config.spectra.size());
    at::Tensor present = at::zeros({molecules, kinds}, at::kBool);
    std::vector<std::vector<bool>> taken;
    for (const Draw& draw : draws)
        taken.push_back(takenKinds(draw, options));
    for (int64_t kind = 0; kind < kinds; kind++) {
        const SpectrumConfig& config = options.config.spectra[static_cast<size_t>(kind)];
        Rows rows(config, molecules, options);
        for (int64_t row = 0; row < molecules; row++)
            present.data_ptr<bool>()[row * kinds + kind] =
                taken[static_cast<size_t>(row)][static_cast<size_t>(kind)] &&
                rows.add(row, draws[static_cast<size_t>(row)]);
        const bool hide = options.config.hideOverlap;
        batch.spectra.curves.push_back(
            (hide ? withoutMasked(rows, config) : rows.curves).to(options.spectraType));
        batch.spectra.masked.push_back(rows.masked);
        batch.curves.push_back(rows.curves.to(options.spectraType));
        batch.masked.push_back(rows.maskedPatches);
    }
    for (int64_t row = 0; row < molecules; row++)
        if (present[row].any().item<bool>())
            batch.aligned.push_back(row);
    if (!present.all().item<bool>())
        batch.spectra.present = present;
}

}  // namespace

std::optional<std::vector<float>> curveOf(const Draw& draw, const SpectrumConfig& config,
                                          const LineWidths& widths) {
    const auto& spectrum = spectrumOf(*draw.molecule, config);
    if (!spectrum)
        return std::nullopt;
    try {
        return onGrid(*spectrum, gridOf(config), widthOf(spectrumKind(config.kind), widths));
    } catch (const Error& error) {
        const std::string what = error.what();
        fail("preparing the ", config.kind, " spectrum of ", nameOf(draw),
             what.substr(what.find(": ")), "; a SpecFormer keeps the grid that pretrain --",
             config.kind, "-grid gave it");
    }
}

std::vector<float> normalised(std::vector<float> curve, double scale) {
    const auto inverse = static_cast<float>(1.0 / scale);
    for (float& value : curve)
        value = std::log10(1.0F + inverse * value);
    return curve;
}

PretrainBatch PretrainBatch::on(c10::Device device) const {
    PretrainBatch moved = *this;
    moved.graph = graph.on(device);
    moved.noise = toDevice(noise, device);
    moved.spectra = spectra.on(device);
    for (at::Tensor& curve : moved.curves)
        curve = toDevice(curve, device);
    return moved;
}

PretrainBatch makePretrainBatch(std::span<const Draw> draws, const PretrainBatchOptions& options) {
    PretrainBatch batch;
    std::vector<MoleculeGraph> graphs;
    std::vector<double> noise;
    for (const Draw& draw : draws) {
        const Molecule& molecule = *draw.molecule;
        const int highest = *std::max_element(molecule.numbers.begin(), molecule.numbers.end());
        if (highest >= options.elements)
            fail("preparing ", nameOf(draw), ": it holds element ", highest,
                 ", the network knows atomic numbers below ", options.elements);
        const std::vector<double> own =
            centredNoise(molecule.numbers.size(), options.sigma,
                         randomFor(options.seed, noisePurpose, draw.number));
        std::vector<double> positions = molecule.positions;
        for (size_t n = 0; n < own.size(); n++)
            positions[n] += own[n];
        graphs.push_back(moleculeGraph(molecule.numbers, positions, options.cutoff, {}));
        noise.insert(noise.end(), own.begin(), own.end());
    }
    std::vector<const MoleculeGraph*> pointers;
    for (const MoleculeGraph& graph : graphs)
        pointers.push_back(&graph);
    batch.graph = joinGraphs(pointers, options.type);
    batch.noise = at::tensor(noise, at::kDouble).view({-1, 3}).to(options.type);
    batch.noiseSquares = std::inner_product(noise.begin(), noise.end(), noise.begin(), 0.0);
    if (options.spectra)
        addSpectra(batch, draws, options);
    return batch;
}

void fitScales(SpectraConfig& config, std::span<const Draw> draws, const LineWidths& widths) {
    for (SpectrumConfig& each : config.spectra) {
        double sum = 0.0, count = 0.0;
        for (const Draw& draw : draws)
            if (const auto curve = curveOf(draw, each, widths)) {
                for (const float value : *curve)
                    sum += static_cast<double>(value);
                count += static_cast<double>(each.points);
            }
        if (count == 0.0)
            fail("fitting the scales of spectra: found no ", each.kind, " spectrum in ",
                 draws.size(), " molecules with spectra, expected each wanted kind; name the ",
                 "kinds that are there with --spectra, or use --preset denoise");
        if (sum > 0.0)
            each.scale = sum / count;
    }
}

}  // namespace molspectra
