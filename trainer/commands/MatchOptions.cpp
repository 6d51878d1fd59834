// Options of `molspectra match`, and what its two forms and `reconstruct` share.
// SPDX-License-Identifier: MIT
#include "trainer/commands/MatchOptions.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "core/Text.h"
#include "trainer/commands/ReadData.h"
#include "trainer/commands/TrainOptions.h"
#include "trainer/commands/UseDevice.h"

#include <algorithm>
#include <cmath>

namespace molspectra {

namespace po = boost::program_options;

namespace {

using Paths = std::vector<std::string>;

/// Measured vibrations over harmonic ones: half as high or twice are no such factor.
constexpr double leastScale = 0.5, mostScale = 2.0;

constexpr double shortestLaser = 200, longestLaser = 1600;  // nm, of Raman spectrometers

po::options_description queryGroup() {
    po::options_description group("Spectra and candidates");
    group.add_options()
        ("ir", po::value<std::string>(),
         "IR spectrum: JCAMP-DX, or two columns of text with a first line of titles, which tells "
         "transmittance (cm-1,%T) and single lines (cm-1,km/mol) from absorbance")
        ("raman", po::value<std::string>(), "Raman spectrum, the same; lines: cm-1,A^4/amu")
        ("uv", po::value<std::string>(),
         "UV spectrum, the same; positions in nm or eV; lines: eV,fosc")
        ("candidates", po::value<Paths>()->multitoken(),
         "structures to choose from: .sdf, .smi or .csv (SMILES), .xyz, .npz, folders of shards")
        ("embed", po::bool_switch(), embedHelp)
        ("top", integer(10), "candidates to print; 0 is all")
        ("frequency-scale", number(1.0),
         "measured vibrations are this times those of the training spectra; 0.96 to 0.97 for "
         "measured spectra and harmonic training spectra. Wavenumbers of IR and Raman are divided "
         "by it")
        ("raman-laser", number(0.0),
         "wavelength in nm that a measured Raman spectrum was excited with: its intensities become "
         "scattering activities, as calculations give them; 0 takes them as that already");
    return group;
}

po::options_description useGroup() {
    po::options_description group("Use of spectra");
    group.add_options()
        ("uv-range", po::value<std::string>(),
         "LOW:HIGH in eV: the rest of the axis counts as unknown, as does what was not measured")
        ("ir-range", po::value<std::string>(), "the same in 1/cm, as 650:3600")
        ("raman-range", po::value<std::string>(), "the same")
        ("absolute", po::bool_switch(),
         "take intensities as they are, in the training spectra's units; without it each spectrum "
         "is scaled to their mean");
    return group;
}

std::optional<AxisRange> rangeOf(const CommandLine& line, const std::string& name) {
    if (line.values().count(name) == 0)
        return std::nullopt;
    const auto text = line.get<std::string>(name);
    const auto refuse = [&] {
        throw UsageError(cat("--", name, ": found '", text, "', expected LOW:HIGH, the lower "
                             "number first"));
    };
    const std::vector<std::string> ends = split(text, ':');
    if (ends.size() != 2)
        refuse();
    AxisRange range;
    try {
        range = {parseDouble(ends[0], name), parseDouble(ends[1], name)};
    } catch (const Error&) {
        refuse();
    }
    if (!(range.low < range.high))
        refuse();
    return range;
}

po::options_description heldBackGroup() {
    po::options_description group("How good it is");
    group.add_options()
        ("held-back", po::value<Paths>()->multitoken(),
         "shards of molecules that were not trained on: search each one's spectra among all")
        ("molecules", integer(1000), "molecules drawn from them; 0 is all")
        ("seed", integer(1), "of that draw")
        ("kinds", po::value<std::string>(), "spectra to search by, as ir,raman (default: all)");
    return group;
}

po::options_description commonGroup() {
    po::options_description group("Model and output");
    group.add_options()
        ("model", po::value<std::string>(), "folder with model.pt and spectra.pt of one run")
        ("json", po::value<std::string>(), "write the result to this file as well");
    return group;
}

}  // namespace

CommandLine matchCommandLine() {
    return CommandLine(
        {"molspectra match --model RUN --ir FILE --candidates FILE... [options]",
         "Ranks structures by how well they fit measured or computed spectra, with a network and\n"
         "a SpecFormer that pretrain aligned (--preset spectra). With --held-back it tells how\n"
         "often that finds the right molecule, beside what the formula alone would find.",
         "molspectra match --model stage2 --ir unknown.jdx --candidates isomers.smi "
         "--frequency-scale 0.965\n"
         "molspectra match --model stage2 --ir ir.csv --raman raman.csv --uv uv.csv "
         "--candidates a.sdf b.sdf --json match.json\n"
         "molspectra match --model stage2 --held-back test_shards --kinds ir --ir-range 650:4000"},
        {commonGroup(), queryGroup(), useGroup(), heldBackGroup(), deviceOptions()});
}

bool asksForHeldBack(const CommandLine& line) {
    const bool heldBack = line.values().count("held-back") > 0;
    for (const char* name : {"ir", "raman", "uv", "candidates", "embed", "top", "frequency-scale",
                             "raman-laser"})
        if (heldBack && line.givenByUser(name))
            throw UsageError(cat("--", name, " was given together with --held-back, which takes ",
                                 "spectra and candidates from its shards; leave one of them out"));
    for (const char* name : {"molecules", "seed", "kinds"})
        if (!heldBack && line.givenByUser(name))
            throw UsageError(cat("--", name, " belongs to --held-back, which was not given"));
    atLeast("top", static_cast<double>(line.get<int64_t>("top")), 0);
    atLeast("molecules", static_cast<double>(line.get<int64_t>("molecules")), 0);
    if (const auto scale = line.get<double>("frequency-scale");
        !(scale >= leastScale && scale <= mostScale))
        throw UsageError(cat("--frequency-scale: found ", scale, ", expected ", leastScale, " to ",
                             mostScale));
    if (const auto laser = line.get<double>("raman-laser");
        laser != 0.0 && !(laser >= shortestLaser && laser <= longestLaser))
        throw UsageError(cat("--raman-laser: found ", laser, ", expected 0, or ", shortestLaser,
                             " to ", longestLaser, " nm"));
    if (line.givenByUser("raman-laser") && line.values().count("raman") == 0)
        throw UsageError("--raman-laser was given without --raman");
    if (line.givenByUser("raman-laser") && line.get<bool>("absolute"))
        throw UsageError("--raman-laser was given together with --absolute: measured intensities "
                         "have no absolute scale; leave one of them out");
    if (!heldBack && line.values().count("candidates") == 0)
        throw UsageError("--candidates is missing; --help shows all options");
    return heldBack;
}

CurveUse curveUse(const CommandLine& line, const std::vector<std::string>& kinds) {
    CurveUse use;
    use.absolute = line.get<bool>("absolute");
    for (const SpectrumKind kind : spectrumKinds) {
        const std::string name = cat(nameOf(kind), "-range");
        auto& range = use.ranges[static_cast<size_t>(kind)];
        range = rangeOf(line, name);
        if (range && std::find(kinds.begin(), kinds.end(), nameOf(kind)) == kinds.end())
            throw UsageError(cat("--", name, " was given, but the spectra compared are ",
                                 join(kinds, ", ")));
    }
    return use;
}

std::string whyUnknown(const Molecule& molecule, const AlignedNetworks& networks) {
    const std::vector<int>& known = networks.model.description.species;
    for (const int number : molecule.numbers)
        if (!std::binary_search(known.begin(), known.end(), number))
            return cat("it holds ", symbolOf(number), ", the network was trained on ",
                       symbolsOf(known));
    return {};
}

nlohmann::json gridJson(const SpectrumConfig& config) {
    return {{"start", config.start}, {"step", config.step}, {"points", config.points}};
}

nlohmann::json valuesJson(std::span<const float> values) {
    nlohmann::json list = nlohmann::json::array();
    for (const float value : values)
        list.push_back(std::round(1e6 * static_cast<double>(value)) / 1e6);
    return list;
}

std::vector<Draw> moleculesAt(const std::vector<std::string>& shards,
                              std::span<const int64_t> places) {
    std::vector<Draw> found;
    int64_t before = 0;
    for (const std::string& path : shardPaths(shards)) {
        const int64_t size = shardSize(path);
        std::shared_ptr<const Shard> shard;
        for (; found.size() < places.size() && places[found.size()] < before + size;) {
            if (!shard)
                shard = std::make_shared<const Shard>(path);
            const int64_t place = places[found.size()];
            // The molecule keeps its shard in memory, so it is copied.
            found.push_back({std::make_shared<const Molecule>(
                                 (*shard)[static_cast<size_t>(place - before)]),
                             static_cast<uint64_t>(place), path});
        }
        before += size;
    }
    return found;
}

}  // namespace molspectra
