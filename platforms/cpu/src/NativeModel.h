// A model file's network evaluated by the native kernels of the CPU.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "core/Tensors.h"
#include "platforms/cpu/kernels/Network.h"
#include "platforms/cpu/kernels/PairList.h"
#include "plugin/include/internal/AtomSelection.h"
#include "plugin/include/internal/Evaluator.h"

namespace MolSpectraPlugin {

/// Why a model's network cannot be evaluated natively; empty if it can. That its code computes
/// what the network of its configuration computes is not known from this.
std::string nativeObstacle(const molspectra::ModelConfig& config,
                           const molspectra::Tensors& tensors);

class NativeModel : public Evaluator {
public:
    /// How far beyond the cutoff pairs are listed, so that most steps need no search, angstrom.
    static constexpr double skin = 1.0;

    /// Features (atoms times channels) that another thread pays for.
    static constexpr size_t featuresPerThread = 512;

    /// @param tensors  released when the constructor returns
    /// @param threads  most that one evaluation may use; small molecules are given fewer
    /// @throws molspectra::Error if there is an obstacle, or the environment variable
    ///         MOLSPECTRA_INSTRUCTIONS asks for what this processor has not
    NativeModel(const molspectra::ModelDescription& description, const molspectra::Tensors& tensors,
                const AtomSelection& atoms, int threads);

    double evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                    const std::optional<molspectra::Cell>& cell, std::span<double> forces) override;
    std::string describe() const override;

    /// Whether its arithmetic is double: for models with weights of type float64.
    bool doublePrecision() const { return options_.doublePrecision; }

private:
    void checkDistances(std::span<const double> positions,
                        const std::optional<molspectra::Cell>& cell,
                        std::span<const molspectra::native::HalfPair> pairs) const;

    AtomSelection atoms_;
    double cutoff_;  ///< angstrom
    molspectra::native::Options options_;
    molspectra::native::PairList pairs_;
    molspectra::native::Network network_;
};

}  // namespace MolSpectraPlugin
