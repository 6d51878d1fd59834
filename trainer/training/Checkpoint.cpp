// What a run needs to go on exactly where it stopped, in one file.
// SPDX-License-Identifier: MIT
#include "trainer/training/Checkpoint.h"

#include "core/Error.h"
#include "core/Files.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <set>

namespace molspectra {
namespace {

/// Of the state's content; a run goes on with the version that began it, or one of the same format.
constexpr int64_t format = 3;

c10::List<at::Tensor> asList(const std::vector<at::Tensor>& tensors) {
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : tensors)
        list.push_back(tensor.detach().cpu());
    return list;
}

}  // namespace

void saveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
    nlohmann::json state = checkpoint.state;
    state["format"] = format;
    const c10::IValue value = c10::ivalue::Tuple::create(
        {c10::IValue(state.dump()), c10::IValue(asList(checkpoint.optimizer)),
         c10::IValue(asList(checkpoint.buffers)), c10::IValue(asList(checkpoint.best))});
    const std::vector<char> bytes = torch::jit::pickle_save(value);
    writeFileSafely(path, std::string_view(bytes.data(), bytes.size()));
}

Checkpoint loadCheckpoint(const std::string& path) {
    const std::string bytes = readFile(path);
    Checkpoint found;
    try {
        const c10::IValue value =
            torch::jit::pickle_load(std::vector<char>(bytes.begin(), bytes.end()));
        const auto& parts = value.toTupleRef().elements();
        found = {nlohmann::json::parse(parts.at(0).toStringRef()), parts.at(1).toTensorVector(),
                 parts.at(2).toTensorVector(), parts.at(3).toTensorVector()};
    } catch (const std::exception&) {
        fail("reading the checkpoint ", path, ": the file is damaged or no checkpoint, expected ",
             "one that molspectra wrote");
    }
    if (const int64_t its = found.state.value("format", int64_t{1}); its != format)
        fail("reading the checkpoint ", path, ": found format ", its, ", expected ", format,
             "; go on with the version of molspectra that began the run, or start another run ",
             "with --model and the model.pt beside it");
    return found;
}

std::string differences(const nlohmann::json& there, const nlohmann::json& here) {
    const nlohmann::json was = there.flatten(), is = here.flatten();
    std::set<std::string> names;
    for (const auto& all : {was, is})
        for (const auto& [name, value] : all.items())
            names.insert(name);
    std::vector<std::string> found;
    for (const std::string& name : names)
        if (const auto old = was.value(name, nlohmann::json()),
            now = is.value(name, nlohmann::json());
            old != now)
            found.push_back(cat(name.substr(1), " is ", old.dump(), " in it, here ", now.dump()));
    return join(found, ", ");
}

}  // namespace molspectra
