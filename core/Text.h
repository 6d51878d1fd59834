// Small text helpers: concatenation, joining, number output, nearest name.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace molspectra {

/// Shortest text that reads back as the same double ("0.1", "1e-05", "nan").
std::string toText(double value);

/// Fixed number of digits after the point, for tables.
std::string toFixed(double value, int digits);

template <class T>
std::string toPart(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
        return value ? "true" : "false";
    else if constexpr (std::is_same_v<T, char>)
        return std::string(1, value);
    else if constexpr (std::is_floating_point_v<T>)
        return toText(value);
    else if constexpr (std::is_integral_v<T>)
        return std::to_string(value);
    else
        return std::string(std::string_view(value));
}

/// Concatenates strings and numbers.
template <class... Parts>
std::string cat(const Parts&... parts) {
    std::string text;
    (text.append(toPart(parts)), ...);
    return text;
}

/// Joins with a separator: join({"a","b"}, ", ") is "a, b".
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// Splits at every separator; empty parts are kept.
std::vector<std::string> split(std::string_view text, char separator);

/// Without leading and trailing white space.
std::string trim(std::string_view text);

/// Lower-case ASCII copy.
std::string lower(std::string_view text);

/// The candidate of smallest edit distance to `name`, or "" if `candidates` is empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// Whole text as a number. @throws Error naming `what` if it is not one.
double parseDouble(std::string_view text, std::string_view what);
long parseInteger(std::string_view text, std::string_view what);

}  // namespace molspectra
