// Rows of figures as a table and as a JSON file, in the form of benchmarks/common.py.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace molspectra {

/// Columns in the order in which they were added.
using Row = nlohmann::ordered_json;

/// Rounded, so that tables and files show no more digits than were measured.
double rounded(double value, int digits);

/// The columns that say where and when: load average, date, processor, cores.
Row machine();

/// One line a row with these columns, aligned on the right.
std::string table(const std::vector<Row>& rows, const std::vector<std::string>& columns);

/// Writes the rows beside some facts about all of them. @throws Error as writeFileSafely()
void writeRows(const std::string& path, const std::vector<Row>& rows, const Row& facts);

}  // namespace molspectra
