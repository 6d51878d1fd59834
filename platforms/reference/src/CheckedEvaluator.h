// An evaluator whose first results are compared with those of the specification.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/include/internal/Evaluator.h"

#include <memory>
#include <vector>

namespace MolSpectraPlugin {

/// How far results may be apart. A difference of forces is the root of the mean square over all
/// components.
struct CheckTolerance {
    double force;          ///< relative to the root mean square of the specification's forces
    double forceFloor;     ///< added to it, for molecules without force, kJ/mol/nm
    double energy;         ///< relative to the energy without the offset
    double energyPerAtom;  ///< added to it, kJ/mol
};

/// Rounding in single precision gives 1e-6 to 3e-5. The floor is a hundredth of the force to which
/// OpenMM minimizes by default.
inline constexpr CheckTolerance singleTolerance = {3e-4, 0.1, 3e-5, 5e-3};
inline constexpr CheckTolerance doubleTolerance = {1e-8, 1e-5, 1e-9, 1e-7};

/// Compares before its first result leaves, at a geometry a hundredth of an angstrom away, and lets
/// go of the specification when they agree. While they do not, every evaluation is refused.
class CheckedEvaluator : public Evaluator {
public:
    /// Atoms of the comparison: the first of a larger system, as a molecule of their own. It is the
    /// code that is judged, not the system, and LibTorch takes some 10 MB an atom.
    static constexpr size_t mostAtoms = 100;

    /// @param model        what errors call the model
    /// @param energyScale  kJ/mol for one of the model's energy unit
    CheckedEvaluator(std::unique_ptr<Evaluator> checked, std::unique_ptr<Evaluator> specification,
                     const std::string& model, double energyScale, const CheckTolerance& tolerance)
        : checked(std::move(checked)), specification(std::move(specification)), model(model),
          energyScale(energyScale), tolerance(tolerance) {}

    /// @throws OpenMMException also for results that differ, naming the difference and the
    ///         tolerance
    double evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                    const std::optional<molspectra::Cell>& cell, std::span<double> forces) override;
    std::string describe() const override { return checked->describe(); }

private:
    struct Sample {
        std::span<const int> atomicNumbers;
        std::span<const double> positions;
        const std::optional<molspectra::Cell>& cell;
    };
    struct Result {
        double energy;               ///< kJ/mol
        std::vector<double> forces;  ///< [N,3], kJ/mol/nm
    };

    void check(const Sample& sample);
    Result resultOf(Evaluator& evaluator, const Sample& sample) const;
    void compareEnergies(double found, double expected, size_t atoms) const;
    void compareForces(const std::vector<double>& found, const std::vector<double>& expected) const;
    [[noreturn]] void refuse(const std::string& what, double difference, double allowed,
                             const char* unit) const;

    std::unique_ptr<Evaluator> checked;
    std::unique_ptr<Evaluator> specification;
    std::string model;
    double energyScale;
    CheckTolerance tolerance;
};

}  // namespace MolSpectraPlugin
