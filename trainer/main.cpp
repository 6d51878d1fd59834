// The program molspectra: a table of subcommands, and how their errors end.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"
#include "trainer/training/Threads.h"

#include <c10/util/Exception.h>

#include <malloc.h>

#include <iostream>
#include <limits>
#include <vector>

namespace {

struct Command {
    const char* name;
    int (*run)(const std::vector<std::string>&);
    const char* purpose;
};

const std::vector<Command> commands{
    {"data", molspectra::convertData, "look at molecules and spectra, and make shards of them"},
    {"pretrain", molspectra::pretrain, "train a network on geometries and spectra"},
    {"finetune", molspectra::finetune, "train a network on energies and forces"},
    {"evaluate", molspectra::evaluateModel, "errors of a model on labelled data"},
    {"inspect", molspectra::inspect, "what a model file says of itself"},
    {"export", molspectra::exportModel, "write a model file for others to run"},
    {"match", molspectra::match, "rank structures by how well they fit spectra"},
    {"reconstruct", molspectra::reconstruct, "fill in hidden patches of a molecule's spectra"},
    {"import", molspectra::importModel, "turn a checkpoint of other programs into a model file"},
};

std::string overview() {
    std::string text = "usage: molspectra COMMAND [options]\n\nCommands:\n";
    for (const Command& command : commands) {
        std::string name = command.name;
        name.resize(12, ' ');
        text += molspectra::cat("  ", name, command.purpose, "\n");
    }
    return text + "\nmolspectra COMMAND --help shows a command's options and examples.\n"
                  "molspectra --version shows the version.\n";
}

int run(const std::string& name, const std::vector<std::string>& arguments) {
    std::vector<std::string> names;
    for (const Command& command : commands) {
        if (name == command.name)
            return command.run(arguments);
        names.push_back(command.name);
    }
    throw molspectra::UsageError(molspectra::cat("unknown command '", name, "'; did you mean '",
                                                 molspectra::nearest(name, names), "'?"));
}

/// A training step takes and gives back the same few hundred megabytes in pieces of all sizes. By
/// default glibc returns them to the system each time, and a sixth of the step goes to page faults.
void keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
}

int failed(const std::string& what, int code) {
    std::cerr << "molspectra: " << what << "\n";
    return code;
}

/// The line that says what went wrong, out of what may be LibTorch's pages of stack traces.
std::string essence(const std::string& what, const std::string& command) {
    const bool hasBatch = command == "finetune" || command == "pretrain";
    for (const char* memory : {"not enough memory", "out of memory"})
        if (what.find(memory) != std::string::npos)
            return hasBatch ? "out of memory; try a smaller --batch" : "out of memory";
    const std::string marker = "RuntimeError: ";
    const size_t found = what.rfind(marker);
    const std::string text =
        molspectra::trim(what.substr(found == std::string::npos ? 0 : found + marker.size()));
    return text.substr(0, text.find('\n'));
}

int answer(const std::vector<std::string>& arguments) {
    if (arguments.empty()) {
        std::cerr << overview();
        return 2;
    }
    if (arguments[0] == "--help" || arguments[0] == "help") {
        std::cout << overview();
        return 0;
    }
    if (arguments[0] == "--version") {
        std::cout << molspectra::toolVersion() << "\n";
        return 0;
    }
    return run(arguments[0], {arguments.begin() + 1, arguments.end()});
}

}  // namespace

int main(int count, char** values) {
    keepFreedMemory();
    molspectra::flushDenormals();  // a processor that cannot is right as well, and slower
    const std::string command = count > 1 ? values[1] : "";
    try {
        const int code = answer({values + 1, values + count});
        if (!std::cout.flush())
            molspectra::fail("writing to standard output: not all could be written, expected a ",
                             "place with room");
        return code;
    } catch (const molspectra::UsageError& error) {
        return failed(error.what(), 2);
    } catch (const molspectra::Error& error) {
        return failed(error.what(), 1);
    } catch (const c10::Error& error) {
        return failed(essence(error.what_without_backtrace(), command), 1);
    } catch (const std::bad_alloc&) {
        return failed(essence("out of memory", command), 1);
    } catch (const std::exception& error) {
        return failed(essence(error.what(), command), 1);
    }
}
