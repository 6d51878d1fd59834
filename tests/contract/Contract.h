// One System with one MolSpectraForce, evaluated where asked; the suites' platforms and models.
// SPDX-License-Identifier: MIT
#pragma once

#include "MolSpectraForce.h"
#include "contract/Tolerances.h"

#include <OpenMM.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace contract {

using MolSpectraPlugin::MolSpectraForce;
using OpenMM::Vec3;
using Positions = std::vector<Vec3>;  ///< [N,3], nm

struct Sample {
    std::vector<int> numbers;
    Positions positions;
};

/// Loads OpenMM's plugins and ours, once.
void loadPlugins();

/// Nine atoms near the geometry of ethanol.
Sample ethanol();

/// 72 molecules at their usual density, 216 atoms: more than the self-check takes, and enough for a
/// pair list with a skin.
Sample waters();

/// Moves every atom by the same vector, nm.
Positions translated(const Positions& positions, const Vec3& by);

/// Turned about an axis that is parallel to none of the coordinate axes.
Positions rotated(const Positions& positions, double angle);

/// Where a Context computes.
struct Place {
    Place(const char* platform) : platform(platform) {}
    Place(const std::string& platform, const std::map<std::string, std::string>& properties = {})
        : platform(platform), properties(properties) {}

    std::string platform;
    std::map<std::string, std::string> properties;  ///< as OpenMM names them
};

/// One System and one Context.
class Bench {
public:
    struct Setting {
        Place place = "Reference";
        std::string model;                           ///< content of a model file
        std::vector<int> numbers;
        std::optional<std::array<Vec3, 3>> box = {};  ///< periodic if set
        std::string evaluator = "auto";
        bool selfCheck = true;
        int threads = 0;
    };

    explicit Bench(const Setting& setting);
    /// Takes over a System that was built elsewhere.
    Bench(std::unique_ptr<OpenMM::System> system, const Place& place);

    /// The one of the constructor's Setting.
    const MolSpectraForce& force() const;
    /// What evaluates it.
    std::string evaluatorInUse() const { return force().getEvaluatorInUse(*context_); }

    OpenMM::State evaluate(const Positions& positions, int types, int groups = -1);
    /// Without forces, as a barostat asks for it (Context::getState always computes both).
    double energy(const Positions& positions);
    Positions forces(const Positions& positions);
    OpenMM::Context& context() { return *context_; }
    OpenMM::VerletIntegrator& integrator() { return integrator_; }

private:
    void open(const Place& place);

    std::unique_ptr<OpenMM::System> system_;
    OpenMM::VerletIntegrator integrator_{0.00025};
    std::unique_ptr<OpenMM::Context> context_;
};

/// A force for every particle. Owned by the caller.
MolSpectraForce* makeForce(const std::string& model, const std::vector<int>& numbers);

/// A System with these particles and no force.
std::unique_ptr<OpenMM::System> makeSystem(const std::vector<int>& numbers);

struct Case {
    std::string platform;
    std::string evaluator;
    std::string model;           ///< name for modelBytes()
    std::string precision = "";  ///< of the platforms that have that property

    /// Whether our own kernels evaluate it.
    bool native() const;
    /// Whether anything between positions and forces is of single precision.
    bool single() const;
    Place place() const;
};

inline void PrintTo(const Case& chosen, std::ostream* stream) {
    *stream << chosen.platform << " " << chosen.precision << " (" << chosen.evaluator << ") with "
            << chosen.model;
}

/// The platforms among OpenCL and CUDA that can compute a MolSpectraForce here.
std::vector<std::string> devicePlatforms();

/// Every model with the native evaluator on Reference and CPU, a few with TorchScript there, to
/// which one network is like another, and TorchScript in every precision on devicePlatforms().
std::vector<Case> allCases();
/// Those of allCases() that are native.
std::vector<Case> nativeCases();
/// One network on devicePlatforms() in every precision.
std::vector<Case> deviceCases();
std::string nameOf(const testing::TestParamInfo<Case>& info);

/// Largest component of the difference.
double largestDifference(const Positions& a, const Positions& b);
double largestComponent(const Positions& a);

/// Text of the exception that `action` throws, which is one line, or "no exception".
std::string messageOf(const std::function<void()>& action);

/// Base of the suites.
class ContractTest : public testing::TestWithParam<Case> {
protected:
    Bench::Setting setting(const std::vector<int>& numbers) const;
    /// The force of setting(). Owned by the caller.
    MolSpectraForce* force(const std::vector<int>& numbers) const;

    /// Those of the evaluator's arithmetic.
    const Tolerances tolerance = tolerancesOf(GetParam());

private:
    static Tolerances tolerancesOf(const Case& chosen);
};

}  // namespace contract
