// The pre-training task: denoising, masked patches of spectra, and the two aligned.
// SPDX-License-Identifier: MIT
#include "trainer/training/PretrainTask.h"

#include "core/Error.h"
#include "core/Files.h"
#include "model/FusedFeatures.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/objectives/Contrast.h"
#include "trainer/objectives/MaskedPatches.h"
#include "trainer/training/Trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace molspectra {

/// What one pass gives: features of atoms and of molecules, and those of spectra.
struct PretrainTask::Parts {
    at::Tensor noise;       ///< predicted, in units of the noise's deviation [N,3]
    at::Tensor molecules;   ///< [B,F]
    SpectraOutput spectra;
    std::vector<int64_t> aligned;
};

PretrainTask::PretrainTask(torch::jit::Module network, ModelDescription description,
                           std::optional<LoadedSpecFormer> specFormer, MoleculeStream stream,
                           const PretrainOptions& options, std::shared_ptr<Processes> processes)
    : network_(std::move(network)), description_(std::move(description)),
      specFormer_(std::move(specFormer)), stream_(std::move(stream)), options_(options),
      processes_(std::move(processes)), device_((*network_.parameters().begin()).device()),
      noiseMoments_(at::zeros({2}, at::kDouble)) {
    if (!description_.config.noiseHead)
        fail("preparing pre-training: the model has no noise head, expected one; start from ",
             "nothing, or from a model that was made with --noise-head");
    batchOptions_.cutoff = description_.config.cutoff;
    batchOptions_.elements = description_.config.elements;
    batchOptions_.sigma = options_.denoisingSigma;
    batchOptions_.spectra = specFormer_.has_value();
    batchOptions_.maskRatio = options_.maskRatio;
    batchOptions_.seed = options_.seed;
    batchOptions_.type = (*network_.parameters().begin()).scalar_type();
    if (!specFormer_)
        return;
    const SpectraDescription& spectra = specFormer_->description;
    if (options_.spectraDropout > 0.0 && !spectra.config.optional)
        fail("preparing pre-training: --spectra-dropout is ", options_.spectraDropout,
             ", but this form of the SpecFormer needs every kind of spectrum, expected 0");
    if (spectra.config.batchNorm && processes_->size() > 1)
        fail("preparing pre-training: the published form takes norms over the batch, of which each "
             "of ", processes_->size(), " processes sees its part only, expected one process, or ",
             "--form own");
    batchOptions_.spectraType = (*specFormer_->specFormer.parameters().begin()).scalar_type();
    batchOptions_.config = spectra.config;
    batchOptions_.spectraDropout = options_.spectraDropout;
    batchOptions_.widths = {spectra.uvWidth, spectra.vibrationalWidth};
}

std::vector<at::Tensor> PretrainTask::parameters() const {
    std::vector<at::Tensor> all = weightsOf(network_);
    if (specFormer_)
        for (const auto& item : specFormer_->specFormer.named_parameters())
            if (options_.learnTemperature || item.name != "log_scale")
                all.push_back(item.value);
    return all;
}

std::vector<at::Tensor> PretrainTask::buffers() const {
    std::vector<at::Tensor> all{noiseMoments_};
    // An imported model's are not those of a new network of its configuration.
    for (const at::Tensor& buffer : network_.buffers())
        all.push_back(buffer);
    if (!specFormer_)
        return all;
    for (const at::Tensor& buffer : specFormer_->specFormer.buffers())
        all.push_back(buffer);
    if (!options_.learnTemperature)
        all.push_back(specFormer_->specFormer.attr("log_scale").toTensor());
    return all;
}

std::vector<std::string> PretrainTask::termNames() const {
    return specFormer_ ? std::vector<std::string>{"denoising", "reconstruction", "contrast"}
                       : std::vector<std::string>{"denoising"};
}

PretrainBatch PretrainTask::make(int64_t step) {
    const std::vector<Draw> all = stream_.batch(step);
    const auto own = static_cast<size_t>(options_.batch);
    const auto start = own * static_cast<size_t>(processes_->rank());
    return makePretrainBatch(std::span(all).subspan(start, own), batchOptions_);
}

/// The batch of a step, while the one after it is made by another thread.
PretrainBatch PretrainTask::next(int64_t step) {
    if (ahead_.valid() && aheadStep_ != step)
        ahead_.get();
    PretrainBatch batch = ahead_.valid() ? ahead_.get() : make(step);
    aheadStep_ = step + 1;
    ahead_ = std::async(std::launch::async, [this, step] { return make(step + 1); });
    return batch.on(device_);
}

PretrainTask::Parts PretrainTask::forward(const PretrainBatch& batch, bool training) {
    Parts parts;
    const auto [x, v] = trainingFeatures(network_, description_.config, batch.graph);
    parts.noise = call(network_, "noise_of", {x, v}).toTensor();
    if (!specFormer_)
        return parts;
    parts.molecules = at::zeros({batch.graph.molecules, x.size(1)}, x.options())
                          .index_add(0, batch.graph.molecule, x);
    parts.spectra = evaluate(specFormer_->specFormer, batch.spectra, training);
    parts.aligned = batch.aligned;
    return parts;
}

/// Noise components and their squares, then masked patches by kind.
std::vector<double> PretrainTask::countsOf(const PretrainBatch& batch) const {
    std::vector<double> counts{static_cast<double>(batch.noise.numel()), batch.noiseSquares};
    counts.insert(counts.end(), batch.masked.begin(), batch.masked.end());
    return counts;
}

/// The running deviation of the noise; before any was seen, the batch's own. Angstrom.
double PretrainTask::noiseDeviation(const PretrainBatch& batch) const {
    constexpr double smallest = 1e-8;  // single atoms have no noise once their mean is taken out
    const double* moments = noiseMoments_.const_data_ptr<double>();
    const bool seen = moments[0] > 0.0;
    const double squares = seen ? moments[1] : batch.noiseSquares;
    const double count = seen ? moments[0] : static_cast<double>(batch.noise.numel());
    return std::max(std::sqrt(squares / count), smallest);
}

/// Sum of squared deviations from the noise in units of its running deviation.
at::Tensor PretrainTask::denoising(const PretrainBatch& batch, const Parts& parts) const {
    return (parts.noise - batch.noise / noiseDeviation(batch)).square().sum();
}

/// Sums over the masked patches of each kind.
std::vector<at::Tensor> PretrainTask::reconstruction(const PretrainBatch& batch,
                                                     const Parts& parts) const {
    std::vector<at::Tensor> errors;
    for (size_t kind = 0; kind < batch.curves.size(); kind++)
        errors.push_back(maskedPatchError(
            parts.spectra.patches[kind],
            patchesOf(batch.curves[kind], batchOptions_.config.spectra[kind]),
            batch.spectra.masked[kind]));
    return errors;
}

/// The rows of all processes; only one's own follow its weights.
at::Tensor PretrainTask::everyRow(const at::Tensor& own, bool gather) const {
    if (!gather || processes_->size() == 1)
        return own;
    std::vector<at::Tensor> all = processes_->gather(own.detach().contiguous());
    all[static_cast<size_t>(processes_->rank())] = own;
    return at::cat(all);
}

/// Every process computes the loss of all rows; the gradients of its own rows are whole by that.
at::Tensor PretrainTask::contrast(const Parts& parts, bool gather) {
    at::Tensor there = at::zeros({parts.molecules.size(0)}, at::kFloat);
    for (const int64_t row : parts.aligned)
        there.data_ptr<float>()[row] = 1.0F;
    const at::Tensor rows =
        everyRow(toDevice(there, device_), gather).nonzero().squeeze(1);
    if (rows.numel() == 0)
        return at::zeros({}, parts.molecules.options());
    // All processes follow the whole loss by the temperature, which each may do by a part only.
    const double part = gather ? 1.0 / static_cast<double>(processes_->size()) : 1.0;
    const at::Tensor logScale = specFormer_->specFormer.attr("log_scale").toTensor();
    const at::Tensor logits =
        alignment(everyRow(parts.molecules, gather).index_select(0, rows),
                  everyRow(parts.spectra.features, gather).index_select(0, rows),
                  part * logScale + (1.0 - part) * logScale.detach());
    return contrastiveLoss(logits, options_.symmetric);
}

Losses PretrainTask::losses(int64_t step) {
    const PretrainBatch batch = next(step);
    std::vector<double> counts = countsOf(batch);
    processes_->sum(counts, device_);
    double* moments = noiseMoments_.data_ptr<double>();
    moments[0] += counts[0];
    moments[1] += counts[1];
    // Gradients are averaged over processes: a part of a mean over all counts that many times.
    const auto share = static_cast<double>(processes_->size());
    const Parts parts = forward(batch, true);
    const at::Tensor noise = denoising(batch, parts) * (share / counts[0]);
    at::Tensor total = options_.denoisingWeight * noise;
    if (!specFormer_)
        return {total, {noise}};
    at::Tensor patches = at::zeros({}, noise.options());
    const std::vector<at::Tensor> errors = reconstruction(batch, parts);
    for (size_t kind = 0; kind < errors.size(); kind++)
        patches = patches + errors[kind] * (share / std::max(counts[2 + kind], 1.0));
    const at::Tensor aligned = contrast(parts, true);
    const at::Tensor weighted = options_.contrastWeight * aligned;
    // All processes have the whole contrast, so its value is not to be multiplied.
    total = total + options_.reconstructionWeight * patches +
            (share * weighted - (share - 1.0) * weighted.detach());
    return {total, {noise, patches, aligned}};
}

/// Features of the spectra with nothing masked, as `match` has them [B,F].
at::Tensor PretrainTask::wholeSpectra(const PretrainBatch& batch) {
    SpectraInput whole = batch.spectra;
    whole.curves = batch.curves;
    for (at::Tensor& masked : whole.masked)
        masked = at::zeros_like(masked);
    return evaluate(specFormer_->specFormer, whole, false).features;
}

/// How well molecules of the held-back set find their spectra among all of it.
void PretrainTask::validateSpectra(const std::vector<at::Tensor>& molecules,
                                   const std::vector<at::Tensor>& spectra, Validation& found) {
    const at::Tensor logits = alignment(at::cat(molecules), at::cat(spectra),
                                        specFormer_->specFormer.attr("log_scale").toTensor());
    if (logits.size(0) == 0)
        return;
    const at::Tensor own = at::arange(logits.size(0), logits.options().dtype(at::kLong));
    found.figures["contrast"] = contrastiveLoss(logits, options_.symmetric).item<double>();
    found.figures["top1"] = (logits.argmax(1) == own).to(at::kDouble).mean().item<double>();
    found.loss += options_.contrastWeight * found.figures["contrast"];
}

Validation PretrainTask::validate() {
    const at::NoGradGuard noGradients;
    constexpr size_t atOnce = 64;
    const std::vector<Draw>& draws = stream_.validation();
    std::vector<double> patchErrors(batchOptions_.config.spectra.size());
    std::vector<double> masked(patchErrors.size());
    double noiseError = 0.0, noiseSquares = 0.0;
    PretrainBatchOptions wanted = batchOptions_;
    wanted.spectraDropout = 0.0;
    std::vector<at::Tensor> molecules, spectra;
    for (size_t start = 0; start < draws.size(); start += atOnce) {
        const auto part = std::span(draws).subspan(start, std::min(atOnce, draws.size() - start));
        const PretrainBatch batch = makePretrainBatch(part, wanted).on(device_);
        const Parts parts = forward(batch, false);
        const double deviation = noiseDeviation(batch);
        noiseError += deviation * deviation * denoising(batch, parts).item<double>();
        noiseSquares += batch.noiseSquares;
        if (!specFormer_)
            continue;
        const std::vector<at::Tensor> errors = reconstruction(batch, parts);
        for (size_t kind = 0; kind < errors.size(); kind++) {
            patchErrors[kind] += errors[kind].item<double>();
            masked[kind] += batch.masked[kind];
        }
        const at::Tensor rows = toDevice(at::tensor(parts.aligned, at::kLong), device_);
        molecules.push_back(parts.molecules.index_select(0, rows));
        spectra.push_back(wholeSpectra(batch).index_select(0, rows));
    }
    Validation found;
    // In units of the noise itself: predicting nothing gives 1.
    found.figures["denoising"] = noiseSquares > 0.0 ? noiseError / noiseSquares : 0.0;
    found.loss = options_.denoisingWeight * found.figures["denoising"];
    if (specFormer_) {
        double& sum = found.figures["reconstruction"];
        for (size_t kind = 0; kind < masked.size(); kind++)
            sum += patchErrors[kind] / std::max(masked[kind], 1.0);
        found.loss += options_.reconstructionWeight * sum;
        validateSpectra(molecules, spectra, found);
    }
    found.figures["loss"] = found.loss;
    return found;
}

/// A number that other molecules, or the same in another order, would hardly give.
double PretrainTask::heldBackNumber() const {
    double sum = 0.0, place = 0.0;
    for (const Draw& draw : stream_.validation())
        for (const double x : draw.molecule->positions)
            sum += ++place * x;
    return sum;
}

nlohmann::json PretrainTask::fingerprint() const {
    nlohmann::json json{{"config", toJson(description_.config)},
                        {"molecules", stream_.molecules()},
                        {"validation", stream_.options().validation},
                        {"held_back", heldBackNumber()},
                        {"window", stream_.options().window},
                        {"groupIsomers", stream_.options().groupIsomers},
                        {"sigma", options_.denoisingSigma},
                        {"maskRatio", options_.maskRatio},
                        {"spectraDropout", options_.spectraDropout},
                        {"symmetric", options_.symmetric},
                        {"weights", {options_.denoisingWeight, options_.reconstructionWeight,
                                     options_.contrastWeight}}};
    if (specFormer_)
        json["spectra"] = toJson(specFormer_->description.config);
    return json;
}

nlohmann::json PretrainTask::description() const {
    nlohmann::json json{{"model", toText(describe())}};
    if (specFormer_)
        json["spectra"] = toText(specFormer_->description);
    return json;
}

/// The elements are those seen so far, in this run and before.
ModelDescription PretrainTask::describe() const {
    if (ahead_.valid())
        ahead_.wait();  // its thread may be adding elements
    ModelDescription described = description_;
    std::set<int> elements(described.species.begin(), described.species.end());
    elements.insert(stream_.elements().begin(), stream_.elements().end());
    described.species.assign(elements.begin(), elements.end());
    described.energiesTrained = false;
    return described;
}

void PretrainTask::write(const std::string& folder, const nlohmann::json& training) {
    const RunFiles files{folder};
    ModelDescription described = describe();
    described.provenance["training"] = training;
    saveModel(files.model(), network_, described);
    if (!specFormer_)
        return;
    SpectraDescription spectra = specFormer_->description;
    spectra.networkSha256 = sha256(readFile(files.model()));
    spectra.provenance["training"] = training;
    saveSpecFormer(files.spectra(), specFormer_->specFormer, spectra);
}

}  // namespace molspectra
