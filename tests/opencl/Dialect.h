// The words of OpenMM's common-compute dialect, in OpenCL.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace opencl {

/// As OpenMM names them: of its positions, and of their sums and box vectors.
enum class Precision { Single, Mixed, Double };

/// What surrounds the text of a kernel; see the head of platforms/common/kernels/ModelArrays.cc.
struct Dialect {
    Precision precision = Precision::Single;
    bool periodic = false;
    int paddedAtoms = 32;  ///< OpenMM's forces have three blocks of this length
    /// How the kernels add where others may add at the same time.
    std::string atomicAdd = "atom_add(place, value)";
};

/// Definitions to be put before the text of a kernel. The network's arithmetic is double with
/// Precision::Double alone.
std::string definitions(const Dialect& dialect);

/// The text of platforms/common/kernels/ModelArrays.cc.
std::string modelArraysText();

}  // namespace opencl
