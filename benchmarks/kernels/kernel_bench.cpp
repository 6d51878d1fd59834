// Times evaluations of the native network and its stages against the processor's peak.
// SPDX-License-Identifier: MIT
//
//     build/bin/kernel_bench [--every-set] [--output docs/results/kernels.json]
#include "benchmarks/kernels/Arguments.h"
#include "benchmarks/kernels/Measure.h"
#include "benchmarks/kernels/Peak.h"
#include "benchmarks/kernels/Report.h"
#include "core/Error.h"

#include <iostream>
#include <map>
#include <numeric>

using namespace molspectra;
using native::InstructionSet;

namespace {

const std::vector<std::string> columns = {
    "molecule", "atoms",     "pairs",            "channels", "layers", "instructions", "threads",
    "forces_ms", "energy_ms", "forces_median_ms", "mflop",    "gflops", "of_peak"};
const std::vector<std::string> stageColumns = {"stage",  "calls",  "microseconds", "of_time",
                                               "gflops", "of_peak"};

ModelConfig large() {
    ModelConfig config;
    config.channels = 256;
    config.layers = 8;
    config.radialFunctions = 64;
    return config;
}

std::vector<InstructionSet> chosenSets(const Arguments& arguments) {
    if (!arguments.everySet)
        return {native::bestInstructionSet()};
    std::vector<InstructionSet> sets;
    for (const auto set :
         {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512})
        if (native::supported(set))
            sets.push_back(set);
    return sets;
}

/// The table of stages of one case.
std::vector<Row> stageRows(const std::vector<native::StageTime>& stages, double peak) {
    const auto add = [](double sum, const auto& stage) { return sum + stage.seconds; };
    const double total = std::accumulate(stages.begin(), stages.end(), 0.0, add);
    std::vector<Row> rows;
    for (const native::StageTime& stage : stages) {
        const double gflops = stage.seconds > 0 ? 1e-9 * stage.flops / stage.seconds : 0;
        rows.push_back({{"stage", stage.name},
                        {"calls", stage.calls},
                        {"microseconds", rounded(1e6 * stage.seconds, 2)},
                        {"of_time", rounded(stage.seconds / total, 3)},
                        {"gflops", rounded(gflops, 2)},
                        {"of_peak", rounded(gflops / peak, 3)}});
    }
    return rows;
}

void addStages(Row& row, const std::vector<native::StageTime>& stages, double peak) {
    const auto add = [](double sum, const auto& stage) { return sum + stage.flops; };
    const double flops = std::accumulate(stages.begin(), stages.end(), 0.0, add);
    const double gflops = 1e-6 * flops / row["forces_ms"].get<double>();
    row["mflop"] = rounded(1e-6 * flops, 1);
    row["gflops"] = rounded(gflops, 2);
    row["of_peak"] = rounded(gflops / peak, 3);
    row["stages"] = stageRows(stages, peak);
}

/// The row of one case, without its stages.
Row rowOf(const Molecule& molecule, const ModelConfig& config, Case& plain, double seconds) {
    const Timing forces = timeOf(plain, true, seconds);
    const Timing energy = timeOf(plain, false, seconds);
    return {{"molecule", molecule.name},
            {"atoms", molecule.numbers.size()},
            {"pairs", 2 * plain.pairs()},
            {"channels", config.channels},
            {"layers", config.layers},
            {"instructions", native::nameOf(plain.network().instructions())},
            {"threads", plain.network().threads()},
            {"forces_ms", rounded(forces.fastest, 4)},
            {"energy_ms", rounded(energy.fastest, 4)},
            {"forces_median_ms", rounded(forces.median, 4)},
            {"energy_median_ms", rounded(energy.median, 4)},
            {"rounds", forces.rounds}};
}

class Bench {
public:
    explicit Bench(const Arguments& arguments) : arguments_(arguments) {}

    void peaks() {
        for (const InstructionSet set : chosenSets(arguments_))
            for (const int threads : arguments_.threads) {
                peak_[{set, threads}] = peakGflops(set, threads);
                peakRows_.push_back({{"instructions", native::nameOf(set)},
                                     {"threads", threads},
                                     {"peak_gflops", rounded(peak_[{set, threads}], 1)}});
            }
        std::cout << table(peakRows_, {"instructions", "threads", "peak_gflops"}) << std::endl;
    }

    void measure(const Molecule& molecule, const ModelConfig& config, InstructionSet set,
                 int threads) {
        native::Options options;
        options.instructions = set;
        options.threads = threads;
        Case plain(molecule, config, options);
        Row row = rowOf(molecule, config, plain, arguments_.seconds);
        // Looking at the clock after every stage takes time, so the stages have their own rounds.
        options.profile = true;
        Case profiled(molecule, config, options);
        addStages(row, stagesOf(profiled, arguments_.seconds), peak_[{set, threads}]);
        row.update(machine());
        std::cout << table({row}, columns);
        if (arguments_.stages)
            std::cout << table(row["stages"], stageColumns);
        std::cout << std::endl;
        rows_.push_back(row);
    }

    void report() const {
        std::cout << table(rows_, columns);
        if (arguments_.output.empty())
            return;
        writeRows(arguments_.output, rows_,
                  {{"what", "milliseconds of one evaluation with forces and without, fastest and "
                            "median; pairs are ordered ones; of_peak: share of what the loop of "
                            "additions and multiplications in benchmarks/kernels/Peak.cpp reaches"},
                   {"seconds", arguments_.seconds},
                   {"peaks", peakRows_}});
        std::cout << "wrote " << arguments_.output << std::endl;
    }

private:
    const Arguments& arguments_;
    std::map<std::pair<InstructionSet, int>, double> peak_;
    std::vector<Row> peakRows_, rows_;
};

void run(const Arguments& arguments) {
    Bench bench(arguments);
    bench.peaks();
    for (const ModelConfig& config : {ModelConfig::md17(), large()})
        for (const std::string& name : arguments.molecules)
            for (const InstructionSet set : chosenSets(arguments))
                for (const int threads : arguments.threads)
                    bench.measure(readMolecule(name), config, set, threads);
    bench.report();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const Arguments arguments = parseArguments(argc, argv);
        if (arguments.help)
            std::cout << argumentsHelp;
        else
            run(arguments);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "kernel_bench: " << error.what() << '\n';
        return 1;
    }
}
