// Checkpoints of TorchMD-Net, Coord, Frad and MolSpectra as models of our own.
// SPDX-License-Identifier: MIT
#include "model/import/Import.h"

#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "model/Network.h"
#include "model/SpecFormer.h"
#include "model/import/CarryOver.h"
#include "model/import/ForeignCheckpoint.h"
#include "model/import/HyperParameters.h"
#include "model/import/SpectraTable.h"
#include "model/import/TensorCheck.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace molspectra {

namespace {

using Json = nlohmann::json;

const std::string encoder = "representation_model.";
const std::string atomEnergies = "prior_model.atomref.weight";

/// Carries one checkpoint over.
class Importer {
public:
    Importer(const std::string& path, const ImportOptions& options)
        : path_(path), options_(options), checkpoint_(path), tensors_(checkpoint_.tensors()),
          check_(checkpoint_, options.spectra),
          parameters_(options.hyperParameters.is_null() ? checkpoint_.hyperParameters()
                                                        : options.hyperParameters) {}

    ImportedModel run();

private:
    void readConfig();
    void readSpectraConfig();
    void checkTensors();
    void checkAtomEnergies();
    torch::jit::Module network() const;
    torch::jit::Module specFormer();
    void readOffset();
    void completeAtomEnergies();
    std::vector<int> species() const;
    void warnOfHistory();
    void warnOfLeftOut();
    int64_t countOf(const std::string& prefix) const;
    Json provenance() const;
    void describeSpectra(SpectraDescription& described) const;

    Tensor read(const std::string& canonical) const {
        return checkpoint_.read(tensors_.at(canonical));
    }
    template <class... Parts>
    void warn(const Parts&... parts) { result_.warnings.push_back(cat(parts...)); }
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        fail("importing ", path_, ": ", parts...);
    }
    ModelDescription& description() { return result_.model.description; }
    const ModelDescription& description() const { return result_.model.description; }

    const std::string& path_;
    const ImportOptions& options_;
    ForeignCheckpoint checkpoint_;
    const std::map<std::string, ForeignTensor>& tensors_;
    TensorCheck check_;
    Json parameters_;
    ModelConfig config_;
    bool hasAtomEnergies_ = false;
    SpectraConfig spectraConfig_;
    std::vector<WeightSource> table_, spectraTable_;
    ImportedModel result_{{torch::jit::Module("empty"), {}}, {}, {}};
};

void Importer::readConfig() {
    std::set<std::string> names;
    for (const auto& [name, tensor] : tensors_)
        names.insert(name);
    config_ = configFromHyperParameters(parameters_, names, path_);
    hasAtomEnergies_ = addsAtomEnergies(parameters_, path_);
    int layers = 0;
    while (names.contains(cat(encoder, "attention_layers.", layers, ".layernorm.weight")))
        layers++;
    if (layers != config_.layers)
        refuse("it has tensors of ", layers, " layers, expected ", config_.layers,
               ", its hyper-parameter num_layers");
    table_ = weightTable(config_, names.contains(encoder + "x_norms.0.weight"));
}

void Importer::readSpectraConfig() {
    if (countOf(specFormerPrefix) == 0)
        refuse("it has no tensors ", specFormerPrefix, "*, expected a SpecFormer to write to ",
               "--spectra-output; leave that option out");
    spectraConfig_ = specFormerConfig(parameters_, checkpoint_, config_.channels);
    spectraTable_ = specFormerTable(spectraConfig_);
}

void Importer::checkTensors() {
    check_.ask(table_);
    check_.ask(spectraTable_);
    check_.ask("mean", {});
    if (hasAtomEnergies_)
        checkAtomEnergies();
    check_.judgeOthers();
    if (!check_.problems().empty())
        refuse("its tensors do not fit its hyper-parameters: ", join(check_.problems(), "; "));
}

/// Their number is the prior's own, not max_z.
void Importer::checkAtomEnergies() {
    const auto found = tensors_.find(atomEnergies);
    const bool counted = found != tensors_.end() && !found->second.stored.shape.empty();
    check_.ask(atomEnergies, {counted ? found->second.stored.shape[0] : config_.elements, 1});
}

torch::jit::Module Importer::network() const {
    torch::jit::Module network = makeNetwork(
        config_, 0, description().dtype == "float64" ? at::kDouble : at::kFloat);
    const auto reader = [&](const std::string& theirs) { return read(theirs); };
    const at::NoGradGuard noGradients;
    for (const auto& [name, tensor] : carryOver(network, table_, config_.heads, reader))
        if (name.ends_with("regularization"))
            tensor.copy_(1e-5 * at::arange(2, 5, at::kDouble));  // as published: eps diag(2,3,4)
        else if (!name.ends_with("scalar_norm_weight") && !name.ends_with("scalar_norm_bias"))
            refuse("nothing in it becomes our tensor ", name);
    return network;
}

torch::jit::Module Importer::specFormer() {
    spectraConfig_.heads = specFormerHeads(spectraConfig_, checkpoint_);
    torch::jit::Module made = makeSpecFormer(spectraConfig_, 0);
    const auto reader = [&](const std::string& theirs) { return read(theirs); };
    for (const auto& [name, tensor] : carryOver(made, spectraTable_, 1, reader))
        if (name != "log_scale")  // the published temperature, with which it was made
            refuse("nothing in it becomes our tensor ", name);
    if (description().dtype == "float64")
        warn("its SpecFormer was rounded to single precision");
    return made;
}

void Importer::readOffset() {
    EnergyOffset& offset = description().offset;
    offset.perMolecule = read("mean").values.at(0);
    if (!hasAtomEnergies_) {
        if (tensors_.contains(atomEnergies))
            warn("its energies of atoms were left out, as its hyper-parameters switch them off: "
                 "energies are relative to them");
        return;
    }
    const Tensor energies = read(atomEnergies);
    const auto known = std::min(energies.values.size(), static_cast<size_t>(config_.elements));
    for (size_t z = 1; z < known; z++)
        if (energies.values[z] != 0.0)
            offset.perElement[static_cast<int>(z)] = energies.values[z];
}

std::vector<int> Importer::species() const {
    std::vector<int> list = options_.species;
    if (list.empty())
        for (const auto& [element, energy] : result_.model.description.offset.perElement)
            list.push_back(element);
    if (list.empty())
        refuse("found nothing that says which elements it was trained on, expected a list; give "
               "it with --species, as H,C,O");
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    for (const int element : list)
        if (element < 1 || element >= config_.elements)
            refuse("the species name atomic number ", element, ", expected numbers from 1 to ",
                   config_.elements - 1, " (its hyper-parameter max_z is ", config_.elements, ")");
    return list;
}

void Importer::warnOfHistory() {
    if (!config_.vectorCutoff)
        warn("its function is the historic one without vector_cutoff: energies and forces jump "
             "where two atoms come within ", config_.cutoff, " A, so molecules larger than that ",
             "do not conserve energy");
    if (config_.layerNorms || config_.vectorNorm != "none")
        warn("its function is the historic one with anisotropic whitening: energies change a "
             "little when the molecule is turned");
    if (!description().energiesTrained)
        warn("it was trained on denoising only: its energies mean nothing before finetune");
}

int64_t Importer::countOf(const std::string& prefix) const {
    return std::count_if(tensors_.begin(), tensors_.end(), [&](const auto& item) {
        return item.first.starts_with(prefix);
    });
}

void Importer::warnOfLeftOut() {
    if (const auto box = tensors_.find(encoder + "distance.box");
        box != tensors_.end() && !checkpoint_.isZero(box->second))
        warn("the box that it was trained in was left out; boxes come with the atoms");
    if (const int64_t count = countOf(specFormerPrefix); count > 0 && !options_.spectra)
        warn("its tensors ", specFormerPrefix, "* (", count, ") were left out: give ",
             "--spectra-output to write them to a file as well");
    for (const char* part : {"output_model_spec.", "output_model_mol.", "pos_normalizer."})
        if (const int64_t count = countOf(part); count > 0)
            warn("its tensors ", part, "* (", count, ") were left out: a model file holds what ",
                 "gives energies, forces and noise");
}

Json Importer::provenance() const {
    Json from = {{"file", std::filesystem::path(path_).filename().string()},
                 {"sha256", sha256(readFile(path_))},
                 {"hyperParameters", parameters_},
                 {"leftOut", check_.leftOut()},
                 {"warnings", result_.warnings}};
    for (const char* key : {"pytorch-lightning_version", "epoch", "global_step"})
        if (const Json value = checkpoint_.remark(key); !value.is_null())
            from[key] = value;
    return {{"importedFrom", from}};
}

/// Where the offset has energies of elements, it has them of all that the model knows.
void Importer::completeAtomEnergies() {
    if (!hasAtomEnergies_)
        return;
    const int64_t count = tensors_.at(atomEnergies).stored.shape.at(0);
    for (const int element : description().species) {
        if (element >= count)
            refuse("the species name atomic number ", element, ", but its tensor ",
                   tensors_.at(atomEnergies).name, " has energies below ", count,
                   ", expected elements that it knows");
        description().offset.perElement.try_emplace(element, 0.0);
    }
}

void Importer::describeSpectra(SpectraDescription& described) const {
    described.config = spectraConfig_;
    described.toolVersion = description().toolVersion;
    described.provenance = description().provenance;
}

ImportedModel Importer::run() {
    readConfig();
    if (options_.spectra)
        readSpectraConfig();
    checkTensors();
    ModelDescription& described = description();
    described.config = config_;
    described.energyUnit = energyUnit(options_.energyUnit);
    described.toolVersion = cat("molspectra ", MOLSPECTRA_VERSION);
    for (const auto& [canonical, tensor] : tensors_)
        if (check_.asked(canonical) && tensor.stored.dtype == "float64")
            described.dtype = "float64";
    described.energiesTrained = trainsEnergies(parameters_);
    readOffset();
    described.species = species();
    completeAtomEnergies();
    result_.model.network = network();
    if (options_.spectra)
        result_.spectra = LoadedSpecFormer{specFormer(), {}};
    warnOfHistory();
    warnOfLeftOut();
    described.provenance = provenance();
    if (result_.spectra)
        describeSpectra(result_.spectra->description);
    return std::move(result_);
}

}  // namespace

ImportedModel importCheckpoint(const std::string& path, const ImportOptions& options) {
    return Importer(path, options).run();
}

void saveImported(const ImportedModel& imported, const std::string& model,
                  const std::string& spectra) {
    saveModel(model, imported.model.network, imported.model.description);
    if (!imported.spectra)
        return;
    SpectraDescription described = imported.spectra->description;
    described.networkSha256 = sha256(readFile(model));
    saveSpecFormer(spectra, imported.spectra->specFormer, described);
}

}  // namespace molspectra
