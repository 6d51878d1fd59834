// Imported checkpoints give the energies, forces and noise of the program that wrote them.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Files.h"
#include "model/Graph.h"
#include "model/ModelFile.h"
#include "model/Network.h"
#include "model/import/Import.h"
#include "trainer/data/Npz.h"
#include "unit/Fixtures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>

namespace molspectra {
namespace {

using test::errorOf;
using testing::HasSubstr;

/// Largest difference over the root mean square, of networks in single and double precision.
constexpr double single = 1e-5, doubled = 1e-10;
/// Whitening divides by the extent of vectors, and so by that of their rounding errors.
constexpr double singleBehindWhitening = 5e-5;

std::string file(const std::string& name) {
    return std::string(IMPORT_DIR) + "/" + name;
}

ImportedModel imported(const std::string& name) {
    return importCheckpoint(file(name + ".ckpt"), {"kcal/mol", {1, 6, 7, 8}, nullptr});
}

struct Case {
    std::string checkpoint, molecule;
    bool whitened = false;
};

void PrintTo(const Case& test, std::ostream* stream) {
    *stream << test.checkpoint << ", " << test.molecule;
}

std::string nameOf(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.checkpoint + "_" + info.param.molecule;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

std::vector<Case> allCases() {
    std::vector<Case> cases;
    for (const char* molecule : {"ethanol", "cluster"}) {
        for (const char* name : {"smooth", "double", "lower-cutoff", "historic"})
            cases.push_back({name, molecule});
        for (const char* name : {"coord", "molspectra", "frad"})
            cases.push_back({name, molecule, true});
    }
    return cases;
}

class Imported : public testing::TestWithParam<Case> {
protected:
    NpyArray expected(const std::string& key) const {
        return golden.read(cat(GetParam().checkpoint, "_", GetParam().molecule, "_", key));
    }

    bool expects(const std::string& key) const {
        return golden.contains(cat(GetParam().checkpoint, "_", GetParam().molecule, "_", key));
    }

    Graph graph(const LoadedModel& model) const {
        const MoleculeGraph molecule = moleculeGraph(
            numbers, golden.read(GetParam().molecule + "_pos").values,
            model.description.config.cutoff, std::nullopt);
        const MoleculeGraph* list[] = {&molecule};
        return joinGraphs(list, model.description.dtype == "float64" ? at::kDouble : at::kFloat);
    }

    /// `shift` is added to what the network gives.
    void compare(const std::string& key, const at::Tensor& found, double tolerance,
                 double shift = 0.0) const {
        const NpyArray golden = expected(key);
        const at::Tensor theirs = at::tensor(golden.values, at::kDouble) - shift;
        const at::Tensor ours = found.detach().to(at::kDouble).flatten();
        ASSERT_EQ(ours.numel(), theirs.numel()) << key;
        const double difference = (ours - theirs).abs().max().item<double>();
        const double rms = theirs.square().mean().sqrt().item<double>();
        EXPECT_LE(difference, tolerance * rms) << key << ": " << difference / rms;
    }

    void check(LoadedModel& model, double tolerance) const {
        const Graph atoms = graph(model);
        const EnergyForces found = evaluate(model.network, atoms, true);
        // Without the offset, which would hide differences of the network.
        compare("energy", found.energy, tolerance, model.description.offset.of(numbers));
        compare("forces", found.forces, tolerance);
        if (expects("noise"))
            compare("noise", call(model.network, "noise", atoms.atoms()).toTensor(), tolerance);
    }

    NpzFile golden{file("expected.npz")};
    std::vector<int> numbers = [this] {
        const NpyArray z = golden.read(GetParam().molecule + "_z");
        return std::vector<int>(z.values.begin(), z.values.end());
    }();
};

TEST_P(Imported, EnergiesForcesAndNoise_AreTheOriginals) {
    ImportedModel result = imported(GetParam().checkpoint);
    if (result.model.description.dtype == "float32")
        check(result.model, GetParam().whitened ? singleBehindWhitening : single);
    convertTo(result.model, "float64");
    check(result.model, doubled);
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, Imported, testing::ValuesIn(allCases()), nameOf);

}  // namespace

TEST(Import, Model_GoesThroughItsFile) {
    const ImportedModel result = imported("molspectra");
    const test::TemporaryFolder folder;
    const std::string path = folder / "imported.pt";
    saveModel(path, result.model.network, result.model.description);
    const LoadedModel loaded = loadModel(path);
    EXPECT_EQ(loaded.description.config, result.model.description.config);
}

TEST(Import, Description_SaysWhereItCameFrom) {
    const ImportedModel result = imported("historic");
    const ModelDescription& described = result.model.description;
    const auto& from = described.provenance.at("importedFrom");
    EXPECT_EQ(from.at("file"), "historic.ckpt");
    EXPECT_EQ(from.at("sha256"), sha256(readFile(file("historic.ckpt"))));
    EXPECT_EQ(from.at("hyperParameters").at("dataset"), "MD17");
    EXPECT_TRUE(from.contains("pytorch-lightning_version"));
    EXPECT_EQ(described.energyUnit, "kcal/mol");
    EXPECT_EQ(described.config.distanceInfluence, "keys");
}

TEST(Import, MeanAndAtomicEnergies_AreTheOffset) {
    const EnergyOffset offset = imported("historic").model.description.offset;
    EXPECT_EQ(offset.perMolecule, -97.25);
    EXPECT_EQ(offset.perElement.at(6), double(-38.1f));
    EXPECT_EQ(imported("smooth").model.description.offset.perElement.size(), 0u);
}

TEST(Import, Species_AreThoseWithAnAtomicEnergyUnlessGiven) {
    EXPECT_EQ(importCheckpoint(file("double.ckpt"), {"eV", {}, nullptr}).model.description.species,
              (std::vector<int>{1, 6, 7, 8}));
    EXPECT_THAT(errorOf([] { importCheckpoint(file("smooth.ckpt"), {"eV", {}, nullptr}); }),
                HasSubstr("--species"));
    EXPECT_THAT(errorOf([] { importCheckpoint(file("smooth.ckpt"), {"eV", {1, 35}, nullptr}); }),
                HasSubstr("35"));
}

TEST(Import, HistoricFunctions_AreKeptWithAWarning) {
    const ImportedModel coord = imported("coord");
    EXPECT_FALSE(coord.model.description.config.vectorCutoff);
    EXPECT_EQ(coord.model.description.config.vectorNorm, "whitened-anisotropic");
    EXPECT_TRUE(coord.model.description.config.noiseHead);
    EXPECT_THAT(coord.warnings, testing::Contains(HasSubstr("without vector_cutoff")));
    EXPECT_THAT(coord.warnings, testing::Contains(HasSubstr("anisotropic")));
    EXPECT_TRUE(imported("smooth").warnings.empty());
}

TEST(Import, WhatIsLeftOut_IsNamed) {
    const ImportedModel result = imported("molspectra");
    EXPECT_FALSE(result.spectra);
    // Three spectra of 2 + 1 + 2 tensors, two layers of 23 and the head of 4.
    EXPECT_THAT(result.warnings,
                testing::Contains(AllOf(HasSubstr("representation_spec_model.* (65)"),
                                        HasSubstr("--spectra-output"))));
    const auto left = result.model.description.provenance.at("importedFrom").at("leftOut");
    const auto names = left.get<std::vector<std::string>>();
    EXPECT_EQ(names.size(), 65U + 2U);
    for (const char* name : {"model.representation_spec_model.backbone.W_P.0.weight",
                             "model.pos_normalizer.acc_sum",
                             "model.output_model.output_network.1.vec2_proj.weight"})
        EXPECT_THAT(names, testing::Contains(name));
}

TEST(Import, EnergiesOfPretraining_AreMarkedAsUntrained) {
    const ImportedModel result = imported("molspectra");
    EXPECT_FALSE(result.model.description.energiesTrained);
    EXPECT_THAT(result.warnings, testing::Contains(HasSubstr("denoising only")));
    EXPECT_TRUE(imported("coord").model.description.energiesTrained);
}

TEST(Import, EveryTensorThatDoesNotFit_IsNamed) {
    nlohmann::json other = imported("smooth").model.description.provenance.at("importedFrom")
                               .at("hyperParameters");
    other["num_rbf"] = 7;
    other["neighbor_embedding"] = false;
    const std::string error = errorOf(
        [&] { importCheckpoint(file("smooth.ckpt"), {"eV", {1}, other}); });
    for (const char* part :
         {"distance_expansion.means is [6], expected [7]",
          "attention_layers.0.dk_proj.weight is [12,6], expected [12,7]",
          "attention_layers.1.dv_proj.weight is [36,6], expected [36,7]",
          "model.representation_model.neighbor_embedding.embedding.weight [10,12] is unknown"})
        EXPECT_THAT(error, HasSubstr(part));
    other["distance_influence"] = "both";
    other["neighbor_embedding"] = true;
    other["num_rbf"] = 6;
    other["layernorm_on_vec"] = "whitened";
    EXPECT_THAT(errorOf([&] { importCheckpoint(file("smooth.ckpt"), {"eV", {1}, other}); }),
                HasSubstr("representation_model.out_norm_vec.weight [12] is missing"));
}

}  // namespace molspectra
