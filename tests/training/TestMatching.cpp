// Matching: ranks of features made by hand, by their angles, and expectations by their formulas.
// SPDX-License-Identifier: MIT
#include "trainer/training/Matching.h"

#include "core/Files.h"
#include "model/Network.h"
#include "model/SpecFormer.h"
#include "training/Molecules.h"
#include "trainer/training/Reconstruction.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

constexpr double tolerance = 1e-12;
constexpr double singleTolerance = 1e-5;

/// Features in a plane, at these angles (degrees) and of any length [n,2].
at::Tensor directions(const std::vector<double>& angles, double length = 1.0) {
    at::Tensor rows = at::zeros({static_cast<int64_t>(angles.size()), 2}, at::kDouble);
    for (size_t n = 0; n < angles.size(); n++) {
        const double angle = angles[n] * std::numbers::pi / 180;
        rows.data_ptr<double>()[2 * n] = length * std::cos(angle);
        rows.data_ptr<double>()[2 * n + 1] = length * std::sin(angle);
    }
    return rows;
}

SpectraConfig smallSpectra() {
    SpectraConfig config;
    config.spectra = {{"ir", 500, 50, 71, 10, 5, 2.0}, {"raman", 500, 50, 71, 10, 5, 3.0}};
    config.channels = 8;
    config.layers = 1;
    config.heads = 2;
    config.hidden = 16;
    config.outputs = smallConfig().channels;
    return config;
}

/// Writes model.pt and spectra.pt as pretrain does.
void writeRun(const std::string& folder, const std::string& sha = "",
              const std::string& dtype = "float32") {
    ModelDescription network;
    network.config = smallConfig();
    network.species = {1, 8};
    network.toolVersion = "test";
    network.dtype = dtype;
    saveModel(folder + "/model.pt", makeNetwork(network, 1), network);
    SpectraDescription spectra;
    spectra.config = smallSpectra();
    spectra.uvWidth = 0.3;
    spectra.vibrationalWidth = 12.0;
    spectra.networkSha256 = sha.empty() ? sha256(readFile(folder + "/model.pt")) : sha;
    spectra.toolVersion = "test";
    saveSpecFormer(folder + "/spectra.pt", makeSpecFormer(spectra.config, 2), spectra);
}

/// Waters of different shapes, each with an IR and all but the first with a Raman line.
std::vector<Draw> waters(size_t count) {
    Random random(5);
    std::vector<Draw> draws;
    for (size_t n = 0; n < count; n++) {
        const Frame frame = springWater(random);
        auto molecule = std::make_shared<Molecule>();
        molecule->numbers = frame.numbers;
        molecule->positions = frame.positions;
        const Spectrum line{true, {float(1000 + 300 * n)}, {50}, {}};
        molecule->spectra[static_cast<size_t>(SpectrumKind::IR)] = line;
        if (n > 0)
            molecule->spectra[static_cast<size_t>(SpectrumKind::Raman)] = line;
        draws.push_back({molecule, n});
    }
    return draws;
}

at::Tensor ownSpectra(AlignedNetworks& networks, std::span<const Draw> draws) {
    return spectraFeatures(networks, draws.size(), [&](size_t n) {
        return curvesOf(draws[n], networks);
    });
}

}  // namespace

TEST(Matching, Candidates_AreOrderedByTheirAngle) {
    const std::vector<double> angles{50, 10, 130, -20};
    const double scale = 4.0;
    const std::vector<Ranked> ranked =
        rankCandidates(directions({0}, 3.0), {directions({50, 10}), directions({130, -20}, 0.1)},
                       at::scalar_tensor(std::log(scale), at::kDouble));
    std::vector<size_t> order;
    double sum = 0.0;
    for (const double angle : angles)
        sum += std::exp(scale * std::cos(angle * std::numbers::pi / 180));
    for (const Ranked& each : ranked) {
        const double cosine = std::cos(angles[each.candidate] * std::numbers::pi / 180);
        order.push_back(each.candidate);
        EXPECT_NEAR(each.score, cosine, tolerance);
        EXPECT_NEAR(each.probability, std::exp(scale * cosine) / sum, tolerance);
    }
    EXPECT_THAT(order, ElementsAre(1, 3, 0, 2));
}

TEST(Matching, RanksOfOwn_CountWhatFitsBetterInTheGroup) {
    const at::Tensor molecules = directions({0, 10, 20, 30});
    const at::Tensor spectra = directions({1, 1, 19, -5});
    EXPECT_THAT(ranksOfOwn(molecules, spectra, std::vector<int64_t>{0, 0, 0, 0}),
                ElementsAre(1, 2, 1, 4));
    EXPECT_THAT(ranksOfOwn(molecules, spectra, std::vector<int64_t>{0, 1, 0, 1}),
                ElementsAre(1, 1, 1, 2));
}

TEST(Matching, EqualAndUndefinedFits_CountAgainstTheNetwork) {
    const std::vector<int64_t> one{0, 0, 0};
    EXPECT_THAT(ranksOfOwn(directions({5, 5, 5}), directions({0, 0, 0}), one),
                ElementsAre(3, 3, 3));
    at::Tensor broken = directions({0, 40, 80});
    broken.data_ptr<double>()[0] = std::nan("");
    EXPECT_THAT(ranksOfOwn(broken, directions({0, 40, 80}), one), ElementsAre(3, 2, 2));
}

TEST(Matching, Quality_IsTheMeanOverMolecules) {
    const MatchQuality quality = qualityOf(std::vector<int64_t>{1, 2, 10, 11});
    EXPECT_DOUBLE_EQ(quality.top1, 1.0 / 4);
    EXPECT_DOUBLE_EQ(quality.top10, 3.0 / 4);
    EXPECT_DOUBLE_EQ(quality.meanReciprocalRank, (1 + 1.0 / 2 + 1.0 / 10 + 1.0 / 11) / 4);
}

TEST(Matching, QualityOfRandomOrder_IsTheMeanOverAllOrders) {
    // Each place of a group of n is as likely: 1/n for the first, H_n/n for the mean of 1/rank.
    const MatchQuality pair = qualityOfRandomOrder(std::vector<int64_t>{1, 2, 2, 20});
    EXPECT_DOUBLE_EQ(pair.top1, (1 + 0.5 + 0.5 + 1.0 / 20) / 4);
    EXPECT_DOUBLE_EQ(pair.top10, (1 + 1 + 1 + 10.0 / 20) / 4);
    double harmonic = 0.0;
    for (int rank = 1; rank <= 20; rank++)
        harmonic += 1.0 / rank;
    EXPECT_NEAR(pair.meanReciprocalRank, (1 + 0.75 + 0.75 + harmonic / 20) / 4, tolerance);
}

TEST(Matching, ModelAndSpectra_MustBelongTogether) {
    const TemporaryFolder folder;
    writeRun(folder.path(), std::string(64, 'a'));
    EXPECT_THAT(errorOf([&] { loadAligned(folder.path(), c10::kCPU); }),
                HasSubstr(std::string(64, 'a') + ", but " + folder / "model.pt"));
}

TEST(Matching, Features_DoNotDependOnTheCompany) {
    const TemporaryFolder folder;
    writeRun(folder.path());
    AlignedNetworks networks = loadAligned(folder.path(), c10::kCPU);
    const std::vector<Draw> draws = waters(3);
    const at::Tensor molecules = moleculeFeatures(networks, draws);
    const at::Tensor spectra = ownSpectra(networks, draws);
    ASSERT_EQ(molecules.size(0), 3);
    for (size_t n = 0; n < draws.size(); n++) {
        const std::span<const Draw> alone(&draws[n], 1);
        const auto row = static_cast<int64_t>(n);
        EXPECT_TRUE(at::allclose(moleculeFeatures(networks, alone)[0], molecules[row],
                                 singleTolerance, singleTolerance));
        EXPECT_TRUE(at::allclose(ownSpectra(networks, alone)[0], spectra[row], singleTolerance,
                                 singleTolerance));
    }
    EXPECT_FALSE(at::allclose(spectra[0], spectra[1], singleTolerance, singleTolerance));
}

TEST(Matching, NetworkInDouble_GoesWithASpecFormerInSingle) {
    const TemporaryFolder folder;
    writeRun(folder.path(), "", "float64");
    AlignedNetworks networks = loadAligned(folder.path(), c10::kCPU);
    EXPECT_EQ(networks.batchOptions().type, at::kDouble);
    EXPECT_EQ(networks.batchOptions().spectraType, at::kFloat);
    const std::vector<Draw> draws = waters(2);
    EXPECT_EQ(moleculeFeatures(networks, draws).size(0), 2);
    EXPECT_EQ(ownSpectra(networks, draws).size(0), 2);
    EXPECT_EQ(fillMasked(networks, draws[1], 0.25, 1).size(), 2u);
}

TEST(Matching, SpectraOfAQuery_AreTakenAsInTraining) {
    const TemporaryFolder folder;
    writeRun(folder.path());
    AlignedNetworks networks = loadAligned(folder.path(), c10::kCPU);
    const std::vector<Draw> draws = waters(2);
    const SpectraInput input = makePretrainBatch(draws, networks.batchOptions()).spectra;
    const at::Tensor expected = evaluate(networks.spectra.specFormer, input, false).features;
    EXPECT_TRUE(at::allclose(ownSpectra(networks, draws),
                             expected.to(at::kDouble), singleTolerance, singleTolerance));
}

TEST(Matching, PatchesThatAreNotKnownWhole_AreMasked) {
    const TemporaryFolder folder;
    writeRun(folder.path());
    AlignedNetworks networks = loadAligned(folder.path(), c10::kCPU);
    const std::vector<Draw> draws = waters(1);
    SpectraInput input = makePretrainBatch(draws, networks.batchOptions()).spectra;
    QueryCurves query = curvesOf(draws[0], networks);
    const SpectrumConfig& config = networks.config().spectra[0];
    GridCurve& curve = *query[0];
    // One point of the first patch is unknown, and one of the last.
    curve.first = 1;
    curve.known = (config.patches() - 1) * config.stride + config.patch - 2;
    input.masked[0][0][0] = true;
    input.masked[0][0][-1] = true;
    const at::Tensor expected = evaluate(networks.spectra.specFormer, input, false).features;
    const at::Tensor found = spectraFeatures(networks, 1, [&](size_t) { return query; });
    EXPECT_TRUE(at::allclose(found, expected.to(at::kDouble), singleTolerance, singleTolerance));
    const at::Tensor whole = ownSpectra(networks, draws);
    EXPECT_FALSE(at::allclose(found, whole, singleTolerance, singleTolerance));
}

TEST(Reconstruction, HiddenPatches_AreThoseOfTheMask) {
    const TemporaryFolder folder;
    writeRun(folder.path());
    AlignedNetworks networks = loadAligned(folder.path(), c10::kCPU);
    const std::vector<Draw> draws = waters(2);
    const std::vector<FilledSpectrum> both = fillMasked(networks, draws[1], 0.25, 1);
    ASSERT_EQ(both.size(), 2u);
    const SpectrumConfig& config = both[0].config;
    const auto kept = static_cast<int64_t>(static_cast<double>(config.patches()) * 0.75);
    ASSERT_EQ(static_cast<int64_t>(both[0].patches.size()), config.patches() - kept);
    for (const FilledPatch& patch : both[0].patches) {
        EXPECT_EQ(patch.first % config.stride, 0);
        EXPECT_EQ(static_cast<int64_t>(patch.values.size()), config.patch);
        EXPECT_LE(patch.first + config.patch, config.points);
    }
    EXPECT_EQ(fillMasked(networks, draws[0], 0.25, 1).size(), 1u);
    EXPECT_EQ(fillMasked(networks, draws[1], 0.25, 1)[0].patches[0].values,
              both[0].patches[0].values);
    EXPECT_THAT(errorOf([&] {
                    auto bare = std::make_shared<Molecule>(*draws[0].molecule);
                    bare->spectra = {};
                    fillMasked(networks, {bare, 4}, 0.25, 1);
                }),
                HasSubstr("molecule 4: it has none of the spectra"));
}
