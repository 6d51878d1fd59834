// Model files: a TorchScript archive that describes itself.
// SPDX-License-Identifier: MIT
#include "model/ModelFile.h"

#include "core/Error.h"
#include "core/Files.h"
#include "model/Network.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/jit/serialization/import.h>

#include <filesystem>
#include <sstream>

namespace molspectra {
void saveModel(const std::string& path, const torch::jit::Module& network,
               const ModelDescription& description) {
    std::ostringstream stream;
    frozenCopy(network).save(stream, {{descriptionFile, toText(description)}});
    writeFileSafely(path, stream.str());
}

void convertTo(LoadedModel& model, const std::string& dtype) {
    if (dtype != "float32" && dtype != "float64")
        fail("converting the weights: found the type '", dtype, "', expected float32 or float64");
    if (dtype == model.description.dtype)
        return;
    model.description.dtype = dtype;
    // Some buffers are double in every network, so that its type cannot just be changed.
    torch::jit::Module converted = makeNetwork(model.description, 0);
    copyWeights(converted, model.network, "the model");
    model.network = converted;
}

Script loadScript(const std::string& path, const std::string& description,
                  const std::string& other, const std::string& kind) {
    std::istringstream bytes(readFile(path));
    torch::jit::ExtraFilesMap extra{{description, ""}, {other, ""}};
    Script script{torch::jit::Module("empty"), ""};
    try {
        script.module = torch::jit::load(bytes, at::kCPU, extra);
    } catch (const c10::Error&) {
        fail("reading the model ", path, ": this is not a TorchScript file, expected ", kind,
             " that molspectra wrote");
    }
    script.description = extra[description];
    if (script.description.empty())
        fail("reading the model ", path, ": found ",
             extra[other].empty() ? "TorchScript without " : "the other file of a run, without ",
             description, ", expected ", kind, " that molspectra wrote");
    return script;
}

torch::jit::Module makeNetwork(const ModelDescription& description, uint64_t seed) {
    return makeNetwork(description.config, seed,
                       description.dtype == "float64" ? at::kDouble : at::kFloat);
}

LoadedModel loadModel(const std::string& path) {
    const Script stored = loadScript(path, descriptionFile, spectraDescriptionFile,
                                     "a network (model.pt of a run)");
    LoadedModel loaded{torch::jit::Module("empty"), parseDescription(stored.description, path)};
    loaded.network = makeNetwork(loaded.description, 0);
    copyWeights(loaded.network, stored.module, path);
    return loaded;
}

}  // namespace molspectra
