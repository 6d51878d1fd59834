// Labelled geometries as plain structs: what every reader makes and the training consumes.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Neighbors.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace molspectra {

/// One labelled geometry.
struct Frame {
    std::vector<int> numbers;       ///< atomic numbers [N]
    std::vector<double> positions;  ///< [N,3], angstrom
    double energy = 0.0;            ///< in Dataset::energyUnit
    std::vector<double> forces;     ///< [N,3], energyUnit per angstrom
    std::optional<Cell> cell;       ///< angstrom; none for open boundaries
};

/// Where frames came from, for the record in the model file.
struct DataSource {
    std::string path;
    std::string sha256;
    std::string format;      ///< "npz" or "extxyz"
    std::string energyUnit;  ///< as found or given
    std::string lengthUnit;
    bool unitsAssumed = true;  ///< the format's default, not given by the user
    size_t frames = 0;
    std::optional<std::string> warning;  ///< a sentence if the forces look like another unit's
};

struct Dataset {
    std::vector<Frame> frames;
    std::string energyUnit;  ///< unit of every energy; forces are this per angstrom
    std::vector<DataSource> sources;

    /// All elements present, ascending.
    std::vector<int> species() const;
    /// Root mean square over all force components, energyUnit/angstrom.
    double forceRms() const;
    /// Whether every frame has the same atomic numbers in the same order.
    bool singleMolecule() const;
    /// Converts energies and forces to another unit.
    void convertTo(const std::string& unit);
};

/// Units given by the user; empty means the format's default (NPZ: kcal/mol and angstrom;
/// extended XYZ: eV and angstrom).
struct DataUnits {
    std::string energy;
    std::string length;
};

/// Reads one or more files, by their extension (.npz, .xyz, .extxyz), and checks every label.
/// Energies are converted to the unit of the first file.
/// @throws Error naming the file: missing, truncated, wrong format, missing keys (those found are
///         listed), wrong shapes or types, NaN or infinite labels, unknown elements
Dataset readDataset(const std::vector<std::string>& paths, const DataUnits& units = {});

/// A sentence if the force RMS is outside 3-200 kcal/mol/angstrom (wrong unit, most likely), else
/// nothing.
std::optional<std::string> suspiciousForces(const Dataset& data);

}  // namespace molspectra
