// A TorchModel as an Evaluator: any model, double precision, the specification.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/internal/AtomSelection.h"
#include "plugin/include/internal/Evaluator.h"
#include "plugin/include/internal/TorchModel.h"

#include <memory>

namespace MolSpectraPlugin {

class TorchEvaluator : public Evaluator {
public:
    /// @param why  why it is this evaluator, for describe()
    TorchEvaluator(std::unique_ptr<TorchModel> model, const AtomSelection& atoms,
                   const std::string& why)
        : model(std::move(model)), atoms(atoms), why(why) {}

    double evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                    const std::optional<molspectra::Cell>& cell, std::span<double> forces) override;
    std::string describe() const override;

private:
    std::unique_ptr<TorchModel> model;
    AtomSelection atoms;
    std::string why;
};

}  // namespace MolSpectraPlugin
