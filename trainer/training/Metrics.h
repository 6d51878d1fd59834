// The log of a run: metrics.jsonl, one JSON object a line.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <fstream>
#include <string>

namespace molspectra {

/// Appends lines to a file, each flushed, so that a crash loses at most the line being written.
class Metrics {
public:
    /// Starts a new file with {"header": header}. @throws Error if it cannot be written
    Metrics(const std::string& path, const nlohmann::json& header);

    /// Goes on with the file of an earlier run, without its lines after `lastStep`.
    Metrics(const std::string& path, int64_t lastStep);

    /// @throws Error naming the file, when the disk is full for instance
    void write(const nlohmann::json& line);

private:
    std::string path_;
    std::ofstream file_;
};

}  // namespace molspectra
