// The readers behind readMolecules, one a format, and where they deliver.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/MoleculeReader.h"

#include <string_view>

namespace molspectra {

/// Counts and passes on what a reader finds.
class MoleculeSink {
public:
    MoleculeSink(ReadReport& report, const TakeMolecule& take) : report_(report), take_(take) {}

    /// Passes a molecule on, or counts it where its geometry is impossible.
    /// @param where  "record 5", for the reason
    /// @return false if no more are wanted
    bool deliver(const std::string& where, NamedMolecule&& found);
    void fail(const std::string& where, std::string_view reason);
    /// A line that belongs to no molecule; 0 is none.
    void strayLine(int64_t line) { report_.strayLine = line; }
    /// The file tells the indices.
    void takesIndices() { report_.counted = false; }

private:
    ReadReport& report_;
    const TakeMolecule& take_;
};

/// What is counted against a frame of a crystal or a liquid.
inline constexpr const char* periodicFrame = "it is periodic, expected a molecule by itself";

void readSdf(const std::string& path, const ReadOptions& options, MoleculeSink& sink);
void readSmiles(const std::string& path, int threads, MoleculeSink& sink);
/// Takes the first four columns of frames. Only where hasPlainColumns().
void readXyz(const std::string& path, MoleculeSink& sink);
/// Whether the first frame has elements and positions in the first columns.
bool hasPlainColumns(const std::string& path);
void readXyzZip(const std::string& path, MoleculeSink& sink);

/// Why a geometry is none to learn from (no atoms, no elements, not finite, atoms in one place), or
/// "" if it is one.
std::string whyUnfit(const Molecule& molecule);

}  // namespace molspectra
