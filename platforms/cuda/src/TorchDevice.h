// Whether LibTorch can use the device that OpenMM computes on.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace MolSpectraPlugin {

/// What LibTorch finds.
struct TorchCuda {
    bool built = false;         ///< whether its CUDA part is loaded
    std::string runtime;        ///< CUDA version of that part, as 13.0
    bool driverTooOld = false;  ///< for this version
    std::string error;          ///< another one that CUDA reports; empty for none
    int devices = 0;
};

TorchCuda findTorchCuda();

/// One sentence about which of LibTorch's CUDA part, driver and device is missing; empty if none.
/// @param device  OpenMM's index of it
std::string torchObstacle(const TorchCuda& found, int device);

}  // namespace MolSpectraPlugin
