// Checkpoints of TorchMD-Net, Coord, Frad and MolSpectra as models of our own.
// SPDX-License-Identifier: MIT
#include "model/import/Import.h"

#include "core/Error.h"
#include "core/Files.h"
#include "core/Units.h"
#include "model/Network.h"
#include "model/import/ForeignCheckpoint.h"
#include "model/import/HyperParameters.h"
#include "model/import/WeightTable.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace molspectra {

namespace {

using Json = nlohmann::json;

const std::string encoder = "representation_model.";
const std::string atomEnergies = "prior_model.atomref.weight";

std::vector<int64_t> withoutOnes(const std::vector<int64_t>& shape) {
    return shape == std::vector<int64_t>{1} ? std::vector<int64_t>{} : shape;
}

bool startsWithAny(const std::string& name, std::initializer_list<const char*> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const char* prefix) { return name.starts_with(prefix); });
}

/// Carries one checkpoint over, and collects what does not fit so that all of it can be told.
class Importer {
public:
    Importer(const std::string& path, const ImportOptions& options)
        : path_(path), options_(options), checkpoint_(path), tensors_(checkpoint_.tensors()),
          parameters_(options.hyperParameters.is_null() ? checkpoint_.hyperParameters()
                                                        : options.hyperParameters) {}

    ImportedModel run();

private:
    void readConfig();
    void checkTensors();
    void checkAtomEnergies();
    void checkLeftOver(const std::string& canonical, const ForeignTensor& tensor);
    const ForeignTensor* find(const std::string& canonical, const std::vector<int64_t>& shape);
    bool isZero(const ForeignTensor& tensor) const;
    void copyInto(Tensors& made, const WeightSource& source) const;
    torch::jit::Module network();
    void readOffset();
    void completeAtomEnergies();
    std::vector<int> species() const;
    void warnOfHistory();
    Json provenance() const;

    Tensor read(const std::string& canonical) const {
        return checkpoint_.read(tensors_.at(canonical));
    }
    void leaveOut(const ForeignTensor& tensor) { leftOut_.push_back(tensor.name); }
    template <class... Parts>
    void problem(const Parts&... parts) { problems_.push_back(cat(parts...)); }
    template <class... Parts>
    void warn(const Parts&... parts) { result_.warnings.push_back(cat(parts...)); }
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        fail("importing ", path_, ": ", parts...);
    }
    ModelDescription& description() { return result_.model.description; }

    const std::string& path_;
    const ImportOptions& options_;
    ForeignCheckpoint checkpoint_;
    const std::map<std::string, ForeignTensor>& tensors_;
    std::set<std::string> used_;  // by canonical name
    Json parameters_;
    ModelConfig config_;
    bool hasAtomEnergies_ = false;
    std::vector<WeightSource> table_;
    std::vector<std::string> problems_, leftOut_;
    ImportedModel result_{{torch::jit::Module("empty"), {}}, {}};
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

/// The tensor if it has this shape; what is wrong with it is noted.
const ForeignTensor* Importer::find(const std::string& canonical,
                                    const std::vector<int64_t>& shape) {
    const auto found = tensors_.find(canonical);
    if (found == tensors_.end()) {
        problem(canonical, " ", shapeText(shape), " is missing");
        return nullptr;
    }
    used_.insert(canonical);
    const ForeignTensor& tensor = found->second;
    if (withoutOnes(tensor.stored.shape) == withoutOnes(shape))
        return &tensor;
    problem(tensor.name, " is ", shapeText(tensor.stored.shape), ", expected ", shapeText(shape));
    return nullptr;
}

void Importer::checkTensors() {
    for (const WeightSource& source : table_)
        if (const auto* tensor = find(source.theirs, source.shape); tensor && source.ours.empty())
            leaveOut(*tensor);
    find("mean", {});
    if (hasAtomEnergies_)
        checkAtomEnergies();
    for (const auto& [canonical, tensor] : tensors_)
        if (!used_.contains(canonical))
            checkLeftOver(canonical, tensor);
    if (!problems_.empty())
        refuse("its tensors do not fit its hyper-parameters: ", join(problems_, "; "));
}

/// Their number is the prior's own, not max_z.
void Importer::checkAtomEnergies() {
    const auto found = tensors_.find(atomEnergies);
    const bool counted = found != tensors_.end() && !found->second.stored.shape.empty();
    find(atomEnergies, {counted ? found->second.stored.shape[0] : config_.elements, 1});
}

void Importer::checkLeftOver(const std::string& canonical, const ForeignTensor& tensor) {
    const bool vectorBias = canonical.ends_with("vec_proj.bias") ||
                            canonical.ends_with("vec1_proj.bias") ||
                            canonical.ends_with("vec2_proj.bias");
    const bool box = canonical == encoder + "distance.box";
    const bool known =
        startsWithAny(canonical, {"pos_normalizer.", "representation_spec_model.",
                                  "output_model_spec.", "output_model_mol."}) ||
        canonical == "prior_model.initial_atomref" || canonical == atomEnergies;
    if (vectorBias && !isZero(tensor))
        problem(tensor.name, " is a bias on vectors, which does not turn with the molecule and ",
                "which our network does not have");
    else if (!known && !vectorBias && !box)
        problem(tensor.name, " ", shapeText(tensor.stored.shape), " is unknown");
    else
        leaveOut(tensor);
    if (box && !isZero(tensor))
        warn("the box that it was trained in was left out; boxes come with the atoms");
}

bool Importer::isZero(const ForeignTensor& tensor) const {
    const Tensor read = checkpoint_.read(tensor);
    return std::all_of(read.values.begin(), read.values.end(),
                       [](double value) { return value == 0.0; });
}

void Importer::copyInto(Tensors& made, const WeightSource& source) const {
    const Tensor from = read(source.theirs);
    Tensor& to = made.at(source.ours);
    const auto all = source.shape.empty() ? 1 : source.shape[0];
    const auto columns = static_cast<int64_t>(from.values.size()) / all;
    const int64_t rows = source.rows < 0 ? all : source.rows;
    const int64_t width = config_.channels / config_.heads;
    for (int64_t row = 0; row < rows; row++) {
        // Row (head, kind, channel) of theirs is (kind, head, channel) of ours.
        const int64_t head = row / (3 * width), kind = row / width % 3, channel = row % width;
        const int64_t place = source.byHead ? (kind * config_.heads + head) * width + channel : row;
        std::copy_n(from.values.begin() + row * columns, columns,
                    to.values.begin() + (source.firstRow + place) * columns);
    }
}

torch::jit::Module Importer::network() {
    Tensors made;
    for (const auto& [name, shape] : tensorShapes(config_)) {
        int64_t count = 1;
        for (const int64_t size : shape)
            count *= size;
        made[name] = {shape, std::vector<double>(static_cast<size_t>(count))};
    }
    std::set<std::string> filled;
    for (const WeightSource& source : table_)
        if (!source.ours.empty()) {
            copyInto(made, source);
            filled.insert(source.ours);
        }
    torch::jit::Module network = makeNetwork(
        config_, 0, description().dtype == "float64" ? at::kDouble : at::kFloat);
    const at::NoGradGuard noGradients;
    const auto set = [&](const std::string& name, at::Tensor tensor) {
        if (filled.contains(name))
            tensor.copy_(at::tensor(made.at(name).values, at::kDouble).view(tensor.sizes()));
        else if (name.ends_with("regularization"))
            tensor.copy_(1e-5 * at::arange(2, 5, at::kDouble));  // as published: eps diag(2,3,4)
        else if (!name.ends_with("scalar_norm_weight") && !name.ends_with("scalar_norm_bias"))
            refuse("nothing in it becomes our tensor ", name);
    };
    for (const auto& item : network.named_parameters())
        set(item.name, item.value);
    for (const auto& item : network.named_buffers())
        set(item.name, item.value);
    return network;
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
    if (parameters_.value("denoising_only", Json()) == true)
        warn("it was trained on denoising only: its energies mean nothing before finetune");
    for (const char* part : {"representation_spec_model.", "output_model_spec.",
                             "output_model_mol.", "pos_normalizer."}) {
        const auto count = std::count_if(tensors_.begin(), tensors_.end(), [&](const auto& item) {
            return item.first.starts_with(part);
        });
        if (count > 0)
            warn("its tensors ", part, "* (", count, ") were left out: a model file holds what ",
                 "gives energies, forces and noise");
    }
}

Json Importer::provenance() const {
    Json from = {{"file", std::filesystem::path(path_).filename().string()},
                 {"sha256", sha256(readFile(path_))},
                 {"hyperParameters", parameters_},
                 {"leftOut", leftOut_},
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

ImportedModel Importer::run() {
    readConfig();
    checkTensors();
    ModelDescription& described = description();
    described.config = config_;
    described.energyUnit = energyUnit(options_.energyUnit);
    described.toolVersion = cat("molspectra ", MOLSPECTRA_VERSION);
    for (const std::string& name : used_)
        if (tensors_.at(name).stored.dtype == "float64")
            described.dtype = "float64";
    readOffset();
    described.species = species();
    completeAtomEnergies();
    result_.model.network = network();
    warnOfHistory();
    described.provenance = provenance();
    return std::move(result_);
}

}  // namespace

ImportedModel importCheckpoint(const std::string& path, const ImportOptions& options) {
    return Importer(path, options).run();
}

}  // namespace molspectra
