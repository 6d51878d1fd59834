// A checkpoint of another program: its tensors by one name for all versions, and its options.
// SPDX-License-Identifier: MIT
#include "model/import/ForeignCheckpoint.h"

#include "core/Error.h"
#include "model/import/WeightTable.h"

#include <algorithm>
#include <cmath>

namespace molspectra {

ForeignCheckpoint::ForeignCheckpoint(const std::string& path) : archive_(path) {
    const PickleValue* state = archive_.root().find("state_dict");
    const PickleValue& list = state ? *state : archive_.root();
    if (list.entries.empty())
        fail("importing ", path, ": found no state_dict, expected a Lightning checkpoint or a ",
             "dictionary of tensors");
    for (const auto& [key, value] : list.entries) {
        if (!key->is(PickleValue::Kind::Text))
            fail("importing ", path, ": a key of its state_dict is no text, expected names of ",
                 "tensors");
        const auto [place, isNew] = tensors_.try_emplace(
            canonicalName(key->text), ForeignTensor{key->text, archive_.tensor(*value, key->text)});
        if (!isNew)
            fail("importing ", path, ": its tensors ", place->second.name, " and ", key->text,
                 " are the same weight, expected one of them");
    }
}

Tensor ForeignCheckpoint::read(const ForeignTensor& tensor) const {
    Tensor made = archive_.read(tensor.stored, tensor.name);
    for (const double value : made.values)
        if (!std::isfinite(value))
            fail("importing ", archive_.path(), ": the tensor ", tensor.name, " has the value ",
                 value, ", expected finite numbers");
    return made;
}

bool ForeignCheckpoint::isZero(const ForeignTensor& tensor) const {
    const Tensor made = read(tensor);
    return std::all_of(made.values.begin(), made.values.end(),
                       [](double value) { return value == 0.0; });
}

nlohmann::json ForeignCheckpoint::hyperParameters() const {
    const PickleValue* found = archive_.root().find("hyper_parameters");
    if (!found)
        fail("importing ", archive_.path(), ": it has no hyper_parameters, expected a Lightning ",
             "checkpoint; give them with --hparams hparams.yaml");
    // argparse.Namespace keeps its values as attributes, dictionaries of any class as entries.
    const bool attributes = found->entries.empty() && found->state;
    const nlohmann::json made = plainJson(attributes ? *found->state : *found, archive_.path());
    if (!made.is_object())
        fail("importing ", archive_.path(), ": its hyper_parameters are a ", made.type_name(),
             ", expected a dictionary or an argparse.Namespace");
    return made;
}

nlohmann::json ForeignCheckpoint::remark(const std::string& key) const {
    const PickleValue* found = archive_.root().find(key);
    return found ? plainJson(*found, archive_.path()) : nlohmann::json();
}

}  // namespace molspectra
