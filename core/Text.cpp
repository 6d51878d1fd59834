// Number output by the shortest round-tripping text, and edit distance for "did you mean".
// SPDX-License-Identifier: MIT
#include "core/Text.h"

#include "core/Error.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace molspectra {

namespace {

constexpr std::string_view whiteSpace = " \t\r\n\v\f";

size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

template <class T>
T parseWhole(std::string_view text, std::string_view what, std::string_view expected) {
    std::string_view digits = text;
    // from_chars knows no leading plus, which data files do contain.
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-')
        digits.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
        fail("reading ", what, ": \"", text, "\" is outside the range of ", expected);
    if (error != std::errc() || end != digits.data() + digits.size())
        fail("reading ", what, ": \"", text, "\" was found, expected ", expected);
    return value;
}

}  // namespace

std::string toText(double value) {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return std::string(buffer, result.ptr);
}

std::string toFixed(double value, int digits) {
    // 309 digits of the largest double, a sign, a point and the digits asked for.
    std::string text(size_t(std::max(digits, 0)) + 320, '\0');
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value,
                                      std::chars_format::fixed, std::max(digits, 0));
    text.resize(size_t(result.ptr - text.data()));
    return text;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (size_t i = 0; i < parts.size(); i++) {
        if (i > 0)
            text.append(separator);
        text.append(parts[i]);
    }
    return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    size_t start = 0;
    for (size_t end; (end = text.find(separator, start)) != text.npos; start = end + 1)
        parts.emplace_back(text.substr(start, end - start));
    parts.emplace_back(text.substr(start));
    return parts;
}

std::string trim(std::string_view text) {
    const size_t first = text.find_first_not_of(whiteSpace);
    if (first == text.npos)
        return {};
    return std::string(text.substr(first, text.find_last_not_of(whiteSpace) - first + 1));
}

std::string lower(std::string_view text) {
    std::string copy(text);
    for (char& letter : copy)
        if (letter >= 'A' && letter <= 'Z')
            letter = char(letter - 'A' + 'a');
    return copy;
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
    std::string best;
    size_t smallest = std::string::npos;
    for (const std::string& candidate : candidates) {
        const size_t distance = editDistance(lower(name), lower(candidate));
        if (distance < smallest) {
            smallest = distance;
            best = candidate;
        }
    }
    return best;
}

double parseDouble(std::string_view text, std::string_view what) {
    return parseWhole<double>(text, what, "a number");
}

long parseInteger(std::string_view text, std::string_view what) {
    return parseWhole<long>(text, what, "an integer");
}

}  // namespace molspectra
