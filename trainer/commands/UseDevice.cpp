// The options that say where a command computes, and the line that tells it.
// SPDX-License-Identifier: MIT
#include "trainer/commands/UseDevice.h"

#include "core/Text.h"
#include "trainer/training/Threads.h"

#include <iostream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

po::typed_value<bool>* off() {
    return po::value<bool>()->default_value(false, "off")->implicit_value(true, "on");
}

Arithmetic arithmeticOf(const CommandLine& line) {
    return {line.get<bool>("tf32"), line.get<bool>("deterministic")};
}

}  // namespace

po::options_description deviceOptions() {
    po::options_description group("Device");
    group.add_options()
        ("device", po::value<std::string>()->default_value("auto"),
         "cpu, cuda (the first graphics card), cuda:N, or auto: a graphics card where one works")
        ("tf32", off(), "on a graphics card: faster products of matrices with 10 bits of mantissa")
        ("deterministic", off(),
         "on a graphics card: the same bits in every run, by slower sums; a CPU gives them anyway")
        ("threads", po::value<int64_t>()->default_value(0),
         "processor threads; 0 is the machine's default");
    return group;
}

ChosenDevice useDevice(const CommandLine& line, int64_t own) {
    if (const auto count = line.get<int64_t>("threads"); count < 0)
        throw UsageError(cat("--threads is ", count, ", expected 0 or more"));
    const auto wanted = line.get<std::string>("device");
    if (!isDeviceName(wanted))
        throw UsageError(cat("--device: found '", wanted,
                             "', expected cpu, cuda, cuda:N (N from 0) or auto"));
    ChosenDevice chosen = chooseDevice(wanted);
    if (own > 0 && chosen.device.is_cuda() && wanted.find(':') == wanted.npos)
        chosen = chooseDevice(cat("cuda:", own));
    setArithmetic(chosen.device, arithmeticOf(line));
    setThreads(line.get<int64_t>("threads"));
    return chosen;
}

void tellDevice(const CommandLine& line, const ChosenDevice& chosen) {
    const Arithmetic arithmetic = arithmeticOf(line);
    std::string how = cat("TF32 ", arithmetic.tf32 ? "on" : "off");
    if (arithmetic.deterministic)
        how += ", deterministic: sums over neighbours sort first, which makes steps longer";
    if (chosen.device.is_cpu())
        how = cat(threads(), threads() == 1 ? " thread" : " threads");
    if (!chosen.missing.empty())
        how += "; no graphics card: " + chosen.missing;
    std::cerr << "device: " << chosen.name << ", " << how << "\n";
}

}  // namespace molspectra
