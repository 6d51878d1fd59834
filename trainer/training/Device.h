// The device a run computes on: the processor, or a graphics card.
// SPDX-License-Identifier: MIT
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace molspectra {

/// A device that was found to work.
struct ChosenDevice {
    c10::Device device = c10::Device(c10::kCPU);
    std::string name = "CPU";  ///< or the graphics card's, "NVIDIA H100 PCIe (cuda:0)"
    std::string missing;       ///< why "auto" found no graphics card, in words
};

/// How a graphics card computes. The processor always gives the same bits, without TF32.
struct Arithmetic {
    bool tf32 = false;           ///< products of matrices with 10 instead of 23 bits of mantissa
    bool deterministic = false;  ///< the same bits in every run, at the price of slower sums
};

/// Whether chooseDevice knows this name.
bool isDeviceName(const std::string& wanted);

/// Finds a device and tries it; must come before any other use of LibTorch.
/// @param wanted  "cpu", "cuda" (the first), "cuda:N", or "auto": the first graphics card that
///                works, else the processor
/// @throws Error saying which of driver, LibTorch's CUDA build or device is missing
ChosenDevice chooseDevice(const std::string& wanted);

/// Sets how LibTorch computes from now on; does nothing for the processor.
void setArithmetic(c10::Device device, const Arithmetic& arithmetic);

}  // namespace molspectra
