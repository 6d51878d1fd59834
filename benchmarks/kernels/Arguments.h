// The command line of kernel_bench.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace molspectra {

struct Arguments {
    std::vector<std::string> molecules = {"ethanol", "aspirin"};
    std::vector<int> threads = {1, 2};
    double seconds = 1.0;     ///< of each figure, and of each table of stages
    bool everySet = false;    ///< not only the widest instructions
    bool stages = true;       ///< tables of stages
    std::string output;       ///< JSON file, none if empty
    bool help = false;
};

extern const char* const argumentsHelp;

/// @throws Error for an unknown option or a value that is missing or no number
Arguments parseArguments(int count, char** values);

}  // namespace molspectra
