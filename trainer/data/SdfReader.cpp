// SDF: records are found by their last line, so that a bad one cannot take the next along.
// SPDX-License-Identifier: MIT
#include "core/Text.h"
#include "core/TextLines.h"
#include "trainer/data/Geometry.h"
#include "trainer/data/Groups.h"
#include "trainer/data/MoleculeFormats.h"

#include <GraphMol/FileParsers/FileParsers.h>
#include <GraphMol/GraphMol.h>

#include <memory>
#include <optional>

namespace molspectra {

namespace {

constexpr size_t longestRecord = size_t{16} << 20;
/// A planar drawing of fewer atoms may as well be a geometry.
constexpr unsigned fewestForDepth = 4;

/// The text of one record up to the end of its atoms and bonds, and what is wrong with it.
struct Record {
    std::string text;
    int ends = 0;  ///< lines "M  END"
    bool tooLong = false;
    bool inField = false;
    bool blank = true;
};

class Records {
public:
    explicit Records(const std::string& path) : lines_(path) {}

    /// The next record; none at the end of the file. Blank lines behind the last are none.
    std::optional<Record> next() {
        Record record;
        std::string_view line;
        while (lines_.next(line)) {
            if (line.starts_with("$$$$"))
                return record;
            add(line, record);
        }
        if (record.blank)
            return std::nullopt;
        return record;
    }

private:
    static void add(std::string_view line, Record& record) {
        record.blank = record.blank && trim(line).empty();
        record.tooLong = record.tooLong || record.text.size() + line.size() > longestRecord;
        // Data fields follow the first end: nobody reads them here.
        if (record.ends == 0 && !record.tooLong)
            record.text.append(line).push_back('\n');
        // A data field may hold a molecule; an empty line ends the field.
        record.inField = record.ends > 0 && !line.empty() &&
                         (record.inField || line.starts_with('>'));
        record.ends += !record.inField && line.starts_with("M  END");
    }

    TextLines lines_;
};

std::string titleOf(const std::string& text) {
    return trim(std::string_view(text).substr(0, text.find('\n')));
}

/// "2D", "3D" or whatever the second line has in the place for it.
std::string dimensionsOf(const std::string& text) {
    const std::vector<std::string> lines = split(std::string_view(text).substr(0, 400), '\n');
    return lines.size() > 1 && lines[1].size() >= 22 ? lines[1].substr(20, 2) : "";
}

bool isFlat(const RDKit::Conformer& conformer) {
    for (const RDGeom::Point3D& point : conformer.getPositions())
        if (point.z != 0)
            return false;
    return true;
}

bool isHydrogenOnCarbon(const RDKit::ROMol& mol, const RDKit::Atom* atom) {
    if (atom->getAtomicNum() == 1)
        for (const RDKit::Atom* bonded : mol.atomNeighbors(atom))
            if (bonded->getAtomicNum() == 6)
                return true;
    return false;
}

/// Hydrogens that are only implied, as RDKit counts them from the bonds: all, or those of carbon
/// where a file keeps the polar ones.
bool lacksHydrogens(RDKit::RWMol& mol) {
    bool none = true;
    for (const RDKit::Atom* atom : mol.atoms()) {
        if (isHydrogenOnCarbon(mol, atom))
            return false;
        none = none && atom->getAtomicNum() != 1;
    }
    mol.updatePropertyCache(false);
    for (const RDKit::Atom* atom : mol.atoms()) {
        const bool plainCarbon = atom->getAtomicNum() == 6 && atom->getFormalCharge() == 0 &&
                                 atom->getNumRadicalElectrons() == 0;
        if (atom->getNumImplicitHs() > 0 && (none || (plainCarbon && mol.getNumBonds() > 0)))
            return true;
    }
    return false;
}

/// A geometry made of the bonds of a record, whose coordinates tell no more than stereochemistry.
std::string embed(const Record& record, Molecule& molecule) {
    const std::unique_ptr<RDKit::RWMol> mol(RDKit::MolBlockToMol(record.text, true, false, false));
    return mol ? makeGeometry(*mol, molecule) : "RDKit cannot read it";
}

/// @return the reason why there is no molecule, or ""
std::string parse(const Record& record, bool makeMissing, Molecule& molecule) {
    if (record.tooLong)
        return cat("it is longer than ", longestRecord, " bytes");
    if (record.ends == 0)
        return "it ends before its line \"M  END\"";
    if (record.ends > 1)
        return "it holds several molecules; a line \"$$$$\" is missing between them";
    const std::unique_ptr<RDKit::RWMol> mol(
        RDKit::MolBlockToMol(record.text, false, false, false));
    if (!mol || mol->getNumConformers() == 0)
        return "it has no atoms";
    const RDKit::Conformer& conformer = mol->getConformer();
    const std::string dimensions = dimensionsOf(record.text);
    const bool flat = dimensions != "3D" && mol->getNumAtoms() >= fewestForDepth &&
                      isFlat(conformer);
    const bool drawn = dimensions == "2D" || flat;
    if (drawn || lacksHydrogens(*mol)) {
        if (makeMissing)
            return embed(record, molecule);
        return cat(drawn ? "it has no 3D coordinates" : "hydrogens are missing",
                   "; --embed makes a geometry of the bonds");
    }
    for (const RDKit::Atom* atom : mol->atoms()) {
        const RDGeom::Point3D& point = conformer.getAtomPos(atom->getIdx());
        molecule.numbers.push_back(atom->getAtomicNum());
        molecule.positions.insert(molecule.positions.end(), {point.x, point.y, point.z});
    }
    return {};
}

}  // namespace

void readSdf(const std::string& path, const ReadOptions& options, MoleculeSink& sink) {
    struct Job {
        Record record;
        NamedMolecule found;
        std::string reason;
    };
    Records records(path);
    int64_t index = 0;
    const auto next = [&]() -> std::optional<Job> {
        auto record = records.next();
        if (!record)
            return std::nullopt;
        Job job{std::move(*record), {}, {}};
        job.found.molecule.index = index++;
        return job;
    };
    const auto work = [&](Job& job) {
        job.reason =
            reasonOf([&] { return parse(job.record, options.embed, job.found.molecule); });
    };
    const auto deliver = [&](Job& job) {
        const std::string where = cat("record ", job.found.molecule.index);
        job.found.name = titleOf(job.record.text);
        if (job.found.name.empty())
            job.found.name = cat(path, " ", where);
        if (job.reason.empty())
            return sink.deliver(where, std::move(job.found));
        sink.fail(where, job.reason);
        return true;
    };
    inGroups(options.threads, next, work, deliver);
}

}  // namespace molspectra
