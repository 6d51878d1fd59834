// LibTorch reads every model file; its module is kept only as long as something is asked of it.
// SPDX-License-Identifier: MIT
#include "platforms/reference/src/ChooseEvaluator.h"

#include "core/Units.h"
#include "platforms/cpu/src/NativeModel.h"
#include "platforms/reference/src/CheckedEvaluator.h"
#include "platforms/reference/src/TorchEvaluator.h"
#include "plugin/include/internal/TorchModel.h"
#include "plugin/include/internal/Translate.h"

namespace MolSpectraPlugin {

using molspectra::cat;

namespace {

/// Why a Force is evaluated by TorchScript; empty if it is not.
/// @throws OpenMMException if it may not be
std::string reasonForTorch(const MolSpectraForce& force, bool habitIsNative,
                           const molspectra::ModelConfig& config,
                           const molspectra::Tensors& tensors) {
    const bool native = force.getEvaluator() == "native";
    if (!native && !habitIsNative)
        return "the platform's default";
    const std::string obstacle = nativeObstacle(config, tensors);
    if (native && !obstacle.empty())
        throw OpenMM::OpenMMException(cat("MolSpectraForce: evaluating model ",
                                          force.getModelName(), " natively: ", obstacle,
                                          "; try the evaluator auto or torchscript"));
    return obstacle.empty() ? "" : "not native because " + obstacle;
}

std::unique_ptr<Evaluator> makeNative(const MolSpectraForce& force, const AtomSelection& atoms,
                                      std::unique_ptr<TorchModel> torch,
                                      const molspectra::Tensors& tensors, int threads) {
    auto native = translateErrors("MolSpectraForce: ", [&] {
        return std::make_unique<NativeModel>(torch->description(), tensors, atoms, threads);
    });
    if (!force.getSelfCheck())
        return native;
    const CheckTolerance tolerance =
        native->doublePrecision() ? doubleTolerance : singleTolerance;
    const double scale = molspectra::kilojoulesPerMole(torch->description().energyUnit);
    auto specification = std::make_unique<TorchEvaluator>(std::move(torch), atoms, "the check");
    return std::make_unique<CheckedEvaluator>(std::move(native), std::move(specification),
                                              force.getModelName(), scale, tolerance);
}

}  // namespace

std::unique_ptr<Evaluator> chooseEvaluator(const MolSpectraForce& force, const AtomSelection& atoms,
                                           const PlatformHabit& habit) {
    const int asked = force.getThreads();
    const TorchPlacement placement = {.threads = asked > 0 ? asked : habit.torchThreads};
    auto torch =
        std::make_unique<TorchModel>(force.getModelBytes(), force.getModelName(), placement);
    if (force.getEvaluator() == "torchscript")
        return std::make_unique<TorchEvaluator>(std::move(torch), atoms, "as asked for");
    const molspectra::Tensors tensors = torch->tensors();
    const std::string reason =
        reasonForTorch(force, habit.native, torch->description().config, tensors);
    if (!reason.empty())
        return std::make_unique<TorchEvaluator>(std::move(torch), atoms, reason);
    return makeNative(force, atoms, std::move(torch), tensors,
                      asked > 0 ? asked : habit.nativeThreads);
}

}  // namespace MolSpectraPlugin
