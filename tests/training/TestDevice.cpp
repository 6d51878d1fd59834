// Training on a device other than the processor, and what is said where there is none.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "trainer/training/Checkpoint.h"
#include "trainer/training/Cuda.h"
#include "trainer/training/Device.h"
#include "trainer/training/Evaluation.h"
#include "trainer/training/EnergyForcesTask.h"
#include "trainer/training/Trainer.h"
#include "training/Molecules.h"
#include "training/OtherDevice.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace molspectra {
namespace {

/// Sums in another order, in double precision, after some steps of training.
constexpr double rounding = 1e-6;

/// Found before any test uses LibTorch, which asks only once whether CUDA is there.
const ChosenDevice graphicsCard = chooseDevice("auto");

/// A short run of a network with every part that training can have, in double precision.
class DeviceTest : public testing::TestWithParam<std::string> {
protected:
    void SetUp() override {
        if (GetParam() == "cuda" && graphicsCard.device.is_cpu())
            GTEST_SKIP() << "no graphics card: " << graphicsCard.missing;
        if (GetParam() == "other" && !graphicsCard.device.is_cpu())
            GTEST_SKIP() << "LibTorch uses one device beside the processor: " << graphicsCard.name;
        device = GetParam() == "cuda" ? graphicsCard.device : otherDevice();
        config.noiseHead = true;
        config.layerNorms = true;
        config.vectorNorm = "whitened";
        options.steps = 12;
        options.batch = 4;
        options.schedule.warmup = 3;
        options.averageDecay = 0.9;
        options.gradientClip = 1.0;
        options.denoisingWeight = 0.1;
    }

    std::vector<Sample> samples(uint64_t seed) const {
        const std::vector<Frame> frames = springWaters(12, seed);
        const auto list = pointers(frames);
        return makeSamples(list, config.cutoff, standardize(list, true, {}).offset);
    }

    torch::jit::Module networkOn(c10::Device where) const {
        return onDevice(makeNetwork(config, 1, at::kDouble), where);
    }

    Trainer trainerOn(c10::Device where, const std::string& subfolder) const {
        ModelDescription description;
        description.config = config;
        description.species = {1, 8};
        description.toolVersion = "molspectra test";
        description.dtype = "float64";
        std::filesystem::create_directories(folder + "/" + subfolder);
        return {std::make_shared<EnergyForcesTask>(networkOn(where), description, samples(7),
                                                   samples(8), options),
                options, {folder + "/" + subfolder}};
    }

    static void run(Trainer& trainer, int64_t until = 1000000) {
        int64_t asked = 0;
        trainer.run({{"test", true}}, [](const TrainingReport&) {},
                    [&] { return asked++ >= until; });
    }

    std::vector<at::Tensor> checkpointOf(const std::string& subfolder) const {
        return loadCheckpoint(folder + "/" + subfolder + "/checkpoint.pt").optimizer;
    }

    void expectTheSame(const std::string& found, const std::string& expected) const {
        const auto some = checkpointOf(found), others = checkpointOf(expected);
        ASSERT_EQ(some.size(), others.size());
        for (size_t n = 0; n < some.size(); n++) {
            ASSERT_TRUE(some[n].is_cpu());
            EXPECT_TRUE(at::allclose(some[n], others[n], rounding, rounding)) << "tensor " << n;
        }
    }

    const c10::Device cpu = c10::Device(c10::kCPU);
    c10::Device device = cpu;
    ModelConfig config = smallConfig();
    FinetuneOptions options;
    const test::TemporaryFolder own;
    const std::string folder = own.path();
};

TEST_P(DeviceTest, Evaluation_GivesTheErrorsOfTheCpu) {
    torch::jit::Module here = networkOn(cpu), there = networkOn(device);
    const Predictions expected = predict(here, samples(7)), found = predict(there, samples(7));
    EXPECT_THAT(found.energy, testing::Pointwise(testing::DoubleNear(rounding), expected.energy));
    EXPECT_THAT(found.forces, testing::Pointwise(testing::DoubleNear(rounding), expected.forces));
}

TEST_P(DeviceTest, Training_GivesTheWeightsOfTheCpu) {
    Trainer here = trainerOn(cpu, "here"), there = trainerOn(device, "there");
    run(here);
    run(there);
    expectTheSame("there", "here");
}

TEST_P(DeviceTest, RunBegunThere_GoesOnOnTheCpuAndBack) {
    Trainer whole = trainerOn(cpu, "whole"), first = trainerOn(device, "parts");
    run(whole);
    run(first, 4);
    EXPECT_EQ(loadCheckpoint(folder + "/parts/checkpoint.pt").state.at("device"),
              c10::DeviceTypeName(device.type(), true));
    Trainer second = trainerOn(cpu, "parts");
    second.resume();
    run(second, 4);
    EXPECT_EQ(loadCheckpoint(folder + "/parts/checkpoint.pt").state.at("device"), "cpu");
    Trainer third = trainerOn(device, "parts");
    third.resume();
    run(third);
    expectTheSame("parts", "whole");
}

TEST_P(DeviceTest, ModelFile_LoadsOnAnyMachine) {
    Trainer there = trainerOn(device, "");
    run(there, 1);
    const torch::jit::Module plain = torch::jit::load(folder + "/model.pt");
    for (const at::Tensor& parameter : plain.parameters())
        EXPECT_TRUE(parameter.is_cpu());
    for (const at::Tensor& buffer : plain.buffers())
        EXPECT_TRUE(buffer.is_cpu());
    LoadedModel loaded = loadModel(folder + "/model.pt");
    EXPECT_TRUE(std::isfinite(predict(loaded.network, samples(7)).energy.front()));
}

TEST_P(DeviceTest, NetworkBroughtThere_SharesNoWeights) {
    const torch::jit::Module here = makeNetwork(config, 1);
    const torch::jit::Module there = onDevice(here, device), copy = frozenCopy(there);
    for (const at::Tensor& parameter : there.parameters())
        EXPECT_TRUE(parameter.device() == device && parameter.requires_grad());
    const at::NoGradGuard noGradients;
    for (at::Tensor parameter : there.parameters())
        parameter.fill_(0.0);
    EXPECT_GT(here.attr("embedding_weight").toTensor().abs().max().item<double>(), 0.0);
    EXPECT_GT(copy.attr("embedding_weight").toTensor().abs().max().item<double>(), 0.0);
}

TEST_P(DeviceTest, LossThatIsNoNumber_IsToldAndNotSaved) {
    Trainer good = trainerOn(device, "");
    run(good, 2);
    const std::string before = readFile(folder + "/checkpoint.pt");
    options.schedule.learningRate = 1e300;
    options.gradientClip = 0.0;
    Trainer bad = trainerOn(device, "");
    bad.resume();
    EXPECT_THAT([&] { run(bad); },  // it is told of a step, or of the validation behind it
                testing::ThrowsMessage<Error>(testing::AllOf(
                    testing::HasSubstr(" step "), testing::HasSubstr("expected a number"))));
    EXPECT_EQ(readFile(folder + "/checkpoint.pt"), before);
}

INSTANTIATE_TEST_SUITE_P(, DeviceTest, testing::Values("other", "cuda"),
                         [](const auto& info) { return info.param; });

using OtherDeviceTest = DeviceTest;

TEST_P(OtherDeviceTest, Steps_ReadNothingBackBetweenReports) {
    config.vectorNorm = "none";  // its many small operations take long on this device
    config.layerNorms = false;
    options.steps = 40;
    options.validationInterval = options.steps;
    Trainer trainer = trainerOn(device, "");
    int64_t reports = 0;
    std::vector<std::pair<int64_t, int64_t>> seen;  // reads and reports before each step
    trainer.run({}, [&](const TrainingReport&) { reports++; }, [&] {
        seen.emplace_back(readsOfOtherDevice(), reports);
        return false;
    });
    ASSERT_EQ(seen.size(), static_cast<size_t>(options.steps));
    for (size_t n = 1; n < seen.size(); n++)
        EXPECT_TRUE(seen[n].first == seen[n - 1].first || seen[n].second > seen[n - 1].second)
            << "step " << n << " was read without a report";
}

TEST_P(OtherDeviceTest, Operations_RefuseTensorsOfTheHost) {
    const at::Tensor there = at::ones({3}).to(device), here = at::ones({3});
    EXPECT_THROW(there.add(here), c10::Error);
    EXPECT_THAT([&] { at::cat({there, here}); },
                testing::ThrowsMessage<c10::Error>(testing::HasSubstr("of the host")));
    EXPECT_TRUE(at::equal(there.add(there).cpu(), 2.0 * here));
}

INSTANTIATE_TEST_SUITE_P(, OtherDeviceTest, testing::Values("other"));

TEST(Device, Names_AreThoseOfTheManual) {
    for (const char* name : {"cpu", "cuda", "cuda:0", "cuda:12", "auto"})
        EXPECT_TRUE(isDeviceName(name)) << name;
    for (const char* name : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "CUDA", "cuda:1234", "cpu:0"})
        EXPECT_FALSE(isDeviceName(name)) << name;
}

TEST(Device, Cpu_IsTakenWithoutLooking) {
    const ChosenDevice chosen = chooseDevice("cpu");
    EXPECT_TRUE(chosen.device.is_cpu());
    EXPECT_EQ(chosen.missing, "");
}

TEST(Device, NumberBeyondTheLast_IsRefused) {
    EXPECT_THAT([] { chooseDevice("cuda:99"); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("cuda:99")));
}

TEST(Device, TensorFloat32_IsOffUnlessAskedFor) {
    const c10::Device card(c10::kCUDA, 0);
    setArithmetic(card, {.tf32 = true});
    EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
    setArithmetic(card, {});
    EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
    EXPECT_FALSE(at::globalContext().deterministicAlgorithms());
}

/// What a search says with our driver, which claims so many devices, and this LibTorch library.
std::string missing(const char* devices, const std::string& torch) {
    setenv("FAKE_DRIVER_DEVICES", devices, 1);
    const CudaDevices found = findCuda({FAKE_DRIVER, torch});
    EXPECT_THAT(found.names, testing::IsEmpty());
    return found.missing;
}

TEST(Cuda, MissingDriver_IsNamed) {
    const CudaDevices found = findCuda({"libno_such_driver.so.1", "libtorch_cuda.so"});
    EXPECT_THAT(found.missing, testing::HasSubstr("driver is missing"));
    EXPECT_THAT(found.missing, testing::HasSubstr("libno_such_driver.so.1"));
}

TEST(Cuda, DriverWithoutADevice_IsTold) {
    EXPECT_THAT(missing("0", "libtorch_cuda.so"), testing::HasSubstr("finds no device"));
}

TEST(Cuda, DriverThatDoesNotStart_IsTold) {
    EXPECT_THAT(missing("-803", "libtorch_cuda.so"), testing::HasSubstr("the test asked for"));
}

TEST(Cuda, LibTorchWithoutCuda_IsNamed) {
    const test::TemporaryFolder folder;
    const std::string path = folder / "libtorch_cuda.so";
    EXPECT_THAT(missing("1", path), testing::AllOf(testing::HasSubstr("build is missing"),
                                                   testing::HasSubstr(path)));
}

TEST(Cuda, LibTorchThatDoesNotLoad_IsNamed) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("torch_cuda.so", "this is no library");
    EXPECT_THAT(missing("1", path), testing::AllOf(testing::HasSubstr("does not load"),
                                                   testing::HasSubstr(path)));
}

TEST(Cuda, Library_IsLookedForBesideTheCpuLibrary) {
    const std::filesystem::path path = cudaLibraries().torch;
    EXPECT_EQ(path.filename(), "libtorch_cuda.so");
    EXPECT_TRUE(std::filesystem::exists(path.parent_path() / "libtorch_cpu.so")) << path;
}

}  // namespace
}  // namespace molspectra
