// MolSpectraForce on OpenMM's GPU platforms, evaluated by TorchScript.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/common/src/ModelExchange.h"
#include "platforms/common/src/ModelInputs.h"
#include "plugin/include/MolSpectraKernels.h"

#include <memory>
#include <optional>

namespace MolSpectraPlugin {

/// Of a Context on several devices, the first computes the whole force.
///
/// The network's arithmetic is that of the platform's forces: double with the precision "double",
/// else single, unless the model's weights are of double precision. With "mixed" the positions are
/// taken with their corrections, in double relative to the first atom.
class CommonCalcMolSpectraForceKernel : public CalcMolSpectraForceKernel {
public:
    CommonCalcMolSpectraForceKernel(const std::string& name, const OpenMM::Platform& platform,
                                    OpenMM::ComputeContext& context)
        : CalcMolSpectraForceKernel(name, platform), compute(context) {}
    ~CommonCalcMolSpectraForceKernel() override;

    void initialize(const MolSpectraForce& force, const AtomSelection& atoms) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    std::string getEvaluatorInUse() const override;

protected:
    /// Where LibTorch evaluates the model, as it names devices.
    virtual std::string torchDevice() const { return "cpu"; }
    /// @param model  on torchDevice()
    virtual std::unique_ptr<ModelExchange> makeExchange(std::unique_ptr<TorchModel> model);

    OpenMM::ComputeContext& compute;

private:
    std::unique_ptr<TorchModel> loadModel(const MolSpectraForce& force) const;
    [[noreturn]] void refusePositions(OpenMM::ContextImpl& context);
    double checkedEnergy(bool includeForces);
    void checkResult(double energy, const std::vector<double>& forces);

    std::optional<AtomSelection> atoms;
    PairSettings settings;
    double offset = 0.0;       ///< kJ/mol
    double energyScale = 1.0;  ///< kJ/mol for one of the model's energy unit
    std::unique_ptr<ModelInputs> inputs;
    std::unique_ptr<ModelExchange> exchange;
};

}  // namespace MolSpectraPlugin
