// molspectra match: ranks candidate structures by how well they fit spectra.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/MatchOptions.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/UseDevice.h"
#include "trainer/data/MeasuredSpectrum.h"
#include "trainer/data/MoleculeReader.h"
#include "trainer/training/Threads.h"

#include <algorithm>
#include <iostream>

namespace molspectra {
namespace {

using Json = nlohmann::json;

/// Candidates whose features are found together, while further ones are read.
constexpr size_t candidatesAtOnce = 64;

void warn(const std::string& what, const std::string& text) {
    std::cerr << cat("warning: ", what, ": ", text, "\n");
}

/// A file's spectrum in the units of training.
GridCurve readCurve(const CommandLine& line, const SpectrumConfig& config,
                    const LineWidths& widths, const CurveUse& use) {
    const SpectrumKind kind = spectrumKind(config.kind);
    const auto path = line.get<std::string>(config.kind);
    const MeasuredSpectrum measured = readMeasured(path, kind);
    GridOptions options;
    options.frequencyScale = line.get<double>("frequency-scale");
    options.width = kind == SpectrumKind::UV ? widths.uv : widths.vibrational;
    options.ramanLaser = line.get<double>("raman-laser");
    options.range = use.ranges[static_cast<size_t>(kind)];
    GridCurve curve =
        onGrid(measured, kind, {config.start, config.step, config.points}, options);
    if (kind == SpectrumKind::Raman && !measured.calculated && options.ramanLaser == 0.0)
        warn(path, "intensities are taken as activities of a calculation; for a measured spectrum "
                   "give the laser's wavelength with --raman-laser");
    for (const std::string& remark : measured.remarks)
        warn(path, remark);
    for (const std::string& remark : curve.remarks)
        warn(path, remark);
    if (!use.absolute)
        scaleMean(config.scale, curve);
    return curve;
}

QueryCurves readQuery(const CommandLine& line, const AlignedNetworks& networks) {
    const SpectraConfig& config = networks.config();
    QueryCurves curves;
    std::vector<std::string> known, given;
    for (const SpectrumKind kind : spectrumKinds)
        if (line.values().count(nameOf(kind)))
            given.push_back(nameOf(kind));
    const CurveUse use = curveUse(line, given);
    for (const SpectrumConfig& each : config.spectra) {
        known.push_back(each.kind);
        curves.emplace_back();
        if (line.values().count(each.kind))
            curves.back() = readCurve(line, each, networks.widths(), use);
    }
    for (const std::string& kind : given)
        if (std::find(known.begin(), known.end(), kind) == known.end())
            fail("comparing spectra: --", kind, " was given, but the SpecFormer was trained with ",
                 join(known, ", "), " only");
    if (given.size() < known.size())
        warn("spectra", cat("the SpecFormer was trained with ", join(known, ", "), "; a search by ",
                            "some of them only finds much less, unless its molecules lacked some ",
                            "too. --held-back with --kinds tells how much"));
    if (!config.optional && !use.absolute)
        warn("intensities", "this SpecFormer was trained without a common scale; if the units are "
                            "those of its training spectra, give --absolute");
    return curves;
}

/// Candidates, their features found while they are read.
class Candidates {
public:
    explicit Candidates(AlignedNetworks& networks) : networks_(networks) {}

    void read(const std::string& path, const ReadOptions& options) {
        ReadReport report;
        paths_.push_back(path);
        readMolecules(path, options, report, [&](NamedMolecule&& found) {
            take(std::move(found));
            return true;
        });
        for (const std::string& reason : report.reasons)
            leaveOut(cat(path, " ", reason));
        if (const auto more = report.failed - static_cast<int64_t>(report.reasons.size()); more > 0)
            leaveOut(cat(path, ": ", more, " further ones could not be read"));
    }

    const std::vector<at::Tensor>& features() {
        flush();
        if (leftOut_.size() > ReadReport::mostShown)
            warn("left out", cat(leftOut_.size() - ReadReport::mostShown,
                                 " more; --json lists them"));
        if (names_.empty())
            fail("reading ", join(paths_, ", "), ": no candidate is left, expected at least one",
                 leftOut_.empty() ? "" : "; ", leftOut_.empty() ? "" : leftOut_.front());
        return features_;
    }

    const std::string& name(size_t n) const { return names_[n]; }
    size_t size() const { return names_.size(); }
    const std::vector<std::string>& leftOut() const { return leftOut_; }

private:
    void leaveOut(std::string why) {
        if (leftOut_.size() < ReadReport::mostShown)
            warn("left out", why);
        leftOut_.push_back(std::move(why));
    }

    void take(NamedMolecule&& found) {
        if (const std::string why = whyUnknown(found.molecule, networks_); !why.empty()) {
            leaveOut(cat(found.name, ": ", why));
            return;
        }
        names_.push_back(std::move(found.name));
        waiting_.push_back({std::make_shared<const Molecule>(std::move(found.molecule)), 0});
        if (waiting_.size() == candidatesAtOnce)
            flush();
    }

    void flush() {
        if (!waiting_.empty())
            features_.push_back(moleculeFeatures(networks_, waiting_));
        waiting_.clear();
    }

    AlignedNetworks& networks_;
    std::vector<std::string> paths_, names_, leftOut_;
    std::vector<at::Tensor> features_;
    std::vector<Draw> waiting_;
};

/// As the SpecFormer takes them; null where the spectrum is unknown.
Json knownValues(const GridCurve& curve, double scale) {
    Json values = valuesJson(normalised(curve.values, scale));
    for (int64_t n = 0; n < static_cast<int64_t>(curve.values.size()); n++)
        if (n < curve.first || n >= curve.first + curve.known)
            values[static_cast<size_t>(n)] = nullptr;
    return values;
}

Json queryJson(const SpectraConfig& config, const QueryCurves& curves) {
    Json list = Json::array();
    for (size_t kind = 0; kind < curves.size(); kind++)
        if (curves[kind])
            list.push_back({{"kind", config.spectra[kind].kind},
                            {"grid", gridJson(config.spectra[kind])},
                            {"values", knownValues(*curves[kind], config.spectra[kind].scale)}});
    return list;
}

Json candidatesJson(const Candidates& candidates, const std::vector<Ranked>& ranked) {
    Json list = Json::array();
    for (size_t n = 0; n < ranked.size(); n++)
        list.push_back({{"rank", n + 1},
                        {"name", candidates.name(ranked[n].candidate)},
                        {"score", ranked[n].score},
                        {"probability", ranked[n].probability}});
    return list;
}

std::string padded(const std::string& text, size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
}

void printTable(const Candidates& candidates, const std::vector<Ranked>& ranked, int64_t top) {
    const size_t shown = top == 0 ? ranked.size()
                                  : std::min(ranked.size(), static_cast<size_t>(top));
    std::cout << "  rank   score  probability  name\n";
    for (size_t n = 0; n < shown; n++)
        std::cout << padded(std::to_string(n + 1), 6) << padded(toFixed(ranked[n].score, 4), 8)
                  << padded(toFixed(ranked[n].probability, 4), 13) << "  "
                  << candidates.name(ranked[n].candidate) << "\n";
    if (shown < ranked.size())
        std::cout << "and " << ranked.size() - shown << " more\n";
}

int matchFiles(const CommandLine& line, AlignedNetworks& networks) {
    const QueryCurves query = readQuery(line, networks);
    const at::Tensor features = spectraFeatures(networks, 1, [&](size_t) { return query; });
    Candidates candidates(networks);
    for (const auto& path : line.get<std::vector<std::string>>("candidates"))
        candidates.read(path, {static_cast<int>(threads()), line.get<bool>("embed")});
    const std::vector<Ranked> ranked =
        rankCandidates(features, candidates.features(), networks.logScale());
    printTable(candidates, ranked, line.get<int64_t>("top"));
    if (const std::string json = optionalText(line, "json"); !json.empty()) {
        const Json result{{"query", queryJson(networks.config(), query)},
                          {"candidates", candidatesJson(candidates, ranked)},
                          {"left_out", candidates.leftOut()}};
        writeFileSafely(json, result.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    }
    return 0;
}

}  // namespace

int match(const std::vector<std::string>& arguments) {
    CommandLine line = matchCommandLine();
    if (!line.parse(arguments))
        return 0;
    const std::string folder = line.required("model");
    const bool heldBack = asksForHeldBack(line);
    if (!heldBack && !line.values().count("ir") && !line.values().count("raman") &&
        !line.values().count("uv"))
        throw UsageError("no spectrum is named; give --ir, --raman or --uv, or --held-back");
    outputFile(line, "json");
    const ChosenDevice chosen = useDevice(line);
    AlignedNetworks networks = loadAligned(folder, chosen.device);
    tellDevice(line, chosen);
    return heldBack ? matchHeldBack(line, networks) : matchFiles(line, networks);
}

}  // namespace molspectra
