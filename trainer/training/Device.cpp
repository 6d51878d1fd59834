// The device a run computes on: the processor, or a graphics card.
// SPDX-License-Identifier: MIT
#include "trainer/training/Device.h"

#include "core/Error.h"
#include "trainer/training/Cuda.h"

#include <ATen/ATen.h>

#include <cstdlib>
#include <regex>

namespace molspectra {
namespace {

c10::Device cudaDevice(size_t number) {
    return {c10::kCUDA, static_cast<c10::DeviceIndex>(number)};
}

/// What goes wrong in a first small computation, as on a card too old for LibTorch's kernels or
/// one that another program keeps for itself; "" if nothing does.
std::string faultOf(c10::Device device) {
    try {
        at::ones({2}, at::TensorOptions(device)).sum().item<double>();
        return {};
    } catch (const std::exception& error) {
        const auto* torch = dynamic_cast<const c10::Error*>(&error);
        const std::string text = torch ? torch->what_without_backtrace() : error.what();
        return cat("cannot compute: ", split(text, '\n').front());
    }
}

size_t wantedNumber(const std::string& wanted) {
    const size_t colon = wanted.find(':');
    return colon == std::string::npos ? 0 : std::stoul(wanted.substr(colon + 1));
}

[[noreturn]] void refuse(const std::string& wanted, const std::string& found) {
    fail("choosing the device ", wanted, ": ", found,
         ", expected a graphics card that works; give --device cpu, or auto to take one only ",
         "where there is one");
}

}  // namespace

bool isDeviceName(const std::string& wanted) {
    return std::regex_match(wanted, std::regex("cpu|auto|cuda(:[0-9]{1,2})?"));
}

ChosenDevice chooseDevice(const std::string& wanted) {
    if (wanted == "cpu")
        return {};
    const CudaDevices found = findCuda(cudaLibraries());
    const size_t number = wantedNumber(wanted);
    std::string fault = found.missing;
    if (fault.empty() && number >= found.names.size())
        fault = cat("found ", found.names.size(), " devices, the first being cuda:0");
    std::string name;
    if (fault.empty()) {
        name = cat(found.names[number], " (", cudaDevice(number).str(), ")");
        const std::string trial = faultOf(cudaDevice(number));
        fault = trial.empty() ? "" : cat("the ", name, " ", trial);
    }
    if (fault.empty())
        return {cudaDevice(number), name, {}};
    if (wanted != "auto")
        refuse(wanted, fault);
    return {c10::Device(c10::kCPU), "CPU", fault};
}

void setArithmetic(c10::Device device, const Arithmetic& arithmetic) {
    if (!device.is_cuda())
        return;
    at::Context& context = at::globalContext();
    context.setAllowTF32CuBLAS(arithmetic.tf32);
    context.setDeterministicAlgorithms(arithmetic.deterministic, false);
    // No operation of ours reads memory that nothing has written.
    context.setDeterministicFillUninitializedMemory(false);
    if (arithmetic.deterministic)
        setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // read when the first product is made
}

}  // namespace molspectra
