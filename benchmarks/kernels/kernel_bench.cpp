// Times evaluations of the native network and its stages against the processor's peak.
// SPDX-License-Identifier: MIT
//
//     build/bin/kernel_bench [--every-set] [--output docs/results/kernels.json]
#include "benchmarks/kernels/Arguments.h"
#include "benchmarks/kernels/Measure.h"
#include "benchmarks/kernels/Report.h"
#include "core/Error.h"

#include <iostream>
#include <numeric>

using namespace molspectra;
using native::InstructionSet;

namespace {

const std::vector<std::string> columns = {
    "molecule",  "atoms",     "pairs",            "channels", "layers", "instructions", "threads",
    "forces_ms", "energy_ms", "forces_median_ms", "mflop",    "gflops", "peak_gflops",  "of_peak"};
const std::vector<std::string> stageColumns = {"stage",  "calls",  "microseconds", "of_time",
                                               "gflops", "of_peak"};

const std::vector<std::string> legend = {
    "Milliseconds of one evaluation with forces and without; pairs are ordered ones.",
    "Stages: of one evaluation, for each call the shortest time that it took in any round, as the",
    "calling thread sees it; of_time: share of the sum of these times. of_peak: share of what the",
    "additions and multiplications of benchmarks/kernels/Peak.cpp reach with as many threads in",
    "turn with the evaluations, peak_gflops."};

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

double gflopsOf(const native::StageTime& stage) {
    return stage.seconds > 0 ? 1e-9 * stage.flops / stage.seconds : 0;
}

/// The table of stages of one case.
std::vector<Row> stageRows(const std::vector<native::StageTime>& stages, double peak) {
    const auto add = [](double sum, const auto& stage) { return sum + stage.seconds; };
    const double total = std::accumulate(stages.begin(), stages.end(), 0.0, add);
    std::vector<Row> rows;
    for (const native::StageTime& stage : stages)
        rows.push_back({{"stage", stage.name},
                        {"calls", stage.calls},
                        {"microseconds", rounded(1e6 * stage.seconds, 2)},
                        {"of_time", rounded(stage.seconds / total, 3)},
                        {"gflops", rounded(gflopsOf(stage), 2)},
                        {"of_peak", rounded(gflopsOf(stage) / peak, 3)}});
    return rows;
}

void addStages(Row& row, const std::vector<native::StageTime>& stages, double peak) {
    const auto add = [](double sum, const auto& stage) { return sum + stage.flops; };
    const double flops = std::accumulate(stages.begin(), stages.end(), 0.0, add);
    const double gflops = 1e-6 * flops / row["forces_ms"].get<double>();
    const native::StageTime products = productsOf(stages);
    row["mflop"] = rounded(1e-6 * flops, 1);
    row["gflops"] = rounded(gflops, 2);
    row["peak_gflops"] = rounded(peak, 1);
    row["of_peak"] = rounded(gflops / peak, 3);
    row["gemm"] = {{"microseconds", rounded(1e6 * products.seconds, 2)},
                   {"gflops", rounded(gflopsOf(products), 2)},
                   {"of_peak", rounded(gflopsOf(products) / peak, 3)}};
    row["stages"] = stageRows(stages, peak);
}

std::string gemmLine(const Row& gemm) {
    return cat("GEMM stages together: ", gemm["gflops"].get<double>(), " GFLOP/s, ",
               rounded(100 * gemm["of_peak"].get<double>(), 1), " % of peak\n");
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
        // A network may use fewer threads, or narrower instructions, than asked for.
        Peak peak(profiled.network().instructions(), profiled.network().threads());
        const std::vector<native::StageTime> stages =
            stagesOf(profiled, arguments_.seconds, peak);
        addStages(row, stages, peak.gflops());
        row.update(machine());
        std::cout << table({row}, columns);
        if (arguments_.stages)
            std::cout << table(row["stages"], stageColumns);
        std::cout << gemmLine(row["gemm"]) << std::endl;
        rows_.push_back(row);
    }

    void report() const {
        std::cout << table(rows_, columns);
        if (arguments_.output.empty())
            return;
        writeRows(arguments_.output, rows_,
                  {{"what", join(legend, " ")}, {"seconds", arguments_.seconds}});
        std::cout << "wrote " << arguments_.output << std::endl;
    }

private:
    const Arguments& arguments_;
    std::vector<Row> rows_;
};

void run(const Arguments& arguments) {
    Bench bench(arguments);
    std::cout << join(legend, "\n") << '\n' << std::endl;
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
