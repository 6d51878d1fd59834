// Spectra as QM9S has them: CSV files of many gigabytes, a row a molecule.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/TextLines.h"
#include "trainer/data/MoleculeReader.h"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace molspectra {

/// A row: the spectrum of the molecule with this index.
struct SpectrumRow {
    int64_t index = 0;
    std::vector<float> intensities;
};

/// Rows of a file whose first line has the points of the grid behind its first cell.
class SpectraCsv {
public:
    /// @throws Error if the file is missing or its grid is none: fewer than two points, no numbers,
    ///         not equidistant, or beyond eV for UV
    SpectraCsv(const std::string& path, SpectrumKind kind);

    const SpectrumGrid& grid() const { return grid_; }
    const std::string& path() const { return lines_.path(); }

    /// Takes the next row that has an ascending index and as many finite numbers, none negative, as
    /// there are points; other rows are counted. @return false at the end of the file
    bool next(SpectrumRow& row);

    const ReadReport& report() const { return report_; }

private:
    std::string parse(std::string_view line, SpectrumRow& row) const;

    TextLines lines_;
    SpectrumGrid grid_;
    ReadReport report_;
    std::optional<int64_t> last_;
};

/// What became of the rows of a file.
struct JoinReport {
    int64_t joined = 0;
    int64_t withoutMolecule = 0;
    ReadReport rows;
};

/// Gives molecules their spectra by index, from up to three files. Both sides ascend.
class SpectraJoin {
public:
    /// @param paths  by SpectrumKind; "" where there is no file
    /// @throws Error as SpectraCsv
    explicit SpectraJoin(const std::array<std::string, 3>& paths);

    /// Adds the spectra of this molecule's index. @throws Error if the index does not ascend
    void join(Molecule& molecule);
    /// Where molecules that are counted from 0 are read up to a limit. @throws Error if the rows
    /// begin with 1: whether all are shifted shows at the end only
    void checkBeginning() const;
    /// Counts the rows that are left, which have no molecule.
    /// @param records  of the molecules' files, those that could not be read as well
    /// @param counted  whether the molecules' indices are their places, from 0
    /// @throws Error if the rows are numbered from 1 and the molecules from 0
    void finish(int64_t records, bool counted);

    /// By SpectrumKind; none where there is no file.
    std::optional<JoinReport> report(SpectrumKind kind) const;

private:
    struct Side {
        Side(const std::string& path, SpectrumKind kind) : file(path, kind) {
            more = file.next(row);
            firstRow = row.index;
        }
        SpectraCsv file;
        SpectrumRow row;
        bool more = false;
        int64_t firstRow = 0, joined = 0, withoutMolecule = 0;
    };

    std::array<std::unique_ptr<Side>, 3> sides_;
    std::optional<int64_t> first_, last_;
};

}  // namespace molspectra
