// Units are told by files in many spellings; what has to be guessed is remarked.
// SPDX-License-Identifier: MIT
#include "trainer/data/MeasuredSpectrum.h"

#include "core/Error.h"
#include "core/TextLines.h"
#include "trainer/data/Jcamp.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

namespace molspectra {

namespace {

/// hc, CODATA 2018.
constexpr double wavenumbersOfElectronvolt = 8065.543937;
/// UV positions are below it in eV and above it in nm.
constexpr double mostElectronvolts = 50.0;
/// Transmittance that is told without "percent" is one above this.
constexpr double mostTransmittance = 2.0;
/// No light at all is an absorbance of 4, the most that instruments tell from it.
constexpr double leastTransmittance = 1e-4;

enum class Unit { Unknown, Wavenumber, Nanometer, Micrometer, Electronvolt };
enum class Scale { AsItIs, Transmittance, Percent, Logarithm, Reflectance };

const char* nameOf(Unit unit) {
    constexpr const char* names[] = {"?", "1/cm", "nm", "micrometers", "eV"};
    return names[size_t(unit)];
}

bool holds(const std::string& text, std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return text.find(word) != text.npos; });
}

/// Whether it stands there by itself: "number" and "column" hold no "um".
bool hasWord(const std::string& text, const std::string& word) {
    const auto isLetter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const size_t end = at + word.size();
        if ((at == 0 || !isLetter(text[at - 1])) && (end == text.size() || !isLetter(text[end])))
            return true;
    }
    return false;
}

Unit unitOf(const std::string& written) {
    const std::string text = lower(written);
    if (holds(text, {"1/cm", "cm-1", "cm^-1", "cm**-1", "cm\u207b\u00b9", "cm\u22121",
                     "wavenumber", "wave number"}))
        return Unit::Wavenumber;
    if (hasWord(text, "nm") || holds(text, {"nanomet"}))
        return Unit::Nanometer;
    if (hasWord(text, "um") || holds(text, {"micromet", "micron", "\u00b5m", "\u03bcm"}))
        return Unit::Micrometer;
    if (hasWord(text, "ev") || holds(text, {"electron"}))
        return Unit::Electronvolt;
    return Unit::Unknown;
}

/// What is told of intensities; nothing where the words say none of what is known here.
std::optional<Scale> scaleOf(const std::string& written) {
    const std::string text = lower(written);
    std::string bare;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '%')
            bare += c;
    if (holds(text, {"transmi"}))
        return holds(text, {"%", "percent"}) ? Scale::Percent : Scale::Transmittance;
    if (bare == "%t" || bare == "t%")
        return Scale::Percent;
    if (bare == "t")
        return Scale::Transmittance;
    if (holds(text, {"reflect"}))
        return Scale::Reflectance;
    if (bare.starts_with("log"))
        return Scale::Logarithm;
    if (holds(text, {"abs", "epsilon", "ext", "optical density", "intens", "a.u."}))
        return Scale::AsItIs;
    return std::nullopt;
}

/// What a file holds, before units.
struct Raw {
    std::vector<double> x, y;
    Unit unit = Unit::Unknown;
    std::optional<Scale> scale;  ///< none where the file does not tell
    bool lines = false;
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

Raw rawOfJcamp(const std::string& path, SpectrumKind kind) {
    JcampSpectrum read = readJcamp(path);
    checkType(read.dataType, kind, path);
    Raw raw{std::move(read.x), std::move(read.y), unitOf(read.xUnits), scaleOf(read.yUnits),
            read.peaks, {}};
    if (raw.unit == Unit::Unknown)
        fail("reading ", path, ": ##XUNITS= is \"", read.xUnits,
             "\", expected 1/CM, NANOMETERS, MICROMETERS or EV");
    if (read.missing > 0)
        raw.remarks.push_back(cat(read.missing, " points have no value and are left out"));
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
    const std::string first = cellsOf(text).front();
    raw.unit = unitOf(first);
    raw.scale = scaleOf(text.substr(first.size()));
}

/// Titles behind "#", as some programs write them: only a comment that names a unit at once is one.
void takeComment(const std::string& text, Raw& raw) {
    if (text.empty())
        return;
    Raw found;
    takeTitles(text, found);
    if (found.unit != Unit::Unknown) {
        raw.unit = found.unit;
        raw.scale = found.scale;
    }
}

/// What is assumed where a file is silent.
void assume(Raw& raw, SpectrumKind kind) {
    if (raw.x.empty())
        return;
    if (raw.unit == Unit::Unknown) {
        const double largest = *std::max_element(raw.x.begin(), raw.x.end());
        raw.unit = kind != SpectrumKind::UV      ? Unit::Wavenumber
                   : largest > mostElectronvolts ? Unit::Nanometer
                                                 : Unit::Electronvolt;
        raw.remarks.push_back(cat("positions are taken as ", nameOf(raw.unit)));
    }
    if (raw.scale || kind == SpectrumKind::Raman)
        return;
    std::vector<double> sorted = raw.y;
    std::sort(sorted.begin(), sorted.end());
    const bool bright = kind == SpectrumKind::IR && sorted[sorted.size() / 2] > sorted.back() / 2;
    raw.remarks.push_back(cat("intensities are taken as absorbance",
                              bright ? ", though they look like transmittance; a first line "
                                       "\"cm-1,%T\" would tell"
                                     : ""));
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
    if (raw.scale == Scale::Reflectance)
        fail("reading ", path, ": the intensities are reflectances, expected absorbance or ",
             "transmittance; convert them first");
    if (raw.scale == Scale::Logarithm)
        for (double& value : raw.y)
            value = std::pow(10.0, value);
    if (raw.scale != Scale::Transmittance && raw.scale != Scale::Percent)
        return;
    const double largest = *std::max_element(raw.y.begin(), raw.y.end());
    const bool percent = raw.scale == Scale::Percent || largest > mostTransmittance;
    int64_t dark = 0;
    for (double& value : raw.y) {
        const double part = percent ? value / 100.0 : value;
        dark += part < leastTransmittance;
        value = -std::log10(std::max(part, leastTransmittance));
    }
    raw.remarks.push_back(cat("transmittance", percent ? " in percent" : "",
                              " is turned into absorbance"));
    if (dark > 0)
        raw.remarks.push_back(cat(dark, " points without light are taken as absorbance ",
                                  -std::log10(leastTransmittance)));
}

/// 1/cm of a position, whatever its unit.
double wavenumber(double x, Unit unit) {
    switch (unit) {
    case Unit::Nanometer:
        return 1e7 / x;
    case Unit::Micrometer:
        return 1e4 / x;
    case Unit::Electronvolt:
        return x * wavenumbersOfElectronvolt;
    default:
        return x;
    }
}

void convertPositions(Raw& raw, SpectrumKind kind, const std::string& path) {
    const bool length = raw.unit == Unit::Nanometer || raw.unit == Unit::Micrometer;
    if (length && kind == SpectrumKind::Raman)
        fail("reading ", path, ": the positions are ", nameOf(raw.unit),
             ", expected Raman shifts in 1/cm");
    const Unit wanted = kind == SpectrumKind::UV ? Unit::Electronvolt : Unit::Wavenumber;
    for (double& x : raw.x) {
        if (length && !(x > 0))
            fail("reading ", path, ": a position is ", x, " ", nameOf(raw.unit),
                 ", expected positive ones");
        if (raw.unit != wanted)
            x = wavenumber(x, raw.unit) /
                (wanted == Unit::Electronvolt ? wavenumbersOfElectronvolt : 1.0);
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
    return {path, std::move(raw.x), std::move(raw.y), raw.lines, std::move(raw.remarks)};
}

}  // namespace molspectra
