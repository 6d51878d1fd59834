// The network's inputs as tensors: atoms of one or more molecules and their neighbour pairs.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Neighbors.h"

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <span>
#include <string>
#include <vector>

namespace molspectra {

/// Inputs of one evaluation. Pairs are of atoms of the same molecule.
struct Graph {
    at::Tensor numbers;    ///< atomic numbers [N], int64
    at::Tensor positions;  ///< from the centroid of each molecule [N,3], angstrom
    at::Tensor pairs;      ///< receiver, sender [2,P], int64
    at::Tensor shifts;     ///< x_j + shift - x_i is the displacement [P,3], angstrom
    at::Tensor molecule;   ///< molecule of each atom [N], int64
    int64_t molecules = 0;

    /// The same on another device; see toDevice.
    Graph on(c10::Device device) const;
    /// Arguments of the method forward.
    std::vector<c10::IValue> forward() const;
    /// Arguments of encode, features and noise.
    std::vector<c10::IValue> atoms() const;
};

/// A host tensor on a device; itself where that is the host. The host does not wait for the device.
at::Tensor toDevice(const at::Tensor& host, c10::Device device);

/// One molecule with its neighbour pairs already found; plain numbers, ready to be put together.
struct MoleculeGraph {
    std::vector<int64_t> numbers;   ///< [N]
    std::vector<double> positions;  ///< [N,3], angstrom
    NeighborPairs pairs;
};

/// Finds the pairs of one molecule or periodic cell within `cutoff` angstrom.
MoleculeGraph moleculeGraph(std::span<const int> numbers, std::span<const double> positions,
                            double cutoff, const std::optional<Cell>& cell);

/// Puts molecules together into one graph of the given floating-point type, in host memory.
Graph joinGraphs(std::span<const MoleculeGraph* const> molecules, at::ScalarType type);

/// Calls a method of the network without the profiling executor.
c10::IValue call(torch::jit::Module& network, const std::string& method,
                 std::vector<c10::IValue> arguments);

/// Energies [molecules] and, if wanted, forces [N,3] = minus the gradient; the network's unit,
/// without the offset. With `trainable`, forces can be differentiated by the parameters.
struct EnergyForces {
    at::Tensor energy;
    at::Tensor forces;
};
EnergyForces evaluate(torch::jit::Module& network, const Graph& graph, bool wantForces,
                      bool trainable = false);

}  // namespace molspectra
