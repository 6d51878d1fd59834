// Extended XYZ, line by line; every error names the line.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/TextLines.h"
#include "trainer/data/Readers.h"
#include "trainer/data/XyzComment.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

namespace molspectra {

namespace {

constexpr const char* example = "Properties=species:S:1:pos:R:3:forces:R:3 energy=... (or "
                                "REF_, dft_, DFT_ before energy and forces)";

/// Names that belong together: those of one calculation.
struct LabelKeys {
    std::vector<std::string> energy, forces;
};
const std::vector<LabelKeys> labelKeys = {{{"energy", "Energy"}, {"forces", "force"}},
                                          {{"REF_energy"}, {"REF_forces"}},
                                          {{"dft_energy"}, {"dft_forces"}},
                                          {{"DFT_energy"}, {"DFT_forces"}}};
const std::vector<std::string> stateKeys = {"charge", "total_charge", "spin", "multiplicity"};

/// Where the columns of an atom's line are.
struct Columns {
    size_t count = 0;
    size_t element = 0, position = 0, force = 0;
    bool byNumber = false;  ///< Z instead of a symbol
};

/// The first of the names that is there, of the width asked for.
size_t column(const Properties& properties, const std::vector<std::string>& names, size_t width,
              const TextLines& lines) {
    std::vector<std::string> found;
    for (const std::string& name : names)
        if (const auto property = properties.find(name); property != properties.end()) {
            if (property->second.width != width)
                fail(here(lines), "property ", name, " has ", property->second.width,
                     " columns, expected ", width);
            return property->second.first;
        }
    for (const auto& [name, property] : properties)
        found.push_back(name);
    fail(here(lines), "Properties= has ", join(found, ", "), " but no ", names[0], ", expected ",
         example);
}

/// The first of the names that is there, else "".
template <class Entries>
std::string firstOf(const std::vector<std::string>& names, const Entries& entries) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
        return entries.contains(name);
    });
    return found == names.end() ? "" : *found;
}

/// The energy and the forces of a frame, of the same calculation.
struct Labels {
    std::string energy, forces;
};

/// All names that are there, in pairs and alone.
struct FoundLabels {
    std::vector<Labels> pairs;
    std::vector<std::string> energies, forces;
};

FoundLabels labelsIn(const XyzEntries& entries, const Properties& properties) {
    FoundLabels found;
    for (const LabelKeys& keys : labelKeys) {
        const std::string energy = firstOf(keys.energy, entries);
        const std::string forces = firstOf(keys.forces, properties);
        if (!energy.empty())
            found.energies.push_back(energy);
        if (!forces.empty())
            found.forces.push_back(forces);
        if (!energy.empty() && !forces.empty())
            found.pairs.push_back({energy, forces});
    }
    return found;
}

Labels findLabels(const XyzEntries& entries, const Properties& properties,
                  const TextLines& lines) {
    const FoundLabels found = labelsIn(entries, properties);
    if (found.forces.empty())
        column(properties, labelKeys.front().forces, 3, lines);  // says what is there instead
    if (found.energies.empty())
        fail(here(lines), "the comment line has no energy=, expected ", example);
    if (found.pairs.size() != 1)
        fail(here(lines), "the labels ", join(found.energies, ", "), " and ",
             join(found.forces, ", "), " were found, expected energy and forces of one ",
             "calculation; leave the others away");
    return found.pairs.front();
}

Columns findColumns(const XyzEntries& entries, Labels& labels, const TextLines& lines) {
    const auto text = entries.find("Properties");
    if (text == entries.end())
        fail(here(lines), "the comment line has no Properties=, expected ", example,
             "; write the frames as extended XYZ");
    Columns columns;
    const auto properties = parseProperties(text->second, columns.count, lines);
    columns.byNumber = !properties.contains("species") && properties.contains("Z");
    const std::vector<std::string> elements = {"species", "Z"}, positions = {"pos"};
    columns.element = column(properties, elements, 1, lines);
    columns.position = column(properties, positions, 3, lines);
    labels = findLabels(entries, properties, lines);
    columns.force = column(properties, {labels.forces}, 3, lines);
    return columns;
}

std::string stateOf(const XyzEntries& entries) {
    std::vector<std::string> told;
    for (const std::string& key : stateKeys)
        if (const auto entry = entries.find(key); entry != entries.end())
            told.push_back(cat(key, " ", trim(entry->second)));
    return join(told, ", ");
}

Cell parseLattice(const std::string& text, const TextLines& lines) {
    std::vector<std::string_view> parts;
    words(text, parts);
    if (parts.size() != 9)
        fail(here(lines), "Lattice= has ", parts.size(), " numbers, expected 9");
    Cell cell;
    for (size_t k = 0; k < 9; k++)
        cell[k / 3][k % 3] = finite(parts[k], "Lattice=", lines);
    return cell;
}

bool isPeriodic(const std::string& text, const TextLines& lines) {
    std::vector<std::string_view> parts;
    words(text, parts);
    size_t yes = 0, no = 0;
    for (std::string_view part : parts) {
        yes += part == "T" || part == "True" || part == "1";
        no += part == "F" || part == "False" || part == "0";
    }
    if (parts.size() != 3 || yes + no != 3)
        fail(here(lines), "pbc=\"", text, "\" was found, expected \"T T T\" or \"F F F\"");
    if (yes != 0 && no != 0)
        fail(here(lines), "pbc=\"", text, "\" is periodic in some directions only, expected ",
             "\"T T T\" or \"F F F\"; make the cell large in the open directions");
    return yes == 3;
}

std::optional<Cell> findCell(const XyzEntries& entries,
                             const TextLines& lines) {
    const auto lattice = entries.find("Lattice"), pbc = entries.find("pbc");
    // A lattice without pbc is periodic by the format's convention.
    const bool periodic = pbc == entries.end() ? lattice != entries.end()
                                               : isPeriodic(pbc->second, lines);
    if (!periodic)
        return std::nullopt;
    if (lattice == entries.end())
        fail(here(lines), "pbc= is periodic, but there is no Lattice=");
    return parseLattice(lattice->second, lines);
}

int parseElement(std::string_view text, bool byNumber, const TextLines& lines) {
    if (byNumber) {
        const long number = integer(text, "the atomic number", lines);
        if (number < 1 || number > maxElement)
            fail(here(lines), "the atomic number is ", number, ", expected [1, ", maxElement, "]");
        return int(number);
    }
    try {
        return atomicNumberOf(text);
    } catch (const Error& error) {
        fail(here(lines), error.what());
    }
}

class FrameReader {
public:
    explicit FrameReader(const std::string& path) : lines_(path) {}

    /// The next frame; none if only blank lines are left.
    std::optional<Frame> next() {
        std::string_view line;
        do
            if (!lines_.next(line))
                return std::nullopt;
        while (trim(line).empty());
        const size_t atoms = parseCount(trim(line));
        if (!lines_.next(line))
            fail(here(lines_), "the file ends before the comment line of a frame");
        const auto entries = parseXyzComment(line, lines_);
        Labels labels;
        const Columns columns = findColumns(entries, labels, lines_);
        Frame frame;
        frame.energy = finite(trim(entries.at(labels.energy)), "the energy", lines_);
        frame.state = stateOf(entries);
        frame.cell = findCell(entries, lines_);
        readAtoms(atoms, columns, frame);
        return frame;
    }

private:
    size_t parseCount(const std::string& text) {
        const long atoms = integer(text, "the number of atoms", lines_);
        if (atoms < 1)
            fail(here(lines_), "the number of atoms is ", atoms, ", expected at least 1");
        return size_t(atoms);
    }

    void readAtoms(size_t atoms, const Columns& columns, Frame& frame) {
        std::string_view line;
        for (size_t i = 0; i < atoms; i++) {
            if (!lines_.next(line))
                fail(here(lines_), "the file ends after ", i, " of ", atoms,
                     " atoms; it was cut off");
            readAtom(line, columns, frame);
        }
    }

    void readAtom(std::string_view line, const Columns& columns, Frame& frame) {
        words(line, parts_);
        if (parts_.size() != columns.count)
            fail(here(lines_), parts_.size(), " columns were found, expected ", columns.count,
                 " by Properties=");
        frame.numbers.push_back(parseElement(parts_[columns.element], columns.byNumber, lines_));
        for (size_t d = 0; d < 3; d++) {
            frame.positions.push_back(finite(parts_[columns.position + d], "a position", lines_));
            frame.forces.push_back(finite(parts_[columns.force + d], "a force", lines_));
        }
    }

    TextLines lines_;
    std::vector<std::string_view> parts_;
};

}  // namespace

std::vector<Frame> readExtendedXyz(const std::string& path) {
    FrameReader reader(path);
    std::vector<Frame> frames;
    while (auto frame = reader.next())
        frames.push_back(std::move(*frame));
    if (frames.empty())
        fail("reading ", path, ": the file has no frames, expected extended XYZ");
    return frames;
}

}  // namespace molspectra
