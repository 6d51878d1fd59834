// Picks the reader of a file, by its extension or by what is in it.
// SPDX-License-Identifier: MIT
#include "trainer/data/MoleculeReader.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"
#include "trainer/data/Dataset.h"
#include "trainer/data/MoleculeFormats.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Shard.h"

#include <cmath>
#include <filesystem>

namespace molspectra {

namespace {

/// No two nuclei of a molecule are nearer, angstrom.
constexpr double nearestAtoms = 0.4;

void readLabelled(const std::string& path, MoleculeSink& sink) {
    Dataset data = readDataset({path});
    for (size_t t = 0; t < data.frames.size(); t++) {
        Frame& frame = data.frames[t];
        const std::string where = cat("frame ", t);
        if (frame.cell) {
            sink.fail(where, periodicFrame);
            continue;
        }
        Molecule molecule{std::move(frame.numbers), std::move(frame.positions), int64_t(t), {}};
        if (!sink.deliver(where, {std::move(molecule), cat(path, " ", where)}))
            return;
    }
}

bool readShard(const std::string& path, MoleculeSink& sink) {
    const Shard shard(path);
    if (NpzFile(path).contains("index"))
        sink.takesIndices();
    for (size_t m = 0; m < shard.size(); m++)
        if (!sink.deliver(cat("molecule ", m), {shard[m], cat(path, " molecule ", m)}))
            return false;
    return true;
}

void readNpz(const std::string& path, MoleculeSink& sink) {
    const bool labelled = !NpzFile(path).contains("atom_offset");
    if (labelled)
        readLabelled(path, sink);
    else
        readShard(path, sink);
}

void readFileOf(const std::string& kind, const std::string& path, const ReadOptions& options,
                MoleculeSink& sink) {
    if (kind == "npz")
        readNpz(path, sink);
    else if (kind == "sdf" || kind == "mol")
        readSdf(path, options, sink);
    else if (kind == "zip")
        readXyzZip(path, sink);
    else if (kind == "xyz" || kind == "extxyz")
        hasPlainColumns(path) ? readXyz(path, sink) : readLabelled(path, sink);
    else if (kind == "smi" || kind == "smiles" || kind == "csv" || kind == "tsv" || kind == "txt")
        readSmiles(path, options.threads, sink);
    else
        fail("reading ", path, ": the extension is \"", kind, "\", expected sdf, smi, csv, xyz, ",
             "npz or zip", kind == "tar.gz" || kind == "tar" ? "; unpack the archive first" : "");
}

}  // namespace

void ReadReport::addFailure(std::string reason) {
    failed++;
    if (reasons.size() < mostReasons)
        reasons.push_back(std::move(reason));
}

std::string whyUnfit(const Molecule& molecule) {
    const std::vector<double>& x = molecule.positions;
    if (molecule.numbers.empty())
        return "it has no atoms";
    for (const int number : molecule.numbers)
        if (number < 1 || number > maxElement)
            return "it has an atom that is no element";
    for (const double value : x)
        if (!std::isfinite(value))
            return cat("a coordinate is ", value);
    for (size_t i = 0; i < molecule.numbers.size(); i++)
        for (size_t j = 0; j < i; j++) {
            const double distance = std::hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1],
                                               x[3 * i + 2] - x[3 * j + 2]);
            if (distance < nearestAtoms)
                return cat("atoms ", j + 1, " and ", i + 1, " are ", toFixed(distance, 3),
                           " angstrom apart");
        }
    return {};
}

bool MoleculeSink::deliver(const std::string& where, NamedMolecule&& found) {
    if (const std::string reason = whyUnfit(found.molecule); !reason.empty()) {
        fail(where, reason);
        return true;
    }
    report_.read++;
    return take_(std::move(found));
}

void MoleculeSink::fail(const std::string& where, std::string_view reason) {
    report_.addFailure(cat(where, ": ", reason));
}

void readMolecules(const std::string& path, const ReadOptions& options, ReadReport& report,
                   const TakeMolecule& take) {
    MoleculeSink sink(report, take);
    if (!std::filesystem::is_directory(path)) {
        readFileOf(fileKind(path), path, options, sink);
        return;
    }
    for (const std::string& shard : shardPaths({path}))
        if (!readShard(shard, sink))
            return;
}

}  // namespace molspectra
