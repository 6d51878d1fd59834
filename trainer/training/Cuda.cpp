// Graphics cards: LibTorch's CUDA library loaded at run time, or what is missing for that.
// SPDX-License-Identifier: MIT
#include "trainer/training/Cuda.h"

#include "core/Text.h"

#include <ATen/detail/CUDAHooksInterface.h>

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace molspectra {
namespace {

/// The few functions of the driver that tell of its devices. Their declarations come with CUDA,
/// which is not needed to build this program.
class Driver {
public:
    explicit Driver(const std::string& path) : library_(dlopen(path.c_str(), RTLD_NOW)) {}

    bool found() const { return library_ != nullptr; }
    int start() const { return call("cuInit", 0u); }
    int count() const {
        int number = 0;
        return call("cuDeviceGetCount", &number) == 0 ? number : 0;
    }
    int version() const {
        int number = 0;
        call("cuDriverGetVersion", &number);
        return number;
    }
    std::string name(int number) const {
        int device = 0;
        std::array<char, 256> text{};
        if (call("cuDeviceGet", &device, number) != 0 ||
            call("cuDeviceGetName", text.data(), static_cast<int>(text.size()) - 1, device) != 0)
            return "CUDA device";
        return text.data();
    }
    std::string meaning(int error) const {
        const char* text = nullptr;
        call("cuGetErrorString", error, &text);
        return text ? text : cat("error ", error);
    }

private:
    template <class... Arguments>
    int call(const char* function, Arguments... arguments) const {
        constexpr int notFound = 500;  // CUDA_ERROR_NOT_FOUND
        auto* address = reinterpret_cast<int (*)(Arguments...)>(dlsym(library_, function));
        return address ? address(arguments...) : notFound;
    }

    void* library_;  // stays open: LibTorch will use it
};

/// 13000 as "13.0".
std::string versionText(long version) {
    return cat(version / 1000, ".", version % 1000 / 10);
}

std::string noDevice() {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    return cat("NVIDIA's driver finds no device",
               visible ? cat(" (CUDA_VISIBLE_DEVICES is '", visible, "')") : "");
}

/// What keeps the driver from offering a device, if anything does.
std::optional<std::string> missingDevice(const Driver& driver, const std::string& path) {
    constexpr int cudaErrorNoDevice = 100;
    if (!driver.found())
        return cat("NVIDIA's driver is missing (the library ", path, " was not found)");
    const int error = driver.start();
    if (error != 0 && error != cudaErrorNoDevice)
        return cat("NVIDIA's driver (", path, ") does not start: ", driver.meaning(error));
    return error != 0 || driver.count() == 0 ? std::optional(noDevice()) : std::nullopt;
}

/// What keeps LibTorch's CUDA library from being loaded, if anything does.
std::optional<std::string> missingTorch(const std::string& path) {
    if (!std::filesystem::exists(path))
        return cat("LibTorch's CUDA build is missing (", path, " was not found)");
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
        return cat("LibTorch's CUDA build does not load: ", dlerror());
    return std::nullopt;
}

/// LibTorch warns of an old driver on standard error; the answer tells it anyway.
class Silence : public c10::WarningHandler {
public:
    void process(const c10::Warning&) override {}
};

/// Number of devices that LibTorch can use.
int usableDevices() {
    Silence silence;
    const c10::WarningUtils::WarningHandlerGuard guard(&silence);
    return at::detail::getCUDAHooks().deviceCount();
}

std::string unusable(const Driver& driver) {
    const auto& hooks = at::detail::getCUDAHooks();
    if (!hooks.hasCUDART())
        return "LibTorch was in use before its CUDA build was loaded";
    return cat("LibTorch's CUDA build (for CUDA ", versionText(hooks.versionCUDART()),
               ") cannot use NVIDIA's driver (for CUDA up to ", versionText(driver.version()), ")");
}

}  // namespace

CudaLibraries cudaLibraries() {
    std::string folder;
    std::array<char, 4096> origin{};
    void* const torch = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
    if (torch != nullptr && dlinfo(torch, RTLD_DI_ORIGIN, origin.data()) == 0)
        folder = cat(origin.data(), "/");
    return {"libcuda.so.1", folder + "libtorch_cuda.so"};
}

std::string ncclLibrary() {
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    return (program.parent_path() / "libmolspectra_nccl.so").string();
}

CudaDevices findCuda(const CudaLibraries& libraries) {
    const Driver driver(libraries.driver);
    CudaDevices devices;
    std::optional<std::string> missing = missingDevice(driver, libraries.driver);
    if (!missing)
        missing = missingTorch(libraries.torch);
    const int count = missing ? 0 : usableDevices();
    for (int number = 0; number < count; number++)
        devices.names.push_back(driver.name(number));
    if (count == 0)
        devices.missing = missing ? *missing : unusable(driver);
    return devices;
}

}  // namespace molspectra
