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
    std::string state{};            ///< charge and spin as the file tells them, or ""
};

/// Where frames came from, for the record in the model file.
struct DataSource {
    std::string path;
    std::string sha256;
    std::string format;      ///< "npz" or "extxyz"
    std::string energyUnit;  ///< as found or given
    std::string lengthUnit;
    std::string forceUnit;     ///< an energy per length
    bool unitsAssumed = true;  ///< the format's default, told by nobody
    size_t frames = 0;
    std::vector<std::string> warnings;  ///< what looks wrong, a sentence each
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
    /// Whether every frame has the same elements equally often, in any order.
    bool singleFormula() const;
    /// Converts energies and forces to another unit.
    void convertTo(const std::string& unit);
};

/// Units given by the user; empty means what an NPZ tells by e_unit and r_unit, else the format's
/// default (NPZ: kcal/mol and angstrom; extended XYZ: eV and angstrom).
struct DataUnits {
    std::string energy{};
    std::string length{};
    std::string force{};  ///< "hartree/bohr"; empty is the energy's per length's
};

/// Reads one or more files, by their extension (.npz, .xyz, .extxyz), and checks every label.
/// Energies are converted to the unit of the first file.
/// @throws Error naming the file: missing, truncated, wrong format, missing keys (those found are
///         listed), wrong shapes or types, NaN or infinite labels, unknown elements
Dataset readDataset(const std::vector<std::string>& paths, const DataUnits& units = {});

/// Sentences on what looks wrong in data that can be read: a force RMS outside 3-200
/// kcal/mol/angstrom; nearest atoms too near or too far; forces that push long bonds apart, which
/// are gradients; an energy far from those of its molecule; frames of different charge or spin.
std::vector<std::string> suspicions(const Dataset& data);

}  // namespace molspectra
