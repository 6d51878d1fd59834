// Options that every training subcommand has, and what their values are checked with.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/training/TrainingOptions.h"

namespace molspectra {

/// Options with a default, as the help page shows them.
boost::program_options::typed_value<double>* number(double value);
boost::program_options::typed_value<int64_t>* integer(int64_t value);
boost::program_options::typed_value<std::string>* word(const std::string& value);
boost::program_options::typed_value<bool>* flag(bool value);

/// @throws UsageError naming the option, its value and what is allowed
void oneOf(const std::string& option, const std::string& value,
           const std::vector<std::string>& allowed);
void atLeast(const std::string& option, double value, double minimum);
void atMost(const std::string& option, int64_t value, int64_t maximum);

/// Of a step, held back, or waiting to be shuffled: nobody has memory for more.
inline constexpr int64_t mostSamples = 1'000'000'000;

/// Adds --output, --note, --config, --resume, --steps, --batch, the intervals, --seed and
/// --benchmark.
void addRunOptions(boost::program_options::options_description& group,
                   const TrainingOptions& base, const std::string& samples);

/// Learning rate, schedule, averaging, clipping.
boost::program_options::options_description optimizerOptions(const TrainingOptions& base);

/// The options of a new network.
boost::program_options::options_description networkGroup(const ModelConfig& base);

/// Takes over what addRunOptions and optimizerOptions have asked. @throws UsageError
void readTraining(const CommandLine& line, TrainingOptions& options);

/// @throws Error for values that no network can have
ModelConfig networkConfig(const CommandLine& line);

/// @throws UsageError if an option of a new network was given
void refuseNetworkOptions(const CommandLine& line);

/// A run that goes on keeps what it is made of.
/// @param fixed  names of options that would be lost
/// @throws UsageError if one of them stands on the command line
void refuseWithResume(const CommandLine& line, const std::vector<std::string>& fixed);

/// The options of a new network: of no use with --model.
std::vector<std::string> networkOptions();

}  // namespace molspectra
