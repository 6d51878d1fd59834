// The forms of McDonald and Wilks 1988: the first digit of a number says by a letter what it is.
// SPDX-License-Identifier: MIT
#include "trainer/data/JcampTable.h"

#include "core/Error.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

namespace molspectra {

namespace {

/// What a line repeats of the line before may differ by this part of it: sums of printed decimals.
constexpr double repetitionTolerance = 1e-6;
/// No spectrum has more points: a file that repeats a few bytes into more is damaged.
constexpr double mostPoints = 1e7;

enum class Form { Absolute, Difference, Repetition, Missing };

struct Number {
    Form form = Form::Absolute;
    double value = 0.0;
    double digit = 1.0;  ///< one in the last written digit
};

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool isSeparator(char c) {
    return c == ' ' || c == '\t' || c == ',' || c == ';';
}

/// The form whose letter this is, and the digit that it stands for.
std::optional<std::pair<Form, int>> letterOf(char c) {
    const auto within = [&](char first, char last) { return c >= first && c <= last; };
    if (c == '@')
        return {{Form::Absolute, 0}};
    if (within('A', 'I'))
        return {{Form::Absolute, c - 'A' + 1}};
    if (within('a', 'i'))
        return {{Form::Absolute, -(c - 'a' + 1)}};
    if (c == '%')
        return {{Form::Difference, 0}};
    if (within('J', 'R'))
        return {{Form::Difference, c - 'J' + 1}};
    if (within('j', 'r'))
        return {{Form::Difference, -(c - 'j' + 1)}};
    if (within('S', 'Z'))
        return {{Form::Repetition, c - 'S' + 1}};
    if (c == 's')
        return {{Form::Repetition, 9}};
    return std::nullopt;
}

/// Whether letters other than that of exponents are used, so that E is a digit as well.
bool isCompressed(const std::vector<JcampLine>& lines) {
    const auto tells = [](char c) { return c != 'E' && c != 'e' && letterOf(c).has_value(); };
    return std::any_of(lines.begin(), lines.end(), [&](const JcampLine& line) {
        return std::any_of(line.text.begin(), line.text.end(), tells);
    });
}

/// Takes numbers off a line.
class Scanner {
public:
    Scanner(const JcampLine& line, const std::string& path, bool compressed)
        : line_(line), path_(path), rest_(line.text), compressed_(compressed) {}

    /// @return false at the end of the line
    bool next(Number& number) {
        while (!rest_.empty() && isSeparator(rest_.front()))
            rest_.remove_prefix(1);
        if (rest_.empty())
            return false;
        const char c = rest_.front();
        if (c == '?') {
            rest_.remove_prefix(1);
            number = {Form::Missing, std::numeric_limits<double>::quiet_NaN()};
            return true;
        }
        number = isDigit(c) || c == '+' || c == '-' || c == '.' ? plain() : lettered();
        return true;
    }

    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        fail("reading ", path_, " line ", line_.number, ": ", parts...);
    }

private:
    size_t digitsFrom(size_t at) const {
        while (at < rest_.size() && isDigit(rest_[at]))
            at++;
        return at;
    }

    /// Where an exponent that begins here ends; `at` if there is none.
    size_t exponentFrom(size_t at, bool decimal) const {
        if (at >= rest_.size() || (rest_[at] != 'E' && rest_[at] != 'e'))
            return at;
        size_t digits = at + 1;
        const bool sign = digits < rest_.size() && (rest_[digits] == '+' || rest_[digits] == '-');
        if (compressed_ && !(decimal && sign))
            return at;
        digits += sign;
        const size_t end = digitsFrom(digits);
        return end > digits ? end : at;
    }

    double parsed(std::string_view text) const {
        try {
            return parseDouble(text.substr(text.front() == '+' ? 1 : 0), "a number");
        } catch (const Error& error) {
            refuse(error.what());
        }
    }

    Number plain() {
        const size_t sign = rest_.front() == '+' || rest_.front() == '-' ? 1 : 0;
        size_t end = digitsFrom(sign), decimals = 0;
        size_t written = end - sign;
        const bool decimal = end < rest_.size() && rest_[end] == '.';
        if (decimal) {
            decimals = digitsFrom(end + 1) - end - 1;
            written += decimals;
            end += decimals + 1;
        }
        if (written == 0)
            refuse("\"", rest_.substr(0, 8), "\" was found, expected a number");
        const size_t mantissa = end;
        end = exponentFrom(end, decimal);
        const double exponent =
            end > mantissa ? parsed(rest_.substr(mantissa + 1, end - mantissa - 1)) : 0.0;
        const double value = parsed(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return {Form::Absolute, value, std::pow(10.0, exponent - double(decimals))};
    }

    Number lettered() {
        const auto letter = letterOf(rest_.front());
        if (!letter)
            refuse("'", rest_.front(), "' was found, expected numbers in one of the forms of ",
                   "JCAMP-DX 4.24");
        size_t end = digitsFrom(1);
        if (end < rest_.size() && rest_[end] == '.')
            end = digitsFrom(end + 1);
        const double value = parsed(cat(std::abs(letter->second), rest_.substr(1, end - 1)));
        rest_.remove_prefix(end);
        return {letter->first, letter->second < 0 ? -value : value};
    }

    const JcampLine& line_;
    const std::string& path_;
    std::string_view rest_;
    bool compressed_;
};

/// Ordinates so far, and how the last one was given.
class Decoder {
public:
    explicit Decoder(JcampOrdinates& found) : found_(found), y_(found.y) {}

    void line(Scanner& scanner, int64_t number) {
        Number abscissa;
        if (!scanner.next(abscissa))
            return;
        if (abscissa.form != Form::Absolute)
            scanner.refuse("the line begins with an ordinate, expected its abscissa");
        const bool repeated = byDifference_;
        found_.checks.push_back({number, abscissa.value, abscissa.digit,
                                 repeated ? y_.size() - 1 : y_.size(), repeated});
        Number ordinate;
        for (bool first = true; scanner.next(ordinate); first = false)
            if (first && repeated)
                compare(scanner, ordinate);
            else
                take(scanner, ordinate, first);
    }

private:
    void compare(Scanner& scanner, const Number& ordinate) {
        const double last = y_.back();
        if (ordinate.form != Form::Absolute ||
            !(std::abs(ordinate.value - last) <= repetitionTolerance * std::abs(last)))
            scanner.refuse("the first ordinate is ", ordinate.value, ", expected ", last,
                           ", the last of the line before; the file is damaged");
        byDifference_ = false;
        difference_ = 0.0;
    }

    void take(Scanner& scanner, const Number& ordinate, bool first) {
        if (ordinate.form == Form::Repetition) {
            repeat(scanner, ordinate.value, first);
            return;
        }
        byDifference_ = ordinate.form == Form::Difference;
        if (byDifference_ && (first || !std::isfinite(y_.back())))
            scanner.refuse("a difference was found without an ordinate before it in the line");
        difference_ = byDifference_ ? ordinate.value : 0.0;
        y_.push_back(byDifference_ ? y_.back() + difference_ : ordinate.value);
    }

    void repeat(Scanner& scanner, double times, bool first) {
        if (first)
            scanner.refuse("the line begins with a repetition, expected an ordinate");
        if (!(times >= 1 && times + double(y_.size()) <= mostPoints))
            scanner.refuse("an ordinate is to be repeated ", times, " times behind ", y_.size(),
                           " points, expected at least once, and at most ", mostPoints,
                           " points in all");
        for (double n = 1; n < times; n++)
            y_.push_back(y_.back() + difference_);
    }

    JcampOrdinates& found_;
    std::vector<double>& y_;
    bool byDifference_ = false;
    double difference_ = 0.0;
};

}  // namespace

JcampOrdinates decodeOrdinates(const std::vector<JcampLine>& lines, const std::string& path) {
    const bool compressed = isCompressed(lines);
    JcampOrdinates found;
    Decoder decoder(found);
    for (const JcampLine& line : lines) {
        Scanner scanner(line, path, compressed);
        decoder.line(scanner, line.number);
    }
    return found;
}

std::vector<double> decodeNumbers(const std::vector<JcampLine>& lines, const std::string& path) {
    std::vector<double> found;
    for (const JcampLine& line : lines) {
        Scanner scanner(line, path, false);
        for (Number number; scanner.next(number);) {
            if (number.form == Form::Difference || number.form == Form::Repetition)
                scanner.refuse("a compressed number was found, expected plain ones");
            found.push_back(number.value);
        }
    }
    return found;
}

}  // namespace molspectra
