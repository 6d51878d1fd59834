// Options in the form --name value; lists are separated by commas.
// SPDX-License-Identifier: MIT
#include "benchmarks/kernels/Arguments.h"

#include "core/Error.h"

namespace molspectra {

const char* const argumentsHelp =
    "usage: kernel_bench [options]\n"
    "  --molecules NAMES   of tests/golden/geometries.json (ethanol,aspirin)\n"
    "  --threads NUMBERS   threads of an evaluation (1,2)\n"
    "  --seconds NUMBER    time for each figure (1)\n"
    "  --every-set         all instruction sets of this processor, not only the widest\n"
    "  --no-stages         leave out the tables of stages\n"
    "  --output FILE       write a JSON file as well\n";

namespace {

std::vector<int> parseThreads(const std::string& text) {
    std::vector<int> threads;
    for (const std::string& part : split(text, ',')) {
        const long number = parseInteger(part, "--threads");
        if (number < 1 || number > 1024)
            fail("reading --threads: found ", number, ", expected a number from 1 to 1024");
        threads.push_back(int(number));
    }
    return threads;
}

}  // namespace

Arguments parseArguments(int count, char** values) {
    Arguments arguments;
    for (int n = 1; n < count; n++) {
        const std::string name = values[n];
        const auto value = [&]() -> std::string {
            if (n + 1 == count)
                fail("reading ", name, ": found nothing after it, expected a value");
            return values[++n];
        };
        if (name == "--molecules")
            arguments.molecules = split(value(), ',');
        else if (name == "--threads")
            arguments.threads = parseThreads(value());
        else if (name == "--seconds")
            arguments.seconds = parseDouble(value(), name);
        else if (name == "--every-set")
            arguments.everySet = true;
        else if (name == "--no-stages")
            arguments.stages = false;
        else if (name == "--output")
            arguments.output = value();
        else if (name == "--help" || name == "-h")
            arguments.help = true;
        else
            fail("reading the command line: found ", name, "\n", argumentsHelp);
    }
    return arguments;
}

}  // namespace molspectra
