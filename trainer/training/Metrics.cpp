// The log of a run: metrics.jsonl, one JSON object a line.
// SPDX-License-Identifier: MIT
#include "trainer/training/Metrics.h"

#include "core/Error.h"
#include "core/Files.h"

#include <nlohmann/json.hpp>

#include <filesystem>

namespace molspectra {
namespace {

/// Lines of an earlier run up to a step; a line cut off by a crash is dropped.
std::string linesUpTo(const std::string& path, int64_t lastStep) {
    std::string kept;
    if (!std::filesystem::exists(path))
        return kept;
    for (const std::string& line : split(readFile(path), '\n')) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        if (json.is_object() && json.value("step", int64_t{0}) <= lastStep)
            kept += line + "\n";
    }
    return kept;
}

}  // namespace

Metrics::Metrics(const std::string& path, const nlohmann::json& header)
    : path_(path), file_(path, std::ios::trunc) {
    write({{"header", header}});
}

Metrics::Metrics(const std::string& path, int64_t lastStep) : path_(path) {
    writeFileSafely(path, linesUpTo(path, lastStep));
    file_.open(path, std::ios::app);
}

void Metrics::write(const nlohmann::json& line) {
    // Names of files need not be UTF-8.
    file_ << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
    if (!file_)
        fail("writing ", path_, ": the system refused it; is the disk full or the folder missing?");
}

}  // namespace molspectra
