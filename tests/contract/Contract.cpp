// A host program without Python: plugins are loaded from their folders.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"

#include "MolSpectraKernels.h"
#include "contract/Models.h"

#include <openmm/internal/ContextImpl.h>

#include <cmath>

namespace contract {

namespace {

/// A Force may see the ContextImpl, which is hidden from programs.
class Access : public MolSpectraForce {
public:
    static OpenMM::ContextImpl& implOf(OpenMM::Context& context) {
        return Access().getContextImpl(context);
    }

private:
    Access() : MolSpectraForce(*std::unique_ptr<MolSpectraForce>(fromBytes(""))) {}
};

}  // namespace

void loadPlugins() {
    static const bool loaded = [] {
        OpenMM::Platform::loadPluginsFromDirectory(OPENMM_PLUGIN_FOLDER);
        OpenMM::Platform::loadPluginsFromDirectory(MOLSPECTRA_PLUGIN_FOLDER);
        return true;
    }();
    static_cast<void>(loaded);
}

Sample ethanol() {
    return {{6, 6, 8, 1, 1, 1, 1, 1, 1},
            {{0.0007, -0.0564, 0.0003}, {-0.1285, 0.0249, -0.0010}, {0.1130, 0.0315, 0.0022},
             {0.0039, -0.0694, 0.1092}, {0.0120, -0.1557, -0.0455}, {-0.2152, -0.0414, 0.0073},
             {-0.1346, 0.0883, 0.0892}, {-0.1330, 0.0893, -0.0895}, {0.1985, -0.0120, 0.0151}}};
}

Sample waters() {
    const Positions water = {{0, 0, 0}, {0.0957, 0, 0}, {-0.024, 0.0927, 0}};
    Sample sample;
    for (int x = 0; x < 6; ++x)
        for (int y = 0; y < 4; ++y)
            for (int z = 0; z < 3; ++z) {
                const Vec3 at(0.31 * x, 0.31 * y, 0.31 * z);
                const Positions turned = translated(rotated(water, 0.7 * x + 1.9 * y - z), at);
                sample.numbers.insert(sample.numbers.end(), {8, 1, 1});
                sample.positions.insert(sample.positions.end(), turned.begin(), turned.end());
            }
    return sample;
}

Positions translated(const Positions& positions, const Vec3& by) {
    Positions moved = positions;
    for (Vec3& position : moved)
        position += by;
    return moved;
}

Positions rotated(const Positions& positions, double angle) {
    const Vec3 axis = Vec3(1, 2, -2) / 3.0;  // of length one
    Positions turned;
    for (const Vec3& x : positions)  // Rodrigues
        turned.push_back(x * std::cos(angle) + axis.cross(x) * std::sin(angle) +
                         axis * (axis.dot(x) * (1 - std::cos(angle))));
    return turned;
}

std::unique_ptr<OpenMM::System> makeSystem(const std::vector<int>& numbers) {
    auto system = std::make_unique<OpenMM::System>();
    for (const int number : numbers)
        system->addParticle(number == 1 ? 1.008 : 2.0 * number);
    return system;
}

MolSpectraForce* makeForce(const std::string& model, const std::vector<int>& numbers) {
    MolSpectraForce* force = MolSpectraForce::fromBytes(model);
    force->setAtomicNumbers(numbers);
    return force;
}

Bench::Bench(const Setting& setting) : system_(makeSystem(setting.numbers)) {
    MolSpectraForce* force = makeForce(setting.model, setting.numbers);
    force->setEvaluator(setting.evaluator);
    force->setSelfCheck(setting.selfCheck);
    force->setThreads(setting.threads);
    system_->addForce(force);
    if (setting.box) {
        const auto& [a, b, c] = *setting.box;
        system_->setDefaultPeriodicBoxVectors(a, b, c);
        force->setUsesPeriodicBoundaryConditions(true);
    }
    open(setting.place);
}

Bench::Bench(std::unique_ptr<OpenMM::System> system, const Place& place)
    : system_(std::move(system)) {
    open(place);
}

void Bench::open(const Place& place) {
    loadPlugins();
    context_ = std::make_unique<OpenMM::Context>(
        *system_, integrator_, OpenMM::Platform::getPlatformByName(place.platform),
        place.properties);
}

const MolSpectraForce& Bench::force() const {
    return dynamic_cast<const MolSpectraForce&>(system_->getForce(0));
}

OpenMM::State Bench::evaluate(const Positions& positions, int types, int groups) {
    context_->setPositions(positions);
    return context_->getState(types, false, groups);
}

double Bench::energy(const Positions& positions) {
    context_->setPositions(positions);
    return Access::implOf(*context_).calcForcesAndEnergy(false, true);
}

Positions Bench::forces(const Positions& positions) {
    return evaluate(positions, OpenMM::State::Forces).getForces();
}

bool Case::native() const {
    const bool asked = evaluator == "native" || (evaluator == "auto" && platform == "CPU");
    return asked && modelOf(model).network;
}

bool Case::single() const {
    if (!precision.empty())
        return precision != "double";  // with "mixed" OpenMM's forces are single
    return native() && modelOf(model).dtype == "float32" && !modelOf(model).network->whitens();
}

Place Case::place() const {
    if (precision.empty())
        return platform;
    return {platform, {{"Precision", precision}}};
}

std::vector<std::string> devicePlatforms() {
    loadPlugins();
    std::vector<std::string> names;
    for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
        const OpenMM::Platform& platform = OpenMM::Platform::getPlatform(i);
        const std::string& name = platform.getName();
        const bool device = name == "OpenCL" || name == "CUDA";
        if (device && !platform.getDevices().empty() &&
            platform.supportsKernels({MolSpectraPlugin::CalcMolSpectraForceKernel::Name()}))
            names.push_back(name);
    }
    return names;
}

std::vector<Case> allCases() {
    std::vector<Case> cases;
    for (const TestModel& model : models()) {
        cases.push_back({"CPU", "auto", model.name});
        if (model.network)
            cases.push_back({"Reference", "native", model.name});
    }
    cases.push_back({"Reference", "auto", "Toy"});
    cases.push_back({"Reference", "auto", "Network"});
    cases.push_back({"CPU", "torchscript", "Network"});
    for (const std::string& platform : devicePlatforms()) {
        for (const char* precision : {"single", "mixed", "double"})
            cases.push_back({platform, "auto", "Network", precision});
        cases.push_back({platform, "auto", "Norms", "mixed"});
        cases.push_back({platform, "auto", "Double", "mixed"});
    }
    return cases;
}

std::vector<Case> nativeCases() {
    std::vector<Case> cases = allCases();
    std::erase_if(cases, [](const Case& chosen) { return !chosen.native(); });
    return cases;
}

std::vector<Case> deviceCases() {
    std::vector<Case> cases = allCases();
    std::erase_if(cases, [](const Case& chosen) {
        return chosen.precision.empty() || chosen.model != "Network";
    });
    return cases;
}

std::string nameOf(const testing::TestParamInfo<Case>& info) {
    return info.param.platform + info.param.precision + "_" + info.param.evaluator + "_" +
           info.param.model;
}

double largestComponent(const Positions& a) {
    double largest = 0.0;
    for (const Vec3& vector : a)
        for (int d = 0; d < 3; ++d)
            largest = std::max(largest, std::abs(vector[d]));
    return largest;
}

double largestDifference(const Positions& a, const Positions& b) {
    Positions difference;
    for (size_t i = 0; i < a.size(); ++i)
        difference.push_back(a[i] - b[i]);
    return largestComponent(difference);
}

std::string messageOf(const std::function<void()>& action) {
    try {
        action();
    }
    catch (const OpenMM::OpenMMException& error) {
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        return error.what();
    }
    return "no exception";
}

Bench::Setting ContractTest::setting(const std::vector<int>& numbers) const {
    Bench::Setting setting{GetParam().place(), modelBytes(GetParam().model), numbers};
    setting.evaluator = GetParam().evaluator;
    return setting;
}

MolSpectraForce* ContractTest::force(const std::vector<int>& numbers) const {
    MolSpectraForce* force = makeForce(modelBytes(GetParam().model), numbers);
    force->setEvaluator(GetParam().evaluator);
    return force;
}

Tolerances ContractTest::tolerancesOf(const Case& chosen) {
    if (chosen.single())
        return inSingle;
    Tolerances tolerances = inDouble;
    const TestModel& model = modelOf(chosen.model);
    if (model.network && model.network->whitens())
        tolerances.differenceStep = whitenedStep;
    return tolerances;
}

}  // namespace contract
