// Extended XYZ, line by line; every error names the line.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/TextLines.h"
#include "trainer/data/Readers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>

namespace molspectra {

namespace {

constexpr const char* example = "Properties=species:S:1:pos:R:3:forces:R:3 energy=...";
const std::vector<std::string> energyKeys = {"energy", "REF_energy", "dft_energy", "Energy"};
const std::vector<std::string> forceKeys = {"forces", "force", "REF_forces", "dft_forces"};

/// Where errors were found.
std::string here(const TextLines& lines) {
    return cat("reading ", lines.path(), " line ", lines.number(), ": ");
}

bool isSpace(char letter) {
    return letter == ' ' || letter == '\t';
}

/// Splits at white space.
void words(std::string_view line, std::vector<std::string_view>& parts) {
    parts.clear();
    for (size_t at = 0; at < line.size();) {
        const size_t start = at;
        while (at < line.size() && !isSpace(line[at]))
            at++;
        if (at > start)
            parts.push_back(line.substr(start, at - start));
        at++;
    }
}

/// Line numbers are put into words only when they are needed: this runs for every number.
double finite(std::string_view text, const char* what, const TextLines& lines) {
    double value = NAN;
    try {
        value = parseDouble(text, what);
    } catch (const Error&) {
        fail(here(lines), what, " is \"", text, "\", expected a number");
    }
    if (!std::isfinite(value))
        fail(here(lines), what, " is ", text, ", expected finite numbers; leave such frames out");
    return value;
}

long integer(std::string_view text, const char* what, const TextLines& lines) {
    try {
        return parseInteger(text, what);
    } catch (const Error&) {
        fail(here(lines), what, " is \"", text, "\", expected an integer");
    }
}

/// One word of a comment line from `at` on, which may be quoted by "", '' or {}.
std::string word(std::string_view line, size_t& at, std::string_view stops,
                 const TextLines& lines) {
    const std::string_view opening = "\"'{", closing = "\"'}";
    std::string text;
    if (const size_t kind = at < line.size() ? opening.find(line[at]) : opening.npos;
        kind != opening.npos) {
        const size_t end = line.find(closing[kind], at + 1);
        if (end == line.npos)
            fail(here(lines), "a quotation that begins with ", line[at], " has no end");
        text = line.substr(at + 1, end - at - 1);
        at = end + 1;
        return text;
    }
    const size_t end = std::min(line.find_first_of(stops, at), line.size());
    text = line.substr(at, end - at);
    at = end;
    return text;
}

/// The key=value pairs of a comment line; a key alone gets an empty value.
std::map<std::string, std::string> parseComment(std::string_view line, const TextLines& lines) {
    std::map<std::string, std::string> entries;
    for (size_t at = 0; at < line.size();) {
        if (isSpace(line[at])) {
            at++;
            continue;
        }
        const std::string key = word(line, at, " \t=", lines);
        size_t behind = at;
        while (behind < line.size() && isSpace(line[behind]))
            behind++;
        if (behind < line.size() && line[behind] == '=') {
            at = behind + 1;
            while (at < line.size() && isSpace(line[at]))
                at++;
            entries.insert_or_assign(key, word(line, at, " \t", lines));
        } else {
            entries.emplace(key, "");
        }
    }
    return entries;
}

/// Where the columns of an atom's line are.
struct Columns {
    size_t count = 0;
    size_t element = 0, position = 0, force = 0;
    bool byNumber = false;  ///< Z instead of a symbol
};

struct Property {
    size_t first, width;
};

std::map<std::string, Property> parseProperties(const std::string& text, size_t& columns,
                                                const TextLines& lines) {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() % 3 != 0)
        fail(here(lines), "Properties=", text,
             " was found, expected name:type:columns three by three");
    std::map<std::string, Property> properties;
    columns = 0;
    for (size_t k = 0; k < parts.size(); k += 3) {
        const long width = integer(parts[k + 2], "the width of a property", lines);
        if (width < 1 || width > 1000)
            fail(here(lines), "property ", parts[k], " has ", width,
                 " columns, expected 1 to 1000");
        properties[parts[k]] = {columns, size_t(width)};
        columns += size_t(width);
    }
    return properties;
}

/// The first of the names that is there, of the width asked for.
template <class Names>
size_t column(const std::map<std::string, Property>& properties, const Names& names, size_t width,
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

Columns findColumns(const std::map<std::string, std::string>& entries, const TextLines& lines) {
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
    columns.force = column(properties, forceKeys, 3, lines);
    return columns;
}

double findEnergy(const std::map<std::string, std::string>& entries, const TextLines& lines) {
    for (const std::string& key : energyKeys)
        if (const auto entry = entries.find(key); entry != entries.end())
            return finite(trim(entry->second), "the energy", lines);
    fail(here(lines), "the comment line has no energy=, expected ", example);
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

std::optional<Cell> findCell(const std::map<std::string, std::string>& entries,
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
        const auto entries = parseComment(line, lines_);
        const Columns columns = findColumns(entries, lines_);
        Frame frame;
        frame.energy = findEnergy(entries, lines_);
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
