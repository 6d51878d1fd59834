// Units are told by files in many spellings; what has to be guessed is remarked.
// SPDX-License-Identifier: MIT
#include "trainer/data/MeasuredSpectrum.h"

#include "core/Error.h"
#include "core/TextLines.h"
#include "trainer/data/Jcamp.h"
#include "trainer/data/SpectrumTitles.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <optional>

namespace molspectra {

namespace {

/// hc, CODATA 2018.
constexpr double wavenumbersOfElectronvolt = 8065.543937;
/// Transmittance is in percent where most of it is above this, whatever is told.
constexpr double mostTransmittance = 2.0;
/// No light at all is an absorbance of 4, the most that instruments tell from it.
constexpr double leastTransmittance = 1e-4;

/// What a file holds, before units.
struct Raw {
    std::vector<double> x, y;
    AxisUnit unit = AxisUnit::Unknown;
    std::optional<IntensityScale> scale;  ///< none where the file does not tell
    bool lines = false, calculated = false;
    std::vector<std::string> remarks;
};

/// Whether this is data of another kind, by what an instrument calls it.
void checkType(const std::string& type, SpectrumKind kind, const std::string& path) {
    const std::string text = lower(type);
    const bool vibrational = holds(text, {"infrared", "raman"});
    const bool fits = kind == SpectrumKind::UV      ? !vibrational
                      : kind == SpectrumKind::Raman ? !holds(text, {"infrared", "uv", "ultra"})
                                                    : !holds(text, {"raman", "uv", "ultra"});
    if (!fits || holds(text, {"nmr", "mass", "interferogram"}))
        fail("reading ", path, ": its data type is \"", type,
             "\", expected a spectrum of the kind ", nameOf(kind));
}

/// Values of which a part from 0 to 1 is at most this: noise at a few points does not move it.
double quantile(std::vector<double> values, double part) {
    const auto place = values.begin() + std::ptrdiff_t(part * double(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

void assumeUnit(Raw& raw, SpectrumKind kind) {
    const double largest = *std::max_element(raw.x.begin(), raw.x.end());
    raw.unit = kind != SpectrumKind::UV      ? AxisUnit::Wavenumber
               : largest > mostElectronvolts ? AxisUnit::Nanometer
                                             : AxisUnit::Electronvolt;
    raw.remarks.push_back(cat("positions are taken as ", nameOf(raw.unit)));
}

void assumeScale(Raw& raw, SpectrumKind kind) {
    const bool bright = kind == SpectrumKind::IR && !raw.lines &&
                        quantile(raw.y, 0.5) > quantile(raw.y, 1.0) / 2;
    raw.scale = IntensityScale::AsItIs;
    raw.remarks.push_back(cat("intensities are taken as absorbance",
                              bright ? ", though they look like transmittance; a first line "
                                       "\"cm-1,%T\" would tell"
                                     : ""));
}

/// Few points at odd distances may be lines that nobody told to be such.
void remarkSparse(Raw& raw) {
    constexpr size_t mostLines = 300;
    constexpr double odd = 3.0;
    if (raw.lines || raw.x.size() < 3 || raw.x.size() > mostLines)
        return;
    double least = HUGE_VAL, most = 0.0;
    for (size_t n = 1; n < raw.x.size(); n++) {
        least = std::min(least, std::abs(raw.x[n] - raw.x[n - 1]));
        most = std::max(most, std::abs(raw.x[n] - raw.x[n - 1]));
    }
    if (most > odd * least)
        raw.remarks.push_back(cat("its ", raw.x.size(), " points are taken as a curve; if they ",
                                  "are single lines, a first line \"cm-1,km/mol\" (or ",
                                  "\"eV,fosc\", \"cm-1,A^4/amu\") would tell"));
}

/// What is assumed where a file is silent.
void assume(Raw& raw, SpectrumKind kind) {
    if (raw.x.empty())
        return;
    if (raw.unit == AxisUnit::Unknown)
        assumeUnit(raw, kind);
    if (!raw.scale && !raw.lines && kind != SpectrumKind::Raman)
        assumeScale(raw, kind);
    remarkSparse(raw);
}

Raw rawOfJcamp(const std::string& path, SpectrumKind kind) {
    JcampSpectrum read = readJcamp(path);
    checkType(read.dataType, kind, path);
    Raw raw{std::move(read.x), std::move(read.y), axisUnitOf(read.xUnits),
            intensityScaleOf(read.yUnits), read.peaks, false, {}};
    if (raw.unit == AxisUnit::Unknown)
        fail("reading ", path, ": ##XUNITS= is \"", read.xUnits,
             "\", expected 1/CM, NANOMETERS, MICROMETERS or EV");
    if (read.missing > 0)
        raw.remarks.push_back(cat(read.missing, " points have no value and are left out"));
    assume(raw, kind);
    return raw;
}

std::vector<std::string> cellsOf(std::string_view line) {
    for (const char separator : {',', ';', '\t'})
        if (line.find(separator) != line.npos)
            return split(line, separator);
    std::vector<std::string> cells = split(line, ' ');
    std::erase_if(cells, [](const std::string& cell) { return trim(cell).empty(); });
    return cells;
}

double numberOf(const std::string& cell, const TextLines& lines) {
    const std::string text = trim(cell);
    double value = std::nan("");
    try {
        value = parseDouble(text.starts_with('+') ? text.substr(1) : text, "a cell");
    } catch (const Error&) {
    }
    if (!std::isfinite(value))
        fail("reading ", lines.path(), " line ", lines.number(), ": \"", text,
             "\" was found, expected a finite number");
    return value;
}

/// Titles begin with a letter or a sign of percent, numbers never do.
bool isTitle(const std::string& line) {
    return !line.empty() && (std::isalpha(static_cast<unsigned char>(line.front())) != 0 ||
                             line.front() == '"' || line.front() == '%');
}

/// Takes unit and scale from a line of titles. All behind the first word is looked at, for words
/// may be all that separates columns.
void takeTitles(const std::string& text, Raw& raw) {
    std::string first = cellsOf(text).front();
    // "Wavelength (nm) log(epsilon)": what is in brackets belongs to the title before it.
    const std::string_view rest = std::string_view(text).substr(first.size());
    if (const size_t open = rest.find_first_not_of(' ');
        open != rest.npos && (rest[open] == '(' || rest[open] == '['))
        first += rest.substr(0, rest.find(rest[open] == '(' ? ')' : ']') + 1);
    raw.unit = axisUnitOf(first);
    const std::string others = text.substr(first.size());
    raw.scale = intensityScaleOf(others);
    raw.lines = raw.calculated = tellsLines(others);
}

/// Titles behind "#", as some programs write them: only a comment that names a unit at once is one.
void takeComment(const std::string& text, Raw& raw) {
    if (text.empty())
        return;
    Raw found;
    takeTitles(text, found);
    if (found.unit != AxisUnit::Unknown) {
        raw.unit = found.unit;
        raw.scale = found.scale;
        raw.lines = raw.calculated = found.lines;
    }
}

Raw rawOfText(const std::string& path, SpectrumKind kind) {
    TextLines lines(path);
    Raw raw;
    bool begun = false;
    for (std::string_view line; lines.next(line);) {
        const std::string text = trim(line);
        if (text.empty())
            continue;
        if (text.front() == '#') {
            if (!begun)
                takeComment(trim(text.substr(1)), raw);
            continue;
        }
        const std::vector<std::string> cells = cellsOf(text);
        const bool title = !begun && isTitle(text);
        begun = true;
        if (title) {
            takeTitles(text, raw);
            continue;
        }
        if (cells.size() != 2)
            fail("reading ", path, " line ", lines.number(), ": ", cells.size(),
                 " columns were found, expected two, position and intensity");
        raw.x.push_back(numberOf(cells[0], lines));
        raw.y.push_back(numberOf(cells[1], lines));
    }
    assume(raw, kind);
    return raw;
}

void toAbsorbance(Raw& raw, const std::string& path) {
    if (raw.scale == IntensityScale::Reflectance)
        fail("reading ", path, ": the intensities are reflectances, expected absorbance or ",
             "transmittance; convert them first");
    if (raw.scale == IntensityScale::LogAbsorptivity)
        for (double& value : raw.y)
            value = std::pow(10.0, value);
    if (raw.scale != IntensityScale::Transmittance)
        return;
    const bool percent = quantile(raw.y, 0.9) > mostTransmittance;
    int64_t dark = 0;
    for (double& value : raw.y) {
        const double part = percent ? value / 100.0 : value;
        dark += part < leastTransmittance;
        value = -std::log10(std::max(part, leastTransmittance));
    }
    raw.remarks.push_back(cat("transmittance", percent ? " in percent" : " as a fraction",
                              " is turned into absorbance"));
    if (dark > 0)
        raw.remarks.push_back(cat(dark, " points without light are taken as absorbance ",
                                  -std::log10(leastTransmittance)));
}

/// 1/cm of a position, whatever its unit.
double wavenumber(double x, AxisUnit unit) {
    switch (unit) {
    case AxisUnit::Nanometer:
        return 1e7 / x;
    case AxisUnit::Micrometer:
        return 1e4 / x;
    case AxisUnit::Electronvolt:
        return x * wavenumbersOfElectronvolt;
    default:
        return x;
    }
}

void convertPositions(Raw& raw, SpectrumKind kind, const std::string& path) {
    const bool length = raw.unit == AxisUnit::Nanometer || raw.unit == AxisUnit::Micrometer;
    if (length && kind == SpectrumKind::Raman)
        fail("reading ", path, ": the positions are ", nameOf(raw.unit),
             ", expected Raman shifts in 1/cm");
    const AxisUnit wanted =
        kind == SpectrumKind::UV ? AxisUnit::Electronvolt : AxisUnit::Wavenumber;
    for (double& x : raw.x) {
        if (length && !(x > 0))
            fail("reading ", path, ": a position is ", x, " ", nameOf(raw.unit),
                 ", expected positive ones");
        if (raw.unit != wanted)
            x = wavenumber(x, raw.unit) /
                (wanted == AxisUnit::Electronvolt ? wavenumbersOfElectronvolt : 1.0);
    }
}

void makeAscending(Raw& raw, const std::string& path) {
    if (raw.x.size() > 1 && raw.x.front() > raw.x.back()) {
        std::reverse(raw.x.begin(), raw.x.end());
        std::reverse(raw.y.begin(), raw.y.end());
    }
    for (size_t n = 1; !raw.lines && n < raw.x.size(); n++)
        if (!(raw.x[n] > raw.x[n - 1]))
            fail("reading ", path, ": the positions ", raw.x[n - 1], " and ", raw.x[n],
                 " do not follow each other, expected positions that all ascend or all descend");
}

bool isJcamp(const std::string& path) {
    TextLines lines(path);
    for (std::string_view line; lines.next(line);)
        if (const std::string text = trim(line); !text.empty())
            return text.starts_with("##") || text.starts_with("$$");
    return false;
}

}  // namespace

MeasuredSpectrum readMeasured(const std::string& path, SpectrumKind kind) {
    Raw raw = isJcamp(path) ? rawOfJcamp(path, kind) : rawOfText(path, kind);
    if (raw.x.size() < (raw.lines ? 1 : 2))
        fail("reading ", path, ": ", raw.x.size(), " points were found, expected a spectrum");
    toAbsorbance(raw, path);
    convertPositions(raw, kind, path);
    makeAscending(raw, path);
    return {path, std::move(raw.x), std::move(raw.y), raw.lines, std::move(raw.remarks),
            raw.calculated};
}

}  // namespace molspectra
