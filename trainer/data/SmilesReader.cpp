// SMILES: lines are taken in groups, made into geometries by threads, and handed on in order.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/TextLines.h"
#include "trainer/data/Geometry.h"
#include "trainer/data/Groups.h"
#include "trainer/data/MoleculeFormats.h"

#include <GraphMol/GraphMol.h>
#include <GraphMol/SmilesParse/SmilesParse.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace molspectra {

namespace {

constexpr const char* notSmiles = "it is no SMILES that RDKit can read";

struct Job {
    int64_t line = 0;
    std::string smiles;
    NamedMolecule found;  ///< the name is the SMILES, and behind it what else it is called
    std::string reason;   ///< why there is no geometry
};

/// Where the columns are, by the first line.
struct Columns {
    char separator = ' ';
    size_t smiles = 0;
    std::optional<size_t> index, name;
    bool mayBeName = false;  ///< the index: "id" is a number in some files, a name in others
    bool header = false;
};

struct Cells {
    std::vector<std::string> texts;
    bool open = false;  ///< the last one's quotation has no end
};

/// Cells of tables may stand in quotes, which then may hold separators, and quotes twice. Behind
/// the first letter a quote is one of the text: names have inches, and primes of rings.
Cells cellsOf(std::string_view line, char separator) {
    Cells cells{{""}};
    bool begun = false;
    for (size_t at = 0; at < line.size(); at++) {
        const char letter = line[at];
        std::string& text = cells.texts.back();
        if (cells.open && letter == '"' && line.substr(at + 1).starts_with('"')) {
            text += line[++at];
        } else if (letter == '"' && (cells.open || (!begun && separator != ' '))) {
            cells.open = !cells.open;
            begun = true;
        } else if (letter == separator && !cells.open) {
            cells.texts.emplace_back();
            begun = false;
        } else {
            text += letter;
            begun = begun || letter != ' ';
        }
    }
    for (std::string& text : cells.texts)
        text = trim(text);
    return cells;
}

Columns columnsOf(std::string_view first) {
    Columns columns;
    for (const char separator : {',', ';', '\t'})
        if (first.find(separator) != first.npos && columns.separator == ' ')
            columns.separator = separator;
    const std::vector<std::string> names = cellsOf(lower(first), columns.separator).texts;
    std::optional<size_t> id;
    for (size_t k = 0; k < names.size(); k++) {
        if (names[k].find("smiles") != std::string::npos && !columns.header) {
            columns.smiles = k;
            columns.header = true;
        } else if (names[k] == "index" || names[k] == "idx") {
            columns.index = k;
        } else if (names[k] == "id") {
            id = k;
        } else if (names[k] == "name" || names[k] == "title") {
            columns.name = k;
        }
    }
    if (!columns.header)
        columns.index = columns.name = id = std::nullopt;
    columns.mayBeName = id && !columns.index;
    if (auto& role = columns.mayBeName ? columns.index : columns.name; id && !role)
        role = id;
    return columns;
}

/// @return the reason why there is no geometry, or ""
std::string geometryOf(const std::string& smiles, Molecule& molecule) {
    const std::unique_ptr<RDKit::RWMol> mol(RDKit::SmilesToMol(smiles));
    return mol ? makeGeometry(*mol, molecule) : notSmiles;
}

/// Makes jobs of lines.
class JobReader {
public:
    explicit JobReader(const std::string& path) : lines_(path) {}

    /// None at the end of the file.
    std::optional<Job> next() {
        Line row;
        while (nextLine(row)) {
            if (trim(row.text).empty())
                continue;
            const bool first = !columns_;
            if (first)
                columns_ = columnsOf(row.text);
            if (!first || !columns_->header)
                return makeJob(std::move(row));
        }
        return std::nullopt;
    }

    /// Whether molecules are counted, because no column tells their index.
    bool counts() const { return !columns_->index; }

private:
    static constexpr size_t mostLines = 8;  ///< of a row whose quotes hold line breaks

    struct Line {
        int64_t number = 0;
        std::string text;
    };

    bool nextLine(Line& line) {
        if (!ahead_.empty()) {
            line = std::move(ahead_.front());
            ahead_.pop_front();
            return true;
        }
        std::string_view text;
        if (!lines_.next(text))
            return false;
        line = {lines_.number(), std::string(text)};
        return true;
    }

    /// Takes the lines that a quotation goes on over. Where it has no end, they are rows again.
    Cells cellsOfRow(const Line& row) {
        std::string whole = columns_->separator == ' ' ? trim(row.text) : row.text;
        Cells cells = cellsOf(whole, columns_->separator);
        std::deque<Line> taken;
        for (Line more; cells.open && taken.size() + 1 < mostLines && nextLine(more);) {
            whole += "\n" + more.text;
            cells = cellsOf(whole, columns_->separator);
            taken.push_back(std::move(more));
        }
        if (cells.open)
            ahead_.insert(ahead_.begin(), taken.begin(), taken.end());
        return cells;
    }

    Job makeJob(Line&& row) {
        Job job;
        job.line = row.number;
        job.found.molecule.index = row_++;
        auto [cells, open] = cellsOfRow(row);
        if (open) {
            job.reason = "a quotation that begins in it has no end";
            return job;
        }
        if (cells.size() <= std::max(columns_->smiles, columns_->index.value_or(0))) {
            job.reason = cat("it has ", cells.size(), " columns, fewer than the first line");
            return job;
        }
        job.smiles = cells[columns_->smiles];
        if (job.smiles.empty())
            job.reason = "it has no SMILES";
        if (columns_->mayBeName && row_ == 1 && !isInteger(cells[*columns_->index]))
            takeIdAsName();
        job.found.name = trim(cat(job.smiles, " ", titleOf(cells)));
        if (columns_->index)
            takeIndex(cells[*columns_->index], job);
        return job;
    }

    void takeIdAsName() {
        columns_->name = columns_->name.value_or(*columns_->index);
        columns_->index.reset();
    }

    /// What a row calls its molecule beside the SMILES: in a column of that title, or as .smi files
    /// have it, all that follows a blank or tab.
    std::string titleOf(const std::vector<std::string>& cells) const {
        if (columns_->name && *columns_->name < cells.size())
            return cells[*columns_->name];
        const bool titled = columns_->header || columns_->separator == ',' ||
                            columns_->separator == ';';
        return titled ? "" : join({cells.begin() + 1, cells.end()}, " ");
    }

    static bool isInteger(const std::string& text) {
        return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    }

    static void takeIndex(const std::string& text, Job& job) {
        try {
            job.found.molecule.index = parseInteger(text, "the index");
        } catch (const Error& error) {
            job.reason = error.what();
        }
    }

    TextLines lines_;
    std::deque<Line> ahead_;  ///< read already, to be taken first
    std::optional<Columns> columns_;
    int64_t row_ = 0;
};

}  // namespace

void readSmiles(const std::string& path, int threads, MoleculeSink& sink) {
    JobReader reader(path);
    bool first = true;
    const auto work = [](Job& job) {
        if (job.reason.empty())
            job.reason = reasonOf([&] { return geometryOf(job.smiles, job.found.molecule); });
    };
    const auto deliver = [&](Job& job) {
        const std::string where = cat("line ", job.line);
        // It may be titles that are not known as such: then all that are counted are shifted.
        if (const bool begins = std::exchange(first, false); begins && !reader.counts())
            sink.takesIndices();
        else if (begins && job.reason == notSmiles)
            sink.strayLine(job.line);
        if (job.reason.empty())
            return sink.deliver(where, std::move(job.found));
        sink.fail(where,
                  cat(job.found.name, job.found.name.empty() ? "" : ": ", job.reason));
        return true;
    };
    inGroups(threads, [&] { return reader.next(); }, work, deliver);
}

}  // namespace molspectra
