// What training subcommands share around the loop: folders, signals, progress, timing.
// SPDX-License-Identifier: MIT
#include "trainer/commands/RunTraining.h"

#include "core/Error.h"
#include "trainer/commands/Progress.h"
#include "trainer/training/Threads.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>

namespace molspectra {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int) {
    interrupted = 1;
}

}  // namespace

std::vector<std::string> resumedArguments(const std::vector<std::string>& arguments) {
    std::vector<std::string> all;
    for (const std::string& argument : arguments) {
        const bool joined = argument.starts_with("--resume=");
        all.push_back(joined ? "--resume" : argument);
        if (joined)
            all.push_back(argument.substr(9));
    }
    const auto at = std::find(all.begin(), all.end(), "--resume");
    if (at == all.end() || at + 1 == all.end())
        return all;
    const RunFiles files{*(at + 1)};
    if (!std::filesystem::exists(files.checkpoint()))
        fail("resuming ", files.folder, ": found no ", files.checkpoint(), ", expected one; if ",
             "the run ended before it had saved any, start it again without --resume");
    all.insert(all.end(), {"--config", files.config(), "--output", files.folder});
    return all;
}

void refuseUsedFolder(const RunFiles& files) {
    if (std::filesystem::exists(files.checkpoint()))
        fail("starting a run in ", files.folder, ": found the checkpoint of an earlier run; go on ",
             "with --resume ", files.folder, ", or give another --output");
    if (std::filesystem::exists(files.model()))
        fail("starting a run in ", files.folder, ": found ", files.model(), " of an earlier run; ",
             "give another --output, or move it away");
    std::error_code error;
    std::filesystem::path above = std::filesystem::absolute(files.folder);
    while (!std::filesystem::exists(above, error) && above.has_relative_path())
        above = above.parent_path();
    if (!std::filesystem::is_directory(above, error) || access(above.c_str(), W_OK) != 0)
        fail("starting a run in ", files.folder, ": found that ", above.string(),
             std::filesystem::is_directory(above, error) ? " cannot be written to"
                                                         : " is no folder",
             ", expected a place for a new folder; give another --output");
}

void makeRunFolder(const RunFiles& files) {
    std::error_code error;
    std::filesystem::create_directories(files.folder, error);
    if (error)
        fail("making the folder ", files.folder, ": ", error.message());
}

void resume(Trainer& trainer, const CommandLine& line, int64_t steps) {
    trainer.resume();
    if (trainer.step() < steps)
        return;
    const std::set<std::string> harmless{"resume",  "config", "output", "steps",
                                         "epochs", "threads", "device"};
    for (const std::string& name : line.names())
        if (line.givenByUser(name) && !harmless.contains(name))
            throw UsageError(cat("--", name, " was given for a run that has done all its ",
                                 trainer.step(), " steps, expected more --steps beside it"));
}

int trainUntilDone(Trainer& trainer, const nlohmann::json& header, const RunFiles& files,
                   const std::string& command,
                   const std::function<std::string(const TrainingReport&)>& figures,
                   bool firstProcess) {
    interrupted = 0;
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    Progress progress(figures);
    const auto show = [&](const TrainingReport& report) {
        if (firstProcess)
            progress.show(report);
    };
    const bool done = trainer.run(header, show, [] { return interrupted != 0; });
    progress.finish();
    if (firstProcess)
        std::cerr << (done ? "finished: "
                           : cat("interrupted, everything is saved; go on with molspectra ",
                                 command, " --resume ", files.folder, ": "))
                  << files.model() << "\n";
    return 0;
}

void printBenchmark(Trainer& trainer, int64_t count, int64_t samples, const std::string& device) {
    std::vector<double> times = trainer.benchmark(count);
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    const auto rate = [&](double milliseconds) {
        return 1e3 * static_cast<double>(samples) / milliseconds;
    };
    const nlohmann::json result{
        {"ms_per_step", {{"min", times.front()}, {"median", median}, {"max", times.back()}}},
        {"samples_per_second", {{"median", rate(median)}, {"max", rate(times.front())}}},
        {"steps", count},
        {"device", device},
        {"threads", threads()}};
    std::cout << result.dump() << "\n";
}

}  // namespace molspectra
