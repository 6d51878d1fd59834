// One line a fact, in the columns of molspectra inspect.
// SPDX-License-Identifier: MIT
#include "trainer/commands/DataReport.h"

#include "core/Elements.h"
#include "core/Text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace molspectra {

namespace {

using Json = nlohmann::json;

std::string line(std::string title, const std::string& text) {
    title.resize(14, ' ');
    return cat(title, text, "\n");
}

const char* unitOf(SpectrumKind kind) {
    return kind == SpectrumKind::UV ? "eV" : "1/cm";
}

std::string failuresText(const std::string& path, const ReadReport& report, const char* things) {
    if (report.failed == 0)
        return {};
    std::string text = cat(path, ": ", report.failed, " ", things, " could not be read\n");
    const size_t shown = std::min(report.reasons.size(), ReadReport::mostShown);
    for (size_t k = 0; k < shown; k++)
        text += cat("  ", report.reasons[k], "\n");
    if (const auto more = report.failed - int64_t(shown); more > 0)
        text += cat("  and ", more, " more; --json lists them\n");
    return text;
}

std::string gridText(const SpectrumGrid& grid, SpectrumKind kind) {
    return cat(grid.points, " points from ", toText(grid.start), " to ",
               toFixed(grid.start + grid.step * double(grid.points - 1), 2), " ", unitOf(kind));
}

std::string spectrumText(const SpectrumSummary& summary, SpectrumKind kind) {
    std::vector<std::string> parts;
    if (summary.sticks > 0)
        parts.push_back(cat(summary.sticks, " as lines from ", toFixed(summary.lowest, 2), " to ",
                            toFixed(summary.highest, 2), " ", unitOf(kind)));
    std::vector<std::string> grids;
    for (const SpectrumGrid& grid : summary.grids)
        grids.push_back(gridText(grid, kind));
    if (summary.curves > 0)
        parts.push_back(cat(summary.curves, " as curves, ", join(grids, " and ")));
    return parts.empty() ? "none" : join(parts, "; ");
}

std::string elementsText(const DataSummary& summary) {
    std::vector<std::string> parts;
    for (const auto& [element, count] : summary.elements)
        parts.push_back(cat(symbolOf(element), " ", count));
    return join(parts, ", ");
}

std::string joinText(const JoinReport& joined) {
    std::string text = cat(joined.joined, " rows joined");
    if (joined.withoutMolecule > 0)
        text += cat(", ", joined.withoutMolecule, " without a molecule");
    return text;
}

Json failuresJson(const std::string& path, const ReadReport& report) {
    return {{"file", path},
            {"read", report.read},
            {"failed", report.failed},
            {"reasons", report.reasons}};
}

Json filesJson(const std::vector<std::pair<std::string, ReadReport>>& files) {
    Json list = Json::array();
    for (const auto& [path, report] : files)
        list.push_back(failuresJson(path, report));
    return list;
}

Json spectrumJson(const SpectrumSummary& summary, const std::optional<JoinReport>& joined) {
    Json grids = Json::array();
    for (const SpectrumGrid& grid : summary.grids)
        grids.push_back({{"start", grid.start}, {"step", grid.step}, {"points", grid.points}});
    Json json{{"lines", summary.sticks}, {"curves", summary.curves}, {"grids", grids}};
    if (joined)
        json["rows"] = {{"joined", joined->joined},
                        {"without_molecule", joined->withoutMolecule},
                        {"failed", joined->rows.failed},
                        {"reasons", joined->rows.reasons}};
    return json;
}

}  // namespace

int64_t DataReport::failed() const {
    int64_t count = 0;
    for (const auto& [path, each] : sources)
        count += each.failed;
    return count;
}

std::string plainText(const DataReport& report) {
    const DataSummary& summary = report.summary;
    std::string text = line("molecules", std::to_string(summary.molecules));
    text += line("atoms", cat(summary.atoms, ", ", summary.fewest, " to ", summary.most,
                              " in a molecule"));
    text += line("elements", cat(elementsText(summary), " molecules"));
    for (const SpectrumKind kind : spectrumKinds) {
        text += line(nameOf(kind), spectrumText(summary.spectra[size_t(kind)], kind));
        if (const auto& joined = report.joins[size_t(kind)])
            text += line("", joinText(*joined));
    }
    text += line("duplicates", cat(summary.duplicates + report.repeated,
                                   report.repeated > 0 ? ", left out" : ""));
    if (!report.excludedFiles.empty())
        text += line("excluded", std::to_string(report.excluded));
    text += line("failed", std::to_string(report.failed()));
    for (const auto& [path, each] : report.sources)
        text += failuresText(path, each, "molecules");
    for (const auto& [path, each] : report.excludedFiles)
        text += failuresText(path, each, "molecules to exclude");
    for (const SpectrumKind kind : spectrumKinds)
        if (const auto& joined = report.joins[size_t(kind)])
            text += failuresText(nameOf(kind), joined->rows, "rows");
    return text;
}

std::string jsonText(const DataReport& report) {
    const DataSummary& summary = report.summary;
    Json elements = Json::object(), spectra = Json::object();
    for (const auto& [element, count] : summary.elements)
        elements[symbolOf(element)] = count;
    for (const SpectrumKind kind : spectrumKinds)
        spectra[nameOf(kind)] = spectrumJson(summary.spectra[size_t(kind)],
                                             report.joins[size_t(kind)]);
    const Json json{{"molecules", summary.molecules},
                    {"atoms", {{"total", summary.atoms},
                               {"fewest", summary.fewest},
                               {"most", summary.most}}},
                    {"elements", elements},
                    {"spectra", spectra},
                    {"duplicates", summary.duplicates + report.repeated},
                    {"left_out", {{"excluded", report.excluded}, {"repeated", report.repeated}}},
                    {"failed", report.failed()},
                    {"sources", filesJson(report.sources)},
                    {"exclude", filesJson(report.excludedFiles)},
                    {"shards", report.shards}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace molspectra
