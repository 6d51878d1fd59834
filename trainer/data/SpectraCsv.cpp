// Cells are cut and converted where they lie: these files have half a billion of them.
// SPDX-License-Identifier: MIT
#include "trainer/data/SpectraCsv.h"

#include "core/Error.h"
#include "trainer/data/SpectrumTitles.h"

#include <charconv>
#include <cmath>

namespace molspectra {

namespace {

/// Points are printed with few digits: how far they may be from equidistant, in steps.
constexpr double gridTolerance = 0.01;

/// Without spaces around it, then without quotes and without a plus.
std::string_view trimmed(std::string_view cell) {
    while (!cell.empty() && (cell.front() == ' ' || cell.front() == '\t'))
        cell.remove_prefix(1);
    while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\t'))
        cell.remove_suffix(1);
    if (cell.size() > 1 && cell.front() == '"' && cell.back() == '"')
        cell = cell.substr(1, cell.size() - 2);
    if (cell.size() > 1 && cell.front() == '+')
        cell.remove_prefix(1);
    return cell;
}

/// Takes the next cell of what is left of a line. @return false behind the last
bool takeCell(std::string_view& rest, std::string_view& cell) {
    if (rest.data() == nullptr)
        return false;
    const size_t comma = rest.find(',');
    cell = trimmed(rest.substr(0, comma));
    rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
    return true;
}

/// @return false if the cell is no number; beyond single precision it becomes zero or infinite
bool toFloat(std::string_view cell, float& value) {
    const char* const end = cell.data() + cell.size();
    const auto result = std::from_chars(cell.data(), end, value);
    if (result.ec == std::errc())
        return result.ptr == end;
    double wide = 0;
    const auto again = std::from_chars(cell.data(), end, wide);
    value = float(wide);
    return again.ec == std::errc() && again.ptr == end;
}

double pointOf(const std::string& cell, const TextLines& lines) {
    try {
        return parseDouble(trimmed(cell), "a point");
    } catch (const Error&) {
        fail("reading ", lines.path(), " line ", lines.number(), ": \"", trim(cell),
             "\" was found, expected the points of the grid behind the first cell");
    }
}

SpectrumGrid gridOf(std::string_view line, SpectrumKind kind, const TextLines& lines) {
    const std::vector<std::string> cells = split(line, ',');
    if (cells.size() < 3)
        fail("reading ", lines.path(), " line ", lines.number(), ": ", cells.size(),
             " cells were found, expected a first cell and the points of the grid");
    std::vector<double> points;
    for (size_t k = 1; k < cells.size(); k++)
        points.push_back(pointOf(cells[k], lines));
    if (kind == SpectrumKind::UV && points.back() > mostElectronvolts)
        fail("reading ", lines.path(), " line ", lines.number(), ": the grid goes from ",
             points.front(), " to ", points.back(), ", expected eV for UV spectra; resample them ",
             "on a grid in eV");
    const double step = (points.back() - points.front()) / double(points.size() - 1);
    if (!(step > 0))
        fail("reading ", lines.path(), " line ", lines.number(), ": the grid goes from ",
             points.front(), " to ", points.back(), ", expected ascending points; turn it around");
    for (size_t n = 0; n < points.size(); n++) {
        const double expected = points.front() + double(n) * step;
        if (!(std::abs(points[n] - expected) <= gridTolerance * step))
            fail("reading ", lines.path(), " line ", lines.number(), ": point ", n,
                 " of the grid is ", points[n], ", expected ", expected,
                 "; the points must be equidistant, resample the spectra");
    }
    return {points.front(), step, int64_t(points.size())};
}

}  // namespace

SpectraCsv::SpectraCsv(const std::string& path, SpectrumKind kind) : lines_(path) {
    std::string_view line;
    if (!lines_.next(line))
        fail("reading ", path, ": the file is empty, expected CSV with the grid as first line");
    grid_ = gridOf(line, kind, lines_);
}

/// @return what is wrong with the line, or ""
std::string SpectraCsv::parse(std::string_view line, SpectrumRow& row) const {
    std::string_view cell;
    float index = 0;
    takeCell(line, cell);
    const char* const end = cell.data() + cell.size();
    if (const auto result = std::from_chars(cell.data(), end, row.index);
        result.ec != std::errc() || (result.ptr != end && (!toFloat(cell, index) ||
                                                           index != float(row.index))))
        return cat("its first cell is \"", cell, "\", expected the index of a molecule");
    row.intensities.clear();
    while (takeCell(line, cell)) {
        float value = 0;
        if (!toFloat(cell, value) || !std::isfinite(value))
            return cat("cell ", row.intensities.size() + 1, " is \"", cell,
                       "\", expected a finite number");
        if (value < 0)
            return cat("cell ", row.intensities.size() + 1, " is ", cell,
                       ", expected no negative intensity");
        row.intensities.push_back(value);
    }
    if (int64_t(row.intensities.size()) != grid_.points)
        return cat("it has ", row.intensities.size(), " intensities, expected ", grid_.points);
    if (last_ && row.index <= *last_)
        return cat("its index is ", row.index, " after ", *last_, ", expected ascending ones");
    return {};
}

bool SpectraCsv::next(SpectrumRow& row) {
    std::string_view line;
    row.intensities.reserve(size_t(grid_.points));
    while (lines_.next(line)) {
        if (trimmed(line).empty())
            continue;
        const std::string reason = parse(line, row);
        if (reason.empty()) {
            last_ = row.index;
            report_.read++;
            return true;
        }
        report_.addFailure(cat("line ", lines_.number(), ": ", reason));
    }
    return false;
}

SpectraJoin::SpectraJoin(const std::array<std::string, 3>& paths) {
    for (const SpectrumKind kind : spectrumKinds)
        if (const std::string& path = paths[size_t(kind)]; !path.empty())
            sides_[size_t(kind)] = std::make_unique<Side>(path, kind);
}

void SpectraJoin::join(Molecule& molecule) {
    if (last_ && molecule.index <= *last_)
        fail("joining spectra: the molecule with index ", molecule.index, " follows the one with ",
             *last_, ", expected ascending indices");
    first_ = first_.value_or(molecule.index);
    last_ = molecule.index;
    for (size_t kind = 0; kind < sides_.size(); kind++) {
        Side* const side = sides_[kind].get();
        if (!side)
            continue;
        for (; side->more && side->row.index < molecule.index;
             side->more = side->file.next(side->row))
            side->withoutMolecule++;
        if (!side->more || side->row.index != molecule.index)
            continue;
        molecule.spectra[kind] = Spectrum{false, {}, side->row.intensities, side->file.grid()};
        side->joined++;
        side->more = side->file.next(side->row);
    }
}

void SpectraJoin::checkBeginning() const {
    for (const auto& side : sides_)
        if (side && side->firstRow == 1)
            fail("joining spectra of ", side->file.path(), ": the rows begin with 1 and the ",
                 "molecules with 0, expected the same numbers; leave --limit out, so that all can "
                 "be compared, begin the rows with 0, or give the molecules a column \"index\"");
}

void SpectraJoin::finish(int64_t records, bool counted) {
    for (const auto& side : sides_) {
        if (!side)
            continue;
        for (; side->more; side->more = side->file.next(side->row))
            side->withoutMolecule++;
        // Each of them would give its spectrum to the molecule behind its own. The first record may
        // have failed; where indices are told, only the molecules show that they begin with 0.
        if ((counted || (first_ == 0 && *last_ < records)) && side->firstRow == 1 &&
            side->row.index == records)
            fail("joining spectra of ", side->file.path(), ": the rows are numbered from 1 to ",
                 records, " and the molecules from 0 to ", records - 1,
                 ", expected the same numbers; begin the rows with 0, or give the molecules a "
                 "column \"index\"");
    }
}

std::optional<JoinReport> SpectraJoin::report(SpectrumKind kind) const {
    const auto& side = sides_[size_t(kind)];
    if (!side)
        return std::nullopt;
    return JoinReport{side->joined, side->withoutMolecule, side->file.report()};
}

}  // namespace molspectra
