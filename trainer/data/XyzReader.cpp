// XYZ frames: their own lines in a file, or one file each in a zip archive.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/TextLines.h"
#include "core/Zip.h"
#include "trainer/data/MoleculeFormats.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <utility>

namespace molspectra {

namespace {

/// Columns of extended XYZ that are those of plain XYZ, whatever follows them.
constexpr std::string_view plainColumns = "Properties=species:S:1:pos:R:3";

/// Symbol or number, x, y, z; none where the line is shorter.
std::optional<std::array<std::string_view, 4>> wordsOf(std::string_view line) {
    std::array<std::string_view, 4> words;
    size_t at = 0;
    for (std::string_view& word : words) {
        at = line.find_first_not_of(" \t\r", at);
        if (at == line.npos)
            return std::nullopt;
        const size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
        word = line.substr(at, end - at);
        at = end;
    }
    return words;
}

/// Whether the comment line of extended XYZ tells of a cell.
bool tellsCell(std::string_view comment) {
    constexpr std::string_view key = "pbc=\"";
    if (comment.find("Lattice=") == comment.npos)
        return false;
    const size_t found = comment.find(key);
    if (found == comment.npos)
        return true;
    comment.remove_prefix(found + key.size());
    const std::vector<std::string> ends = split(comment.substr(0, comment.find('"')), ' ');
    return !std::all_of(ends.begin(), ends.end(), [](const std::string& end) {
        return end.empty() || end == "F" || end == "False" || end == "0";
    });
}

/// Whether the comment line, if it is one of extended XYZ, tells of the columns of plain XYZ.
bool tellsPlainColumns(std::string_view comment) {
    return comment.find("Properties=") == comment.npos ||
           comment.find(plainColumns) != comment.npos;
}

bool isWhole(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

/// Appends the atom of a line. @return false if it is none
bool addAtom(std::string_view line, Molecule& molecule) {
    const auto words = wordsOf(line);
    if (!words)
        return false;
    try {
        const std::string_view symbol = (*words)[0];
        molecule.numbers.push_back(isWhole(symbol) ? int(parseInteger(symbol, "an element"))
                                                   : atomicNumberOf(symbol));
        for (size_t d = 0; d < 3; d++)
            molecule.positions.push_back(parseDouble((*words)[d + 1], "a coordinate"));
        return true;
    } catch (const Error&) {
        return false;
    }
}

std::optional<long> countOf(std::string_view line) {
    const std::string text = trim(line);
    long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1)
        return std::nullopt;
    return count;
}

/// The frame of a whole file: its comment line may be missing.
std::string parseFile(const std::string& text, Molecule& molecule) {
    std::vector<std::string> lines = split(text, '\n');
    while (!lines.empty() && trim(lines.back()).empty())
        lines.pop_back();
    const auto count = lines.empty() ? std::nullopt : countOf(lines[0]);
    if (!count)
        return "its first line is no number of atoms";
    const auto atoms = size_t(*count);
    Molecule ignored;
    const size_t first = lines.size() == atoms + 1 && addAtom(lines[1], ignored) ? 1 : 2;
    if (lines.size() < first + atoms)
        return cat("it has ", lines.size(), " lines, too few for ", atoms, " atoms");
    for (size_t i = 0; i < atoms; i++)
        if (!addAtom(lines[first + i], molecule))
            return cat("line ", first + i + 1, " is no atom: \"", trim(lines[first + i]), "\"");
    if (lines.size() > first + atoms && addAtom(lines[first + atoms], ignored))
        return cat("it has more than the ", atoms, " atoms that it tells");
    for (size_t k = first + atoms; k < lines.size(); k++)
        if (countOf(lines[k]))
            return cat("line ", k + 1, " begins a second frame, expected one a file");
    return {};
}

/// Frames of a file, in a stream. Lines between frames that are no number of atoms count as one
/// failure, and the next number begins a frame again.
class Frames {
public:
    explicit Frames(const std::string& path) : lines_(path) {}

    /// Looks for the next frame, which has failed if there is a reason.
    /// @return false at the end of the file
    bool next(Molecule& molecule, std::string& reason) {
        reason.clear();
        std::optional<long> count = std::exchange(pending_, std::nullopt);
        if (!count)
            count = findCount(reason);
        if (!reason.empty())
            pending_ = count;
        else if (count)
            readAtoms(*count, molecule, reason);
        return count || !reason.empty();
    }

    /// The first line that is in no frame; 0 if there was none. Behind it nobody knows how many
    /// frames were meant.
    int64_t strayLine() const { return strayLine_; }

private:
    bool nextLine(std::string_view& line) {
        if (!std::exchange(kept_, false) && !lines_.next(keptLine_))
            return false;
        line = keptLine_;
        return true;
    }

    std::optional<long> findCount(std::string& reason) {
        std::string_view line;
        while (nextLine(line)) {
            if (const auto count = countOf(line))
                return count;
            if (trim(line).empty())
                continue;
            if (reason.empty())
                reason = cat("line ", lines_.number(), " is no number of atoms");
            if (strayLine_ == 0)
                strayLine_ = lines_.number();
        }
        return std::nullopt;
    }

    /// All lines of a frame are taken, also behind a bad one.
    void readAtoms(long count, Molecule& molecule, std::string& reason) {
        std::string_view line;
        if (!lines_.next(line))
            reason = "the file ends before its comment line";
        else if (tellsCell(line))
            reason = periodicFrame;
        else if (!tellsPlainColumns(line))
            reason = "its columns are not those of the first frame, expected the same in all";
        for (long i = 0; i < count; i++) {
            if (!lines_.next(line)) {
                if (reason.empty())
                    reason = cat("the file ends after ", i, " of ", count, " atoms");
                return;
            }
            if (reason.empty() && !addAtom(line, molecule))
                reason = cat("line ", lines_.number(), " is no atom: \"", trim(line), "\"");
        }
        takeSurplus(count, reason);
    }

    /// Atoms behind the last that was told make the frame a bad one.
    void takeSurplus(long count, std::string& reason) {
        std::string_view line;
        Molecule ignored;
        while (nextLine(line)) {
            if (!addAtom(line, ignored)) {
                kept_ = true;
                return;
            }
            if (reason.empty())
                reason = cat("line ", lines_.number(), " is one atom more than the ", count,
                             " of its frame");
        }
    }

    TextLines lines_;
    std::string_view keptLine_;
    bool kept_ = false;            ///< whether keptLine_ is still to be looked at
    int64_t strayLine_ = 0;
    std::optional<long> pending_;  ///< number of atoms that ended a stretch of bad lines
};

/// The number that a file's name is, if it is one.
std::optional<int64_t> numberOf(const std::string& name) {
    const std::string stem = std::filesystem::path(name).stem().string();
    if (!isWhole(stem) || stem.size() > 18)
        return std::nullopt;
    return parseInteger(stem, "a number");
}

}  // namespace

bool hasPlainColumns(const std::string& path) {
    TextLines lines(path);
    std::string_view comment;
    if (!lines.next(comment) || !lines.next(comment))
        return true;
    return tellsPlainColumns(comment);
}

void readXyz(const std::string& path, MoleculeSink& sink) {
    Frames frames(path);
    for (int64_t index = 0;; index++) {
        const std::string where = cat("frame ", index);
        NamedMolecule found{{}, cat(path, " ", where)};
        found.molecule.index = index;
        std::string reason;
        if (!frames.next(found.molecule, reason))
            return;
        sink.strayLine(frames.strayLine());
        if (!reason.empty())
            sink.fail(where, reason);
        else if (!sink.deliver(where, std::move(found)))
            return;
    }
}

void readXyzZip(const std::string& path, MoleculeSink& sink) {
    ZipWalk walk(path);
    int64_t place = 0;
    std::string other;
    for (ZipMember member; walk.next(member);) {
        const std::filesystem::path file(member.name);
        if (file.filename().string().starts_with("._"))  // what a Mac adds
            continue;
        if (lower(file.extension().string()) != ".xyz") {
            other = member.name;
            continue;
        }
        NamedMolecule found{{}, member.name};
        const std::optional<int64_t> number = numberOf(member.name);
        if (number)
            sink.takesIndices();
        found.molecule.index = number.value_or(place);
        place++;
        std::string reason;
        try {
            reason = parseFile(walk.read(member), found.molecule);
        } catch (const Error& error) {
            reason = error.what();
        }
        if (!reason.empty())
            sink.fail(member.name, reason);
        else if (!sink.deliver(member.name, std::move(found)))
            return;
    }
    if (place == 0)
        fail("reading ", path, ": the archive holds ", other.empty() ? "nothing" : other,
             ", expected .xyz files; unpack it and name its files");
}

}  // namespace molspectra
