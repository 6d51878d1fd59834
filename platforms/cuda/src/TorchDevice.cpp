// OpenMM has a device when this is asked, so that LibTorch's reason is another one.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/TorchDevice.h"

#include "core/Text.h"

namespace MolSpectraPlugin {

using molspectra::cat;

std::string torchObstacle(const TorchCuda& found, int device) {
    const std::string doing = cat("MolSpectraForce: looking for LibTorch's CUDA device ", device,
                                  ": ");
    if (!found.built)
        return cat(doing, "found LibTorch without its CUDA part, expected one built for CUDA; "
                          "install such a LibTorch, or try the platform OpenCL or CPU");
    if (found.driverTooOld)
        return cat(doing, "found an NVIDIA driver that is too old for CUDA ", found.runtime,
                   ", which LibTorch is built for, expected a newer one; update the driver");
    if (!found.error.empty())
        return cat(doing, "CUDA reports ", found.error,
                   ", expected it to find devices; look whether nvidia-smi lists them");
    if (device >= found.devices)
        return cat(doing, "found ", found.devices, " devices, expected at least ", device + 1,
                   "; give the platform CUDA another DeviceIndex");
    return "";
}

}  // namespace MolSpectraPlugin
