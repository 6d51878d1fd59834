// The library for CUDA where there is a driver, and where there is none.
// SPDX-License-Identifier: MIT
#include "MolSpectraForce.h"
#include "contract/ToyModel.h"

#include <OpenMM.h>
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

using OpenMM::Platform;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

namespace {

const std::string kernel = "CalcMolSpectraForce";

bool hasDriver() {
    return dlopen("libcuda.so.1", RTLD_LAZY) != nullptr;
}

bool hasPlatform(const std::string& name) {
    for (int i = 0; i < Platform::getNumPlatforms(); ++i)
        if (Platform::getPlatform(i).getName() == name)
            return true;
    return false;
}

/// What Reference says of two atoms, kJ/mol.
double energyOfPair(const std::vector<int>& numbers, double distance) {
    OpenMM::System system;
    for (size_t i = 0; i < numbers.size(); ++i)
        system.addParticle(1.0);
    auto* force = MolSpectraPlugin::MolSpectraForce::fromBytes(contract::makeToyModel());
    force->setAtomicNumbers(numbers);
    system.addForce(force);
    OpenMM::VerletIntegrator integrator(0.001);
    OpenMM::Context context(system, integrator, Platform::getPlatformByName("Reference"));
    context.setPositions({OpenMM::Vec3(), OpenMM::Vec3(distance, 0, 0)});
    return context.getState(OpenMM::State::Energy).getPotentialEnergy();
}

}  // namespace

class CudaLibrary : public testing::Test {
protected:
    static void SetUpTestSuite() {
        Platform::loadPluginsFromDirectory(OPENMM_PLUGIN_FOLDER);
        Platform::loadPluginsFromDirectory(MOLSPECTRA_PLUGIN_FOLDER);
        failures = Platform::getPluginLoadFailures();
    }

    static std::vector<std::string> failures;  ///< of the last loading
};

std::vector<std::string> CudaLibrary::failures;

TEST_F(CudaLibrary, WithoutADriver_FailsToLoadAndSaysWhy) {
    if (hasDriver())
        GTEST_SKIP() << "there is an NVIDIA driver here";
    EXPECT_THAT(failures, Contains(AllOf(HasSubstr("libOpenMMMolSpectraCUDA.so"),
                                         HasSubstr("libcuda.so.1"))));
}

TEST_F(CudaLibrary, WithADriver_ServesThePlatform) {
    if (!hasDriver())
        GTEST_SKIP() << "there is no NVIDIA driver here";
    EXPECT_THAT(failures, Not(Contains(HasSubstr("libOpenMMMolSpectraCUDA.so"))));
    if (!hasPlatform("CUDA"))
        GTEST_SKIP() << "there is an NVIDIA driver here, but OpenMM finds no device";
    EXPECT_TRUE(Platform::getPlatformByName("CUDA").supportsKernels({kernel}));
}

TEST_F(CudaLibrary, Reference_WorksBesideIt) {
    ASSERT_TRUE(Platform::getPlatformByName("Reference").supportsKernels({kernel}));
    const std::vector<int> numbers = {8, 1};
    const double near = energyOfPair(numbers, 0.1) - energyOfPair(numbers, 0.2);
    const double expected = contract::toyEnergy(numbers, std::vector<double>{0, 0, 0, 1, 0, 0}) -
                            contract::toyEnergy(numbers, std::vector<double>{0, 0, 0, 2, 0, 0});
    constexpr double kilojoulesPerKilocalorie = 4.184;
    constexpr double rounding = 1e-6;  // of total energies of 1e5 kJ/mol
    EXPECT_NEAR(near, kilojoulesPerKilocalorie * expected, rounding);
}
