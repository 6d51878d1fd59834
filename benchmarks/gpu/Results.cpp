// The table's columns are as wide as their widest cell.
// SPDX-License-Identifier: MIT
#include "Results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace measure {

namespace {

constexpr int columns = 6;
using Cells = std::array<std::string, columns>;

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

Cells cellsOf(const Row& row) {
    return {row.measurement, row.what, row.value ? number(*row.value) : "-", row.unit, row.check,
            row.note};
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            result += '\\';
        result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return result + '"';
}

std::string jsonOf(const Row& row) {
    return "{\"measurement\": " + quoted(row.measurement) + ", \"what\": " + quoted(row.what) +
           ", \"value\": " + (row.value ? number(*row.value) : "null") +
           ", \"unit\": " + quoted(row.unit) + ", \"check\": " + quoted(row.check) +
           ", \"note\": " + quoted(row.note) + "}";
}

}  // namespace

void Results::add(const std::string& what, double value, const std::string& unit,
                  const std::string& check, const std::string& note) {
    // A difference of two times that were too short to tell apart gives no figure.
    const bool sound = std::isfinite(value) && value > 0.0;
    rows.push_back({measurement_, what, sound ? std::optional(value) : std::nullopt, unit, check,
                    sound ? note : "too short to be measured"});
}

void Results::addMissing(const std::string& what, const std::string& why) {
    rows.push_back({measurement_, what, std::nullopt, "", "", "not measured: " + why});
}

bool Results::right() const {
    return std::ranges::none_of(
        rows, [](const Row& row) { return row.check.starts_with("wrong"); });
}

std::string Results::table() const {
    std::vector<Cells> lines = {{"measurement", "case", "value", "unit", "check", "note"}};
    for (const Row& row : rows)
        lines.push_back(cellsOf(row));
    std::array<size_t, columns> widths{};
    for (const Cells& line : lines)
        for (int c = 0; c < columns; ++c)
            widths[c] = std::max(widths[c], line[c].size());
    std::string text;
    for (const Cells& line : lines) {
        for (int c = 0; c < columns; ++c)
            text += line[c] + std::string(widths[c] - line[c].size() + 2, ' ');
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string Results::json(const std::string& card) const {
    std::string text = "{\"card\": " + quoted(card) + ",\n \"rows\": [";
    for (size_t i = 0; i < rows.size(); ++i)
        text += (i ? ",\n  " : "\n  ") + jsonOf(rows[i]);
    return text + "\n ]}\n";
}

}  // namespace measure
