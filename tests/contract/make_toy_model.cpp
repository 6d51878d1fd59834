// Writes the toy model file, for tests in other languages: make_toy_model FILE.
// SPDX-License-Identifier: MIT
#include "contract/ToyModel.h"
#include "core/Files.h"

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: make_toy_model FILE\n";
        return 2;
    }
    molspectra::writeFileSafely(argv[1], std::string_view(contract::makeToyModel()));
    return 0;
}
