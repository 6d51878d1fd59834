// Measures what decides how the network's kernels for GPUs are to be built.
// SPDX-License-Identifier: MIT
//
//     gpu_measure [--quick] [--json FILE] [NAME ...]     gpu_measure --list
#include "Card.h"
#include "Measurements.h"
#include "Results.h"

#include <algorithm>
#include <fstream>
#include <iostream>

namespace {

using namespace measure;

struct Measurement {
    const char* name;
    void (*run)(const Card&, Results&, bool);
};

constexpr Measurement measurements[] = {
    {"graph", measureGraph},     {"grid-barrier", measureGridBarrier},
    {"gather", measureGather},   {"cluster-barrier", measureClusterBarrier},
    {"scatter", measureScatter}, {"l2", measureL2},
    {"product", measureProduct},
};

struct Options {
    bool quick = false, list = false;
    std::string json;
    std::vector<std::string> names;
};

Options parse(const std::vector<std::string>& arguments) {
    Options options;
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (argument == "--quick")
            options.quick = true;
        else if (argument == "--list")
            options.list = true;
        else if (argument == "--json" && i + 1 < arguments.size())
            options.json = arguments[++i];
        else if (std::ranges::any_of(measurements, [&](const Measurement& measurement) {
                     return argument == measurement.name;
                 }))
            options.names.push_back(argument);
        else
            throw std::invalid_argument("reading the command line: '" + argument +
                                        "' is no measurement; see --list");
    }
    return options;
}

bool wanted(const Options& options, const Measurement& measurement) {
    return options.names.empty() || std::ranges::count(options.names, measurement.name) > 0;
}

/// Whether every measurement ended and every check was right.
bool run(const Options& options) {
    const Card card(0);
    std::cout << card.describe() << '\n' << std::flush;
    warmUp(Stream());
    Results results;
    bool ended = true;
    for (const Measurement& measurement : measurements) {
        if (!wanted(options, measurement))
            continue;
        results.begin(measurement.name);
        try {
            measurement.run(card, results, options.quick);
        } catch (const std::exception& error) {
            results.addMissing("all that follows", error.what());
            ended = false;
        }
    }
    std::cout << results.table();
    if (!options.json.empty())
        std::ofstream(options.json) << results.json(card.describe());
    return ended && results.right();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parse({argv + 1, argv + argc});
        if (!options.list)
            return run(options) ? 0 : 1;
        for (const Measurement& measurement : measurements)
            std::cout << measurement.name << '\n';
        return 0;
    } catch (const std::invalid_argument& error) {
        std::cerr << "gpu_measure: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "gpu_measure: " << error.what() << '\n';
        return 1;
    }
}
