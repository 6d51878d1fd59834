// Tables, the machine, and JSON files.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Report.h"

#include "core/Files.h"
#include "core/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <thread>

namespace molspectra {

namespace {

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name"))
            return trim(line.substr(line.find(':') + 1));
    return "unknown";
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    char text[11];
    std::strftime(text, sizeof text, "%Y-%m-%d", std::localtime(&now));
    return text;
}

std::string cellOf(const Row& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

double rounded(double value, int digits) {
    const double scale = std::pow(10.0, digits);
    return std::round(value * scale) / scale;
}

Row machine() {
    double load = 0;
    getloadavg(&load, 1);
    return {{"load", rounded(load, 2)},
            {"date", today()},
            {"processor", processor()},
            {"cores", std::thread::hardware_concurrency()}};
}

std::string table(const std::vector<Row>& rows, const std::vector<std::string>& columns) {
    std::vector<std::vector<std::string>> lines = {columns};
    for (const Row& row : rows) {
        lines.emplace_back();
        for (const std::string& column : columns)
            lines.back().push_back(cellOf(row.at(column)));
    }
    std::vector<size_t> widths(columns.size(), 0);
    for (const auto& line : lines)
        for (size_t n = 0; n < line.size(); n++)
            widths[n] = std::max(widths[n], line[n].size());
    std::string text;
    for (const auto& line : lines) {
        for (size_t n = 0; n < line.size(); n++)
            text += std::string(widths[n] - line[n].size() + (n > 0 ? 2 : 0), ' ') + line[n];
        text += '\n';
    }
    return text;
}

void writeRows(const std::string& path, const std::vector<Row>& rows, const Row& facts) {
    Row all = facts;
    all["rows"] = rows;
    writeFileSafely(path, std::string_view(all.dump(1) + "\n"));
}

}  // namespace molspectra
