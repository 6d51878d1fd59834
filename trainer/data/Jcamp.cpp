// Records become blocks, blocks become spectra; every number that is told twice is compared.
// SPDX-License-Identifier: MIT
#include "trainer/data/Jcamp.h"

#include "core/Error.h"
#include "trainer/data/JcampBlocks.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace molspectra {

namespace {

/// DELTAX is printed with few digits; the step itself follows from the ends.
constexpr double stepTolerance = 0.02;
/// FIRSTY is rounded as its writer liked; a part of the largest ordinate.
constexpr double firstTolerance = 0.01;

/// A spectrum out of one table of a block.
class SpectrumMaker {
public:
    SpectrumMaker(const std::string& path, const JcampBlock& block, const JcampTable& table)
        : path_(path), block_(block), table_(table) {}

    JcampSpectrum make() {
        made_.title = text("title");
        made_.dataType = text("datatype");
        made_.xUnits = text("xunits");
        made_.yUnits = text("yunits");
        made_.peaks = table_.label == "peaktable";
        if (table_.lines.empty())
            refuse(table_.line, "the table has no lines, expected numbers");
        if (table_.form.starts_with("(x++(y..y)") && table_.label == "xydata")
            ordinates();
        else if (table_.form.starts_with("(xy..xy)"))
            points(2);
        else if (table_.form.starts_with("(xyw..xyw)") && made_.peaks)
            points(3);
        else
            refuse(table_.line, "the table has the form \"", table_.form,
                   "\", expected (X++(Y..Y)) or (XY..XY)");
        checkFirst();
        leaveOutMissing();
        return std::move(made_);
    }

private:
    template <class... Parts>
    [[noreturn]] void refuse(int64_t line, const Parts&... parts) const {
        fail("reading ", path_, " line ", line, ": ", parts...);
    }

    std::string text(const std::string& label) const {
        const auto found = block_.records.find(label);
        return found == block_.records.end() ? std::string() : found->second.value;
    }

    std::optional<double> number(const std::string& label) const {
        const auto found = block_.records.find(label);
        if (found == block_.records.end() || found->second.value.empty())
            return std::nullopt;
        const std::string& value = found->second.value;
        double parsed = std::nan("");
        try {
            parsed = parseDouble(value.substr(value.front() == '+' ? 1 : 0), label);
        } catch (const Error&) {
        }
        if (!std::isfinite(parsed))
            refuse(found->second.line, "##", label, "= is \"", value, "\", expected a number");
        return parsed;
    }

    double needed(const std::string& label) const {
        const auto found = number(label);
        if (!found)
            refuse(table_.line, "the table has no record ##", label, "= before it, expected one");
        return *found;
    }

    int64_t lineOf(const std::string& label) const { return block_.records.at(label).line; }

    void checkCount(size_t found) const {
        if (const auto count = number("npoints"); count && *count != double(found))
            refuse(lineOf("npoints"), "##NPOINTS= is ", *count, ", but the table has ", found,
                   " points; the file is damaged");
    }

    void ordinates() {
        JcampOrdinates table = decodeOrdinates(table_.lines, path_);
        const size_t count = table.y.size();
        needed("npoints");
        checkCount(count);
        if (count < 2)
            refuse(table_.line, "the table has ", count, " points, expected two or more");
        const double first = needed("firstx");
        const double step = (needed("lastx") - first) / double(count - 1);
        checkStep(step);
        const double factor = number("xfactor").value_or(1.0);
        for (const JcampOrdinates::Check& check : table.checks)
            checkPlace(check, first, step, factor);
        for (size_t n = 0; n < count; n++)
            made_.x.push_back(first + double(n) * step);
        made_.y = std::move(table.y);
        multiply(made_.y, number("yfactor").value_or(1.0));
    }

    /// Some writers give the step without its sign.
    void checkStep(double step) const {
        if (step == 0)
            refuse(lineOf("lastx"), "##LASTX= is the same as ##FIRSTX=, expected another");
        if (const auto told = number("deltax");
            told && std::abs(std::abs(*told) - std::abs(step)) > stepTolerance * std::abs(step))
            refuse(lineOf("deltax"), "##DELTAX= is ", *told,
                   ", but FIRSTX, LASTX and NPOINTS give ", step);
    }

    /// Where a line repeats an ordinate, writers disagree whether the place is that of the repeated
    /// one or of the one behind it.
    void checkPlace(const JcampOrdinates::Check& check, double first, double step,
                    double factor) const {
        const double found = check.x * factor, expected = first + double(check.first) * step;
        const double allowed = std::max(0.5 * std::abs(step), std::abs(check.digit * factor));
        const double behind = check.repeated ? expected + step : expected;
        if (!(std::abs(found - expected) <= allowed || std::abs(found - behind) <= allowed))
            refuse(check.line, "the line begins at x = ", found, ", expected ", expected,
                   " after the points before it; points are missing or too many");
    }

    void points(size_t size) {
        const std::vector<double> numbers = decodeNumbers(table_.lines, path_);
        if (numbers.size() % size != 0)
            refuse(table_.lines.back().number, "the table has ", numbers.size(),
                   " numbers, expected groups of ", size);
        const double xFactor = number("xfactor").value_or(1.0);
        const double yFactor = number("yfactor").value_or(1.0);
        for (size_t n = 0; n < numbers.size(); n += size) {
            made_.x.push_back(numbers[n] * xFactor);
            made_.y.push_back(numbers[n + 1] * yFactor);
            if (!std::isfinite(made_.x.back()))
                refuse(table_.line, "point ", n / size + 1, " has no abscissa");
        }
        checkCount(made_.x.size());
    }

    static void multiply(std::vector<double>& values, double factor) {
        for (double& value : values)
            value *= factor;
    }

    /// Writers that do not know FIRSTY put a zero there.
    void checkFirst() const {
        const auto told = number("firsty");
        if (!told || *told == 0 || made_.peaks || !std::isfinite(made_.y.front()))
            return;
        double largest = 0.0;
        for (const double value : made_.y)
            largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
        if (!(std::abs(*told - made_.y.front()) <= firstTolerance * largest))
            refuse(lineOf("firsty"), "##FIRSTY= is ", *told, ", but the table begins with ",
                   made_.y.front(), "; is ##YFACTOR= right?");
    }

    void leaveOutMissing() {
        std::vector<double> x, y;
        for (size_t n = 0; n < made_.y.size(); n++)
            if (std::isfinite(made_.y[n])) {
                x.push_back(made_.x[n]);
                y.push_back(made_.y[n]);
            }
        made_.missing = int64_t(made_.y.size() - y.size());
        made_.x = std::move(x);
        made_.y = std::move(y);
    }

    const std::string& path_;
    const JcampBlock& block_;
    const JcampTable& table_;
    JcampSpectrum made_;
};

struct Place {
    const JcampBlock* block = nullptr;
    const JcampTable* table = nullptr;
};

/// The one table of all blocks that is a curve, or one of peaks; nowhere if there is none.
Place only(const std::vector<JcampBlock>& blocks, bool peaks, const std::string& path) {
    Place found;
    for (const JcampBlock& block : blocks)
        for (const JcampTable& table : block.tables) {
            if ((table.label == "peaktable") != peaks)
                continue;
            if (found.table)
                fail("reading ", path, " line ", table.line, ": a second spectrum was found, the ",
                     "first is in line ", found.table->line,
                     "; expected one, cut the file into its blocks");
            found = {&block, &table};
        }
    return found;
}

}  // namespace

JcampSpectrum readJcamp(const std::string& path) {
    const std::vector<JcampBlock> blocks = readJcampBlocks(path);
    Place found = only(blocks, false, path);
    if (!found.table)
        found = only(blocks, true, path);
    if (!found.table)
        fail("reading ", path, ": no spectrum was found, expected a record ##XYDATA=, ##XYPOINTS= ",
             "or ##PEAK TABLE=");
    return SpectrumMaker(path, *found.block, *found.table).make();
}

}  // namespace molspectra
