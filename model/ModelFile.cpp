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
    model.network.to(dtype == "float64" ? at::kDouble : at::kFloat);
    model.description.dtype = dtype;
}

LoadedModel loadModel(const std::string& path) {
    std::istringstream bytes(readFile(path));
    torch::jit::ExtraFilesMap extra{{descriptionFile, ""}};
    LoadedModel loaded{torch::jit::Module("empty"), {}};
    torch::jit::Module stored("empty");
    try {
        stored = torch::jit::load(bytes, at::kCPU, extra);
    } catch (const c10::Error&) {
        fail("reading the model ", path, ": this is not a TorchScript file, expected one that ",
             "molspectra wrote");
    }
    if (extra[descriptionFile].empty())
        fail("reading the model ", path, ": found TorchScript without ", descriptionFile,
             ", expected a file that molspectra wrote");
    loaded.description = parseDescription(extra[descriptionFile], path);
    loaded.network = makeNetwork(loaded.description.config, 0,
                                 loaded.description.dtype == "float64" ? at::kDouble : at::kFloat);
    copyWeights(loaded.network, stored, path);
    return loaded;
}

}  // namespace molspectra
