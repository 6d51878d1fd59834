// Writes a test model's file, for tests in other languages: make_test_model NAME FILE.
// SPDX-License-Identifier: MIT
#include "contract/Models.h"
#include "core/Files.h"

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: make_test_model NAME FILE\n";
        return 2;
    }
    molspectra::writeFileSafely(argv[2], std::string_view(contract::modelBytes(argv[1])));
    return 0;
}
