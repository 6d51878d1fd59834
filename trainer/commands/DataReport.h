// What molspectra data found, as text and as JSON.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/DataSummary.h"
#include "trainer/data/MoleculeReader.h"
#include "trainer/data/SpectraCsv.h"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace molspectra {

struct DataReport {
    std::vector<std::pair<std::string, ReadReport>> sources, excludedFiles;  ///< by path
    std::array<std::optional<JoinReport>, 3> joins;  ///< of CSV files, by SpectrumKind
    DataSummary summary;   ///< of the molecules that were kept
    int64_t excluded = 0;  ///< molecules of --exclude that were left out
    int64_t repeated = 0;  ///< molecules that were left out because they came again
    int64_t shards = 0;    ///< files written

    /// Molecules of all sources that could not be read.
    int64_t failed() const;
};

std::string plainText(const DataReport& report);
std::string jsonText(const DataReport& report);

}  // namespace molspectra
