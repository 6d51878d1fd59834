// The network is small here: what it computes is judged by the golden tests.
// SPDX-License-Identifier: MIT
#include "contract/Models.h"

#include "contract/ToyModel.h"
#include "core/Files.h"
#include "model/ModelFile.h"
#include "model/Network.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <map>

namespace contract {

namespace {

std::string makeToy() {
    return makeToyModel();
}

std::string makeSmallNetwork() {
    molspectra::ModelDescription description = ToyOptions().description;
    description.config = molspectra::ModelConfig::md17();
    description.config.channels = 32;
    description.config.layers = 2;
    description.config.heads = 4;
    description.config.radialFunctions = 8;
    const std::string path =
        testing::TempDir() + "contract_network_" + std::to_string(getpid()) + ".pt";
    molspectra::saveModel(path, molspectra::makeNetwork(description.config, 7), description);
    std::string bytes = molspectra::readFile(path);
    std::remove(path.c_str());
    return bytes;
}

}  // namespace

const std::vector<ModelMaker>& models() {
    static const std::vector<ModelMaker> makers = {{"Toy", makeToy}, {"Network", makeSmallNetwork}};
    return makers;
}

const std::string& modelBytes(const std::string& name) {
    static std::map<std::string, std::string> made;
    if (!made.contains(name))
        for (const ModelMaker& maker : models())
            if (maker.name == name)
                made[name] = maker.make();
    return made.at(name);
}

}  // namespace contract
