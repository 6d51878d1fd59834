// Writes a model file with freshly drawn weights, for benchmarks of any size of network.
// SPDX-License-Identifier: MIT
//
//     make_model FILE CHANNELS LAYERS RADIAL_FUNCTIONS [HEADS] [SEED]
#include "core/Error.h"
#include "model/ModelFile.h"
#include "model/Network.h"

#include <iostream>

using namespace molspectra;

namespace {

constexpr int hydrogenToChlorine = 17;

void make(const std::vector<std::string>& arguments) {
    ModelDescription description;
    description.config.channels = int(parseInteger(arguments[1], "CHANNELS"));
    description.config.layers = int(parseInteger(arguments[2], "LAYERS"));
    description.config.radialFunctions = int(parseInteger(arguments[3], "RADIAL_FUNCTIONS"));
    if (arguments.size() > 4)
        description.config.heads = int(parseInteger(arguments[4], "HEADS"));
    const long seed = arguments.size() > 5 ? parseInteger(arguments[5], "SEED") : 1;
    for (int element = 1; element <= hydrogenToChlorine; element++)
        description.species.push_back(element);
    description.toolVersion = "make_model " MOLSPECTRA_VERSION;
    description.provenance["trained"] = false;
    saveModel(arguments[0], makeNetwork(description.config, uint64_t(seed)), description);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() < 4 || arguments.size() > 6) {
        std::cerr << "usage: make_model FILE CHANNELS LAYERS RADIAL_FUNCTIONS [HEADS] [SEED]\n";
        return 2;
    }
    try {
        make(arguments);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "make_model: " << error.what() << '\n';
        return 1;
    }
}
