// Whether a checkpoint has the tensors that are asked of it, and whether any other one matters.
// SPDX-License-Identifier: MIT
#include "model/import/TensorCheck.h"

#include "core/Text.h"
#include "model/import/SpectraTable.h"

#include <algorithm>

namespace molspectra {

namespace {

std::vector<int64_t> withoutOnes(const std::vector<int64_t>& shape) {
    return shape == std::vector<int64_t>{1} ? std::vector<int64_t>{} : shape;
}

bool startsWithAny(const std::string& name, std::initializer_list<const char*> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const char* prefix) { return name.starts_with(prefix); });
}

}  // namespace

void TensorCheck::ask(const std::string& canonical, const std::vector<int64_t>& shape) {
    asked_.insert(canonical);
    const auto found = checkpoint_.tensors().find(canonical);
    if (found == checkpoint_.tensors().end()) {
        problems_.push_back(cat(canonical, " ", shapeText(shape), " is missing"));
        return;
    }
    const ForeignTensor& tensor = found->second;
    if (withoutOnes(tensor.stored.shape) != withoutOnes(shape))
        problems_.push_back(cat(tensor.name, " is ", shapeText(tensor.stored.shape),
                                ", expected ", shapeText(shape)));
}

void TensorCheck::ask(const std::vector<WeightSource>& table) {
    for (const WeightSource& source : table) {
        ask(source.theirs, source.shape);
        const auto found = checkpoint_.tensors().find(source.theirs);
        if (source.ours.empty() && found != checkpoint_.tensors().end())
            leftOut_.push_back(found->second.name);
    }
}

void TensorCheck::judgeOthers() {
    for (const auto& [canonical, tensor] : checkpoint_.tensors())
        if (!asked(canonical))
            judge(canonical, tensor);
}

void TensorCheck::judge(const std::string& canonical, const ForeignTensor& tensor) {
    const bool vectorBias = canonical.ends_with("vec_proj.bias") ||
                            canonical.ends_with("vec1_proj.bias") ||
                            canonical.ends_with("vec2_proj.bias");
    if (vectorBias && !checkpoint_.isZero(tensor))
        problems_.push_back(cat(tensor.name, " is a bias on vectors, which does not turn with the ",
                                "molecule and which our network does not have"));
    else if (!vectorBias && !isKnown(canonical))
        problems_.push_back(cat(tensor.name, " ", shapeText(tensor.stored.shape), " is unknown"));
    else
        leftOut_.push_back(tensor.name);
}

/// Whether a tensor without a place in our files gives no energy, and where spectra are carried
/// over, none of their features either.
bool TensorCheck::isKnown(const std::string& canonical) const {
    if (startsWithAny(canonical, {specFormerPrefix, "output_model_spec.", "output_model_mol."}))
        return !spectra_ || canonical.ends_with(".num_batches_tracked");
    return canonical.starts_with("pos_normalizer.") ||
           canonical == "prior_model.initial_atomref" ||
           canonical == "prior_model.atomref.weight" ||
           canonical == "representation_model.distance.box";
}

}  // namespace molspectra
