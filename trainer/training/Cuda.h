// Graphics cards: LibTorch's CUDA library loaded at run time, or what is missing for that.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace molspectra {

/// Shared libraries that stand between the program and a graphics card.
struct CudaLibraries {
    std::string driver;  ///< NVIDIA's driver: a path, or a name that the system's loader finds
    std::string torch;   ///< path of LibTorch's CUDA library
};

/// The driver's usual name, and the library beside the libtorch_cpu.so that is in use.
CudaLibraries cudaLibraries();

/// Path of our library for NCCL, which lies beside the program.
std::string ncclLibrary();

/// What a search for graphics cards found.
struct CudaDevices {
    std::vector<std::string> names;  ///< of the devices in CUDA's order, which is LibTorch's
    std::string missing;             ///< if there are none: which part is missing, in words
};

/// Loads LibTorch's CUDA library, for good, if the driver finds a device. LibTorch asks only once
/// whether CUDA is there, so this must come before any other use of it.
CudaDevices findCuda(const CudaLibraries& libraries);

}  // namespace molspectra
