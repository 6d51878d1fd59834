// The network against dumps of TorchMD-Net, and against a NumPy transcription where it has norms.
// SPDX-License-Identifier: MIT
#include "core/ModelConfig.h"
#include "core/Files.h"
#include "golden/GoldenWeights.h"
#include "model/Graph.h"
#include "model/Network.h"
#include "trainer/data/Npz.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace molspectra {
namespace {

struct Case {
    std::string network, file;
    nlohmann::json config;
    at::ScalarType type = at::kDouble;
};

nlohmann::json index() {
    return nlohmann::json::parse(readFile(std::string(GOLDEN_DIR) + "/index.json"));
}

std::vector<Case> allCases() {
    std::vector<Case> cases;
    const nlohmann::json table = index();
    for (const auto& network : table.at("networks"))
        for (const auto& file : network.at("files"))
            for (const auto type : {at::kFloat, at::kDouble})
                cases.push_back({network.at("network"), file, network.at("config"), type});
    return cases;
}

void PrintTo(const Case& test, std::ostream* stream) {
    *stream << test.file;
}

std::string nameOf(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.file.substr(0, info.param.file.find('.')) +
                       (info.param.type == at::kFloat ? "_Single" : "_Double");
    for (char& letter : name)
        if (!std::isalnum(static_cast<unsigned char>(letter)))
            letter = '_';
    return name;
}

at::Tensor tensorOf(const NpyArray& array) {
    const std::vector<int64_t> shape(array.shape.begin(), array.shape.end());
    return at::tensor(array.values, at::kDouble).view(shape);
}

class Golden : public testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        const Case& test = GetParam();
        network = makeNetwork(configFromJson(test.config, test.file), 0, test.type);
        setGoldenWeights(network, index().at("energyScale"));
        std::optional<Cell> cell;
        if (file.contains("cell")) {
            const NpyArray rows = file.read("cell");
            cell.emplace();
            for (size_t n = 0; n < 9; n++)
                (*cell)[n / 3][n % 3] = rows.values[n];
        }
        const NpyArray z = file.read("z");
        const std::vector<int> numbers(z.values.begin(), z.values.end());
        const MoleculeGraph molecule = moleculeGraph(
            numbers, file.read("pos").values, test.config.at("cutoff"), cell);
        const MoleculeGraph* list[] = {&molecule};
        graph = joinGraphs(list, test.type);
    }

    /// Largest difference over the root mean square of the golden values.
    void compare(const std::string& key, const at::Tensor& ours) {
        const at::Tensor expected = tensorOf(file.read(key));
        const at::Tensor found = ours.detach().to(at::kDouble).reshape(expected.sizes());
        const double difference = (found - expected).abs().max().item<double>();
        const double rms = expected.square().mean().sqrt().item<double>();
        EXPECT_LE(difference, tolerance() * rms) << key << ": " << difference / rms;
    }

    /// Whitening magnifies the rounding of vectors near zero, as those of atoms far apart are.
    double tolerance() const {
        const bool whitened =
            GetParam().config.at("layerNorms") || GetParam().config.at("vectorNorm") != "none";
        if (GetParam().type == at::kFloat)
            return whitened                ? singleBehindWhitening
                   : file.contains("cell") ? singlePeriodic
                                           : single;
        return whitened ? doubleBehindWhitening : doubled;
    }

    static constexpr double single = 1e-5;
    /// Adding cell vectors to positions rounds displacements as positions, not as distances.
    static constexpr double singlePeriodic = 2e-5;
    static constexpr double doubled = 1e-12;
    static constexpr double singleBehindWhitening = 1e-2;
    static constexpr double doubleBehindWhitening = 1e-10;

    at::Tensor strided(const at::Tensor& values) const {
        const auto stride = static_cast<int64_t>(file.read("stride").values[0]);
        return values.slice(-1, 0, std::nullopt, stride);
    }

    NpzFile file{std::string(GOLDEN_DIR) + "/" + GetParam().file};
    torch::jit::Module network{"empty"};
    Graph graph;
};

TEST_P(Golden, EveryStage_IsTheOriginals) {
    const auto stages = call(network, "encode", graph.atoms()).toTensorVector();
    compare("embedding", strided(stages[0]));
    const size_t layers = stages.size() / 2 - 2;
    for (size_t layer = 0; layer < layers; layer++) {
        const std::string name = "layer" + std::to_string(layer);
        compare(name + "_x", strided(stages[2 * layer + 2]));
        compare(name + "_v", strided(stages[2 * layer + 3]));
    }
    compare("final_x", strided(stages[stages.size() - 2]));
    if (file.contains("final_v"))
        compare("final_v", strided(stages.back()));
}

TEST_P(Golden, EnergyAndForces_AreTheOriginals) {
    const EnergyForces found = evaluate(network, graph, true);
    compare("energy", found.energy);
    if (file.contains("forces"))
        compare("forces", found.forces);
}

INSTANTIATE_TEST_SUITE_P(TorchMDNet, Golden, testing::ValuesIn(allCases()), nameOf);

}  // namespace
}  // namespace molspectra
