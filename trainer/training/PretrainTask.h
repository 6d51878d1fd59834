// The pre-training task: denoising, masked patches of spectra, and the two aligned.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "model/SpectraFile.h"
#include "trainer/training/PretrainBatch.h"
#include "trainer/training/Processes.h"
#include "trainer/training/Task.h"
#include "trainer/training/TrainingOptions.h"

#include <torch/csrc/jit/api/module.h>

#include <future>
#include <memory>
#include <optional>

namespace molspectra {

struct PretrainOptions : TrainingOptions {
    double denoisingWeight = 1.0;
    double denoisingSigma = 0.04;      ///< angstrom
    double reconstructionWeight = 0.0;
    double contrastWeight = 0.0;
    double temperature = 0.07;         ///< of the contrast, to begin with
    bool learnTemperature = false;
    bool symmetric = false;            ///< spectra must find their molecules as well
    std::array<double, 3> maskRatio{0.1, 0.1, 0.1};  ///< by SpectrumKind
    double spectraDropout = 0.0;  ///< chance of each spectrum to be left out; one always stays

    bool usesSpectra() const { return reconstructionWeight > 0.0 || contrastWeight > 0.0; }
};

/// One pass through the network on noisy molecules serves denoising and contrast. Each process
/// takes its part of every batch; the losses are those of one process with the whole batch.
class PretrainTask : public Task {
public:
    /// @param specFormer  none where the options use no spectra
    /// @param stream      whose batches are those of all processes together
    /// @throws Error for denoising without a noise head, if spectra are to be left out that the
    ///         SpecFormer needs, or for its published form in several processes
    PretrainTask(torch::jit::Module network, ModelDescription description,
                 std::optional<LoadedSpecFormer> specFormer, MoleculeStream stream,
                 const PretrainOptions& options, std::shared_ptr<Processes> processes);

    std::vector<at::Tensor> parameters() const override;
    std::vector<at::Tensor> buffers() const override;
    std::vector<std::string> termNames() const override;
    Losses losses(int64_t step) override;
    Validation validate() override;
    /// The sum of unlike objectives is no measure of what the network is worth afterwards: contrast
    /// soon knows the training molecules by heart while the rest still learns.
    bool exportsBest() const override { return false; }
    int64_t stepsPerEpoch() const override { return stream_.stepsPerEpoch(); }
    int64_t samplesPerStep() const override { return options_.batch * processes_->size(); }
    nlohmann::json fingerprint() const override;
    nlohmann::json description() const override;
    void write(const std::string& folder, const nlohmann::json& training) override;

private:
    struct Parts;

    PretrainBatch make(int64_t step);
    PretrainBatch next(int64_t step);
    Parts forward(const PretrainBatch& batch, bool training);
    std::vector<double> countsOf(const PretrainBatch& batch) const;
    double noiseDeviation(const PretrainBatch& batch) const;
    double heldBackNumber() const;
    at::Tensor denoising(const PretrainBatch& batch, const Parts& parts) const;
    std::vector<at::Tensor> reconstruction(const PretrainBatch& batch, const Parts& parts) const;
    at::Tensor wholeSpectra(const PretrainBatch& batch);
    void validateSpectra(const std::vector<at::Tensor>& molecules,
                         const std::vector<at::Tensor>& spectra, Validation& found);
    at::Tensor contrast(const Parts& parts, bool gather);
    at::Tensor everyRow(const at::Tensor& own, bool gather) const;
    ModelDescription describe() const;

    torch::jit::Module network_;
    ModelDescription description_;
    std::optional<LoadedSpecFormer> specFormer_;
    MoleculeStream stream_;
    PretrainOptions options_;
    std::shared_ptr<Processes> processes_;
    PretrainBatchOptions batchOptions_;  ///< in training; to validate, no kind is left out
    c10::Device device_;
    at::Tensor noiseMoments_;  ///< components of noise seen, sum of their squares [2], double
    std::future<PretrainBatch> ahead_;
    int64_t aheadStep_ = -1;
};

}  // namespace molspectra
