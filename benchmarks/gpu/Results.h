// Rows of figures, printed as a table and written as JSON.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace measure {

struct Row {
    std::string measurement;      ///< one of the names of --list
    std::string what;             ///< the case
    std::optional<double> value;  ///< none where it was not measured
    std::string unit;
    std::string check;            ///< "right", "wrong: ...", or empty where nothing is computed
    std::string note;             ///< more figures, or why it was not measured
};

class Results {
public:
    /// Rows added from now on belong to this measurement.
    void begin(const std::string& measurement) { measurement_ = measurement; }
    void add(const std::string& what, double value, const std::string& unit,
             const std::string& check = "", const std::string& note = "");
    /// A row without a figure.
    void addMissing(const std::string& what, const std::string& why);

    /// Whether no check came out wrong.
    bool right() const;
    std::string table() const;
    /// @param card  what it was measured on
    std::string json(const std::string& card) const;

private:
    std::string measurement_;
    std::vector<Row> rows;
};

}  // namespace measure
