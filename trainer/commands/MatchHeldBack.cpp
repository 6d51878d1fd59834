// molspectra match --held-back: how often spectra find the molecule that they belong to.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "core/Files.h"
#include "core/Random.h"
#include "trainer/commands/MatchOptions.h"
#include "trainer/commands/TrainOptions.h"

#include <algorithm>
#include <iostream>
#include <map>

namespace molspectra {
namespace {

using Json = nlohmann::json;

std::vector<std::string> kindsOf(const SpectraConfig& config) {
    std::vector<std::string> kinds;
    for (const SpectrumConfig& each : config.spectra)
        kinds.push_back(each.kind);
    return kinds;
}

std::vector<std::string> wantedKinds(const CommandLine& line, const SpectraConfig& config) {
    const std::vector<std::string> all = kindsOf(config);
    if (line.values().count("kinds") == 0)
        return all;
    std::vector<std::string> wanted = split(line.get<std::string>("kinds"), ',');
    for (const std::string& kind : wanted)
        oneOf("kinds", kind, all);
    if (!config.optional && wanted.size() < all.size())
        fail("comparing spectra: this SpecFormer was trained with all kinds for every molecule, ",
             "expected no --kinds");
    return wanted;
}

/// The molecule with these kinds of spectra only.
Molecule limitedTo(const std::vector<std::string>& kinds, Molecule molecule) {
    for (const SpectrumKind kind : spectrumKinds)
        if (std::find(kinds.begin(), kinds.end(), nameOf(kind)) == kinds.end())
            molecule.spectra[static_cast<size_t>(kind)].reset();
    return molecule;
}

bool hasSpectra(const Molecule& molecule, const AlignedNetworks& networks) {
    const auto& wanted = networks.config().spectra;
    const auto there = [&](const SpectrumConfig& each) {
        return molecule.spectra[static_cast<size_t>(spectrumKind(each.kind))].has_value();
    };
    return networks.config().optional ? std::any_of(wanted.begin(), wanted.end(), there)
                                      : std::all_of(wanted.begin(), wanted.end(), there);
}

/// Molecules drawn from shards, those alone that have spectra and known elements.
struct Drawn {
    std::vector<Draw> molecules;
    int64_t withoutSpectra = 0, withoutElements = 0;
};

Drawn drawMolecules(const CommandLine& line, const AlignedNetworks& networks,
                    const std::vector<std::string>& kinds) {
    const auto shards = line.get<std::vector<std::string>>("held-back");
    int64_t all = 0;
    for (const std::string& path : shardPaths(shards))
        all += shardSize(path);
    std::vector<int64_t> places =
        Random(static_cast<uint64_t>(line.get<int64_t>("seed"))).permutation(all);
    if (const auto wanted = line.get<int64_t>("molecules"); wanted > 0 && wanted < all)
        places.resize(static_cast<size_t>(wanted));
    std::sort(places.begin(), places.end());
    Drawn drawn;
    for (const Draw& draw : moleculesAt(shards, places)) {
        Molecule limited = limitedTo(kinds, *draw.molecule);
        const bool unknown = !whyUnknown(limited, networks).empty();
        const bool bare = !hasSpectra(limited, networks);
        drawn.withoutElements += unknown;
        drawn.withoutSpectra += bare && !unknown;
        if (!unknown && !bare)
            drawn.molecules.push_back(
                {std::make_shared<const Molecule>(std::move(limited)), draw.number, draw.file});
    }
    if (drawn.molecules.size() < 2)
        fail("searching held-back molecules: ", drawn.molecules.size(), " of ", places.size(),
             " have spectra (", join(kinds, ", "), ") and elements that the network knows, ",
             "expected two or more");
    return drawn;
}

/// A molecule's spectra: the part that counts as known, scaled if wanted.
QueryCurves usedCurves(const Draw& draw, const AlignedNetworks& networks, const CurveUse& use) {
    QueryCurves curves = curvesOf(draw, networks);
    for (size_t n = 0; n < curves.size(); n++) {
        const SpectrumConfig& config = networks.config().spectra[n];
        const auto& range = use.ranges[static_cast<size_t>(spectrumKind(config.kind))];
        if (curves[n] && range)
            limitTo(*range, {config.start, config.step, config.points}, *curves[n]);
        if (curves[n] && !use.absolute)
            scaleMean(config.scale, *curves[n]);
    }
    return curves;
}

/// A number for each formula, by molecule.
std::vector<int64_t> formulas(const std::vector<Draw>& molecules) {
    std::map<std::vector<int>, int64_t> known;
    std::vector<int64_t> groups;
    for (const Draw& draw : molecules) {
        groups.push_back(known.try_emplace(formulaOf(draw.molecule->numbers),
                                           static_cast<int64_t>(known.size()))
                             .first->second);
    }
    return groups;
}

/// Number of molecules of each molecule's group.
std::vector<int64_t> sizesOf(const std::vector<int64_t>& groups) {
    std::map<int64_t, int64_t> count;
    for (const int64_t group : groups)
        count[group]++;
    std::vector<int64_t> sizes;
    for (const int64_t group : groups)
        sizes.push_back(count[group]);
    return sizes;
}

Json rangesJson(const CurveUse& use) {
    Json ranges = Json::object();
    for (const SpectrumKind kind : spectrumKinds)
        if (const auto& range = use.ranges[static_cast<size_t>(kind)])
            ranges[nameOf(kind)] = {range->low, range->high};
    return ranges;
}

Json qualityJson(const MatchQuality& quality) {
    return {{"top1", quality.top1},
            {"top10", quality.top10},
            {"mean_reciprocal_rank", quality.meanReciprocalRank}};
}

/// Among molecules of the same formula, where there are at least two.
Json isomersJson(const std::vector<int64_t>& ranks, const std::vector<int64_t>& sizes,
                 const std::vector<int64_t>& formulas) {
    std::vector<int64_t> ranksThere, sizesThere;
    std::map<int64_t, int64_t> groups;
    for (size_t n = 0; n < ranks.size(); n++)
        if (sizes[n] > 1) {
            ranksThere.push_back(ranks[n]);
            sizesThere.push_back(sizes[n]);
            groups[formulas[n]]++;
        }
    if (ranksThere.empty())
        return nullptr;
    const auto molecules = static_cast<double>(ranksThere.size());
    return {{"molecules", ranksThere.size()},
            {"groups", groups.size()},
            {"mean_group", molecules / static_cast<double>(groups.size())},
            {"network", qualityJson(qualityOf(ranksThere))},
            {"formula", qualityJson(qualityOfRandomOrder(sizesThere))}};
}

void printRow(std::string title, const Json& quality) {
    title.resize(26, ' ');
    std::cout << title;
    for (const char* key : {"top1", "top10", "mean_reciprocal_rank"}) {
        const std::string text = toFixed(quality.at(key).get<double>(), 4);
        std::cout << std::string(12 - text.size(), ' ') << text;
    }
    std::cout << "\n";
}

void print(const Json& result) {
    std::cout << result.at("molecules") << " molecules of " << result.at("formulas")
              << " formulas, by " << join(result.at("kinds").get<std::vector<std::string>>(), ", ")
              << (result.at("absolute") ? "" : ", each scaled to the mean of training")
              << "\n" << std::string(33, ' ') << "top-1      top-10  mean 1/rank\n";
    printRow("among all", result.at("all").at("network"));
    printRow("  by the formula alone", result.at("all").at("formula"));
    const Json& isomers = result.at("isomers");
    if (isomers.is_null()) {
        std::cout << "no two molecules have the same formula\n";
        return;
    }
    printRow("among isomers", isomers.at("network"));
    printRow("  by the formula alone", isomers.at("formula"));
    std::cout << "isomers: " << isomers.at("molecules") << " molecules, "
              << toFixed(isomers.at("mean_group").get<double>(), 1) << " of a formula on average\n";
}

}  // namespace

int matchHeldBack(const CommandLine& line, AlignedNetworks& networks) {
    const std::vector<std::string> kinds = wantedKinds(line, networks.config());
    const CurveUse use = curveUse(line, kinds);
    const Drawn drawn = drawMolecules(line, networks, kinds);
    const std::vector<int64_t> groups = formulas(drawn.molecules), sizes = sizesOf(groups);
    const at::Tensor molecules = moleculeFeatures(networks, drawn.molecules);
    const at::Tensor spectra =
        spectraFeatures(networks, drawn.molecules.size(), [&](size_t n) {
            return usedCurves(drawn.molecules[n], networks, use);
        });
    const std::vector<int64_t> everywhere(groups.size(), 0);
    const Json result{
        {"molecules", drawn.molecules.size()},
        {"formulas", *std::max_element(groups.begin(), groups.end()) + 1},
        {"kinds", kinds},
        {"absolute", use.absolute},
        {"ranges", rangesJson(use)},
        {"seed", line.get<int64_t>("seed")},
        {"left_out", {{"without_spectra", drawn.withoutSpectra},
                      {"of_unknown_elements", drawn.withoutElements}}},
        {"all", {{"network", qualityJson(qualityOf(ranksOfOwn(molecules, spectra, everywhere)))},
                 {"formula", qualityJson(qualityOfRandomOrder(sizes))}}},
        {"isomers", isomersJson(ranksOfOwn(molecules, spectra, groups), sizes, groups)}};
    if (drawn.withoutSpectra + drawn.withoutElements > 0)
        std::cerr << cat("warning: left out: ", drawn.withoutSpectra,
                         " molecules without spectra, ", drawn.withoutElements,
                         " with elements that the network does not know\n");
    print(result);
    if (line.values().count("json"))
        writeFileSafely(line.get<std::string>("json"), result.dump(1) + "\n");
    return 0;
}

}  // namespace molspectra
