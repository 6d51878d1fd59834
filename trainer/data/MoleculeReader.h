// Molecules out of files of any size and kind, one after the other.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/Molecule.h"

#include <functional>
#include <string>
#include <vector>

namespace molspectra {

/// How many molecules were read, and which were not.
struct ReadReport {
    static constexpr size_t mostReasons = 100000;
    static constexpr size_t mostShown = 20;  ///< of them in texts

    int64_t read = 0;
    int64_t failed = 0;
    std::vector<std::string> reasons;  ///< of the first failures, "record 5: ..."
    /// The first line of XYZ that is in no frame, or a first line that is no SMILES: indices that
    /// are counted may be shifted.
    int64_t strayLine = 0;
    bool counted = true;  ///< indices are places in the file; false: the file tells them

    void addFailure(std::string reason);
};

struct ReadOptions {
    int threads = 1;     ///< used for SMILES and SDF
    bool embed = false;  ///< make geometries of SDF records that are drawings or lack hydrogens
};

struct NamedMolecule {
    Molecule molecule;
    std::string name;  ///< title of the record, SMILES and title, or path and number
};

/// Takes a molecule; false to read no more.
using TakeMolecule = std::function<bool(NamedMolecule&&)>;

/// Reads what a path means:
/// - .sdf, .mol: records with three-dimensional coordinates and hydrogens, kept as they are, or
///   with `embed` also others, of which geometries are made; index is the record, from 0
/// - .smi, .csv, .tsv, .txt: SMILES of one molecule each, in the column whose title says so, else
///   the first; hydrogens and a geometry are made (ETKDG, then MMFF or UFF), the same with any
///   number of threads; index is the column "index", "idx" or, where it holds numbers, "id", else
///   the row, from 0; a name is in the column "name" or "title", in "id" where that is no number,
///   or, without titles, behind a blank or tab
/// - .zip of XYZ files: index is the number in a file's name, else the place
/// - .xyz, .extxyz: one or more frames; index is the frame, from 0
/// - .npz: a shard, or labelled geometries as readDataset takes them
/// - a folder: the shards in it
/// Files of lines may be compressed (.sdf.gz). Records that cannot be read are counted, with the
/// reasons of the first; memory stays flat but for labelled geometries, which are read whole.
/// @throws Error if a file as a whole cannot be read
void readMolecules(const std::string& path, const ReadOptions& options, ReadReport& report,
                   const TakeMolecule& take);

}  // namespace molspectra
