// Evaluates a model by LibTorch on the CPU, from and into arrays on any device.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelExchange.h"
#include "platforms/common/src/PaddedModel.h"

#include <map>
#include <vector>

namespace MolSpectraPlugin {

class HostExchange : public ModelExchange {
public:
    /// @param model  on the CPU
    explicit HostExchange(std::unique_ptr<TorchModel> model) : model(std::move(model)) {}

    void evaluate(ModelArrays& arrays, bool wantForces) override;
    bool finishes() const override { return true; }
    std::string describe() const override { return "LibTorch on the CPU"; }

private:
    void* copyOf(OpenMM::ComputeArray& array);

    PaddedModel model;
    std::map<const OpenMM::ComputeArray*, std::vector<char>> copies;
};

}  // namespace MolSpectraPlugin
