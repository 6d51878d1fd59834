// Labelled molecules ready for the network: pairs found once, offsets removed, joined to batches.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"
#include "model/Graph.h"
#include "trainer/data/Dataset.h"

#include <span>
#include <vector>

namespace molspectra {

/// One frame as the network sees it.
struct Sample {
    MoleculeGraph graph;
    double energy = 0.0;         ///< label without the offset, model's unit
    std::vector<double> forces;  ///< [N,3], model's unit per angstrom
};

/// Several samples in one graph, with their labels.
struct Batch {
    Graph graph;
    at::Tensor energy;  ///< [molecules]
    at::Tensor forces;  ///< [N,3]
};

/// Finds the pairs of each frame and takes the offset off its energy, in double precision.
/// @throws Error naming a frame by its place among these, and two of its atoms, if they are at the
///         same place
std::vector<Sample> makeSamples(std::span<const Frame* const> frames, double cutoff,
                                const EnergyOffset& offset);

/// Joins the samples of the given numbers, on the device.
Batch makeBatch(const std::vector<Sample>& samples, std::span<const int64_t> numbers,
                at::ScalarType type, c10::Device device = c10::Device(c10::kCPU));

/// Energy offset and scale for training on `frames`: a mean per molecule where all frames are of
/// one molecule, else per-element energies by least squares; the scale is the standard deviation
/// of what remains.
/// @param predicted  energies that the network already gives these frames, or empty
struct Standardization {
    EnergyOffset offset;
    double scale = 1.0;
};
Standardization standardize(std::span<const Frame* const> frames, bool singleMolecule,
                            std::span<const double> predicted);

}  // namespace molspectra
