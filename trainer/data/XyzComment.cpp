// SPDX-License-Identifier: MIT
#include "trainer/data/XyzComment.h"

#include "core/Error.h"

#include <algorithm>
#include <cmath>

namespace molspectra {

namespace {

bool isSpace(char letter) {
    return letter == ' ' || letter == '\t';
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

}  // namespace

/// Where errors were found.
std::string here(const TextLines& lines) {
    return cat("reading ", lines.path(), " line ", lines.number(), ": ");
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

/// The key=value pairs of a comment line; a key alone gets an empty value.
XyzEntries parseXyzComment(std::string_view line, const TextLines& lines) {
    XyzEntries entries;
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

Properties parseProperties(const std::string& text, size_t& columns, const TextLines& lines) {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() % 3 != 0)
        fail(here(lines), "Properties=", text,
             " was found, expected name:type:columns three by three");
    Properties properties;
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

}  // namespace molspectra
