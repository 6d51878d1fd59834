// Evaluates ethanol with random weights as often as asked, for a tool that counts instructions.
// SPDX-License-Identifier: MIT
//
//     instruction_count FORCES ENERGIES    # evaluations with forces, and of the energy alone
#include "benchmarks/kernels/Cases.h"
#include "core/Error.h"

#include <iostream>

using namespace molspectra;

namespace {

/// By this CTest knows that a test was skipped.
constexpr int skipped = 77;

/// The network of MD17's published setting, one thread, instructions that most processors have.
int run(long forces, long energies) {
    if (!native::supported(native::InstructionSet::avx2)) {
        std::cout << "skipped: this processor has no AVX2, for which the figures are recorded\n";
        return skipped;
    }
    native::Options options;
    options.instructions = native::InstructionSet::avx2;
    Case ethanol(readMolecule("ethanol"), ModelConfig::md17(), options);
    double sum = 0;
    for (long n = 0; n < forces; n++)
        sum += ethanol.evaluate(true);
    for (long n = 0; n < energies; n++)
        sum += ethanol.evaluate(false);
    std::cout << "sum of energies " << sum << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 3)
            return run(parseInteger(argv[1], "FORCES"), parseInteger(argv[2], "ENERGIES"));
        std::cerr << "usage: instruction_count FORCES ENERGIES\n";
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "instruction_count: " << error.what() << '\n';
        return 1;
    }
}
