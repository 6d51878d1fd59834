// molspectra data: what files of molecules and spectra hold, and the same as shards to train on.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "trainer/commands/CommandLine.h"
#include "trainer/commands/Commands.h"
#include "trainer/commands/DataReport.h"
#include "trainer/commands/ReadData.h"
#include "trainer/data/ShardFolder.h"
#include "trainer/data/SpectraCsv.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <thread>
#include <unordered_set>

namespace molspectra {

namespace po = boost::program_options;

namespace {

using Paths = std::vector<std::string>;

CommandLine commandLine() {
    po::options_description input("Input"), output("Output");
    input.add_options()
        ("source", po::value<Paths>()->multitoken(),
         "molecules: .sdf, .smi or .csv (SMILES), .xyz, a .zip of XYZ files, .npz, a folder of "
         "shards; each also as .gz where it is text; --source may be left out")
        ("uv", po::value<std::string>(),
         "CSV of UV spectra: a row a molecule, its index in the first column (of SDF and XYZ the "
         "record, from 0), ascending, the grid (eV) in the first line")
        ("ir", po::value<std::string>(), "the same of IR spectra (1/cm)")
        ("raman", po::value<std::string>(), "the same of Raman spectra (1/cm)")
        ("exclude", po::value<Paths>()->multitoken(),
         "files of molecules to leave out, in any conformer")
        ("unique", po::bool_switch(), "keep the first only of molecules that come again")
        ("limit", po::value<int64_t>()->default_value(0), "molecules to take; 0 is all")
        ("embed", po::bool_switch(), embedHelp)
        ("threads", po::value<int64_t>()->default_value(0),
         "processor threads that make geometries; 0 is one for each processor");
    output.add_options()
        ("output", po::value<std::string>(), "folder of shards to write; without it: look only")
        ("shard-size", po::value<int64_t>()->default_value(2000), "molecules of a shard")
        ("json", po::bool_switch(), "print what was found as JSON");
    return CommandLine(
        {"molspectra data SOURCE... [options]",
         "Reads molecules and their spectra, tells what is there and what could not be read, and\n"
         "writes them as shards, which pretrain takes. Memory does not grow with the files.",
         "molspectra data molecules.sdf.gz\n"
         "molspectra data pcqm4m-v2-train.sdf --output pcqm --exclude md17_ethanol.npz\n"
         "molspectra data qm9s-molecules --uv uv_boraden.csv --ir ir_boraden.csv "
         "--raman raman_boraden.csv --output qm9s\n"
         "molspectra data molecules.smi --unique --threads 8 --output made"},
        {input, output}, "source", -1);
}

int threadsOf(const CommandLine& line) {
    const int64_t threads = line.get<int64_t>("threads");
    if (threads < 0 || threads > 1024)
        throw UsageError(cat("--threads is ", threads, ", expected 0 to 1024"));
    return threads > 0 ? int(threads) : int(std::max(1u, std::thread::hardware_concurrency()));
}

int64_t limitOf(const CommandLine& line) {
    const int64_t limit = line.get<int64_t>("limit");
    if (limit < 0)
        throw UsageError(cat("--limit is ", limit, ", expected 0 or more"));
    return limit;
}

Paths pathsOf(const CommandLine& line, const std::string& name) {
    return line.values().count(name) ? line.get<Paths>(name) : Paths();
}

/// One run of the command: molecules go from the sources through all that was asked for.
class Conversion {
public:
    explicit Conversion(const CommandLine& line)
        : sources_(pathsOf(line, "source")),
          options_{threadsOf(line), line.get<bool>("embed")}, limit_(limitOf(line)),
          unique_(line.get<bool>("unique")) {
        if (sources_.empty())
            throw UsageError("no file of molecules is named; --help shows all options");
        openSpectra(line);
        if (line.values().count("output"))
            output_.emplace(line.get<std::string>("output"), line.get<int64_t>("shard-size"));
        readExcluded(pathsOf(line, "exclude"));
    }

    DataReport run() {
        for (const std::string& source : sources_) {
            ReadReport& report = report_.sources.emplace_back(source, ReadReport{}).second;
            readMolecules(source, options_, report, [&](NamedMolecule&& found) {
                if (join_ && report.strayLine > 0)
                    fail("joining spectra to ", source, ": line ", report.strayLine,
                         " is no molecule, so that the indices of those behind it are not known; "
                         "expected molecules alone, or a column with the title \"index\"");
                return take(std::move(found.molecule));
            });
            if (limited_)
                break;
        }
        finishSpectra();
        if (report_.summary.molecules == 0)
            failEmpty();
        if (output_) {
            output_->finish();
            report_.shards = output_->shards();
        }
        return std::move(report_);
    }

private:
    void openSpectra(const CommandLine& line) {
        std::array<std::string, 3> paths;
        for (const SpectrumKind kind : spectrumKinds)
            paths[size_t(kind)] = optionalText(line, nameOf(kind));
        const bool any = std::any_of(paths.begin(), paths.end(),
                                     [](const std::string& path) { return !path.empty(); });
        if (any && sources_.size() > 1)
            throw UsageError(cat("spectra belong to the indices of one source, but ",
                                 sources_.size(), " are named; convert them one by one"));
        if (any)
            join_.emplace(paths);
    }

    void readExcluded(const Paths& paths) {
        for (const std::string& path : paths) {
            ReadReport& report = report_.excludedFiles.emplace_back(path, ReadReport{}).second;
            readMolecules(path, options_, report, [&](NamedMolecule&& found) {
                excluded_.insert(shortKey(found.molecule));
                return true;
            });
        }
    }

    bool take(Molecule&& molecule) {
        if (join_)
            join_->join(molecule);
        const uint64_t key = shortKey(molecule);
        if (excluded_.contains(key)) {
            report_.excluded++;
            return true;
        }
        if (unique_ && report_.summary.contains(key)) {
            report_.repeated++;
            return true;
        }
        report_.summary.add(molecule, key);
        if (output_)
            output_->add(std::move(molecule));
        limited_ = limit_ > 0 && report_.summary.molecules >= limit_;
        return !limited_;
    }

    int64_t records() const {
        int64_t all = 0;
        for (const auto& [path, report] : report_.sources)
            all += report.read + report.failed;
        return all;
    }

    void finishSpectra() {
        if (!join_)
            return;
        // Rows behind the limit are nobody's fault, and gigabytes to read.
        const bool counted = report_.sources.front().second.counted;
        if (!limited_)
            join_->finish(records(), counted);
        else if (counted)
            join_->checkBeginning();
        for (const SpectrumKind kind : spectrumKinds) {
            auto& joined = report_.joins[size_t(kind)] = join_->report(kind);
            if (joined && joined->joined == 0)
                fail("joining ", nameOf(kind), " spectra: none of the rows belongs to a molecule, ",
                     "expected the same indices; ", joined->withoutMolecule,
                     " have another index, ", joined->rows.failed, " could not be read",
                     joined->rows.reasons.empty() ? "" : ", " + joined->rows.reasons.front());
        }
    }

    [[noreturn]] void failEmpty() const {
        std::string reasons;
        for (const auto& [path, report] : report_.sources)
            if (!report.reasons.empty())
                reasons += cat("; ", path, " ", report.reasons.front());
        if (records() == 0)
            fail("reading ", join(sources_, ", "), ": found no molecule, expected at least one");
        fail("reading ", join(sources_, ", "), ": no molecule is left, with ",
             report_.failed(), " that could not be read and ", report_.excluded, " excluded",
             reasons);
    }

    Paths sources_;
    ReadOptions options_;
    int64_t limit_;
    bool unique_, limited_ = false;
    std::optional<SpectraJoin> join_;
    std::optional<ShardFolder> output_;
    std::unordered_set<uint64_t> excluded_;
    DataReport report_;
};

}  // namespace

int convertData(const std::vector<std::string>& arguments) {
    CommandLine line = commandLine();
    if (!line.parse(arguments))
        return 0;
    const DataReport report = Conversion(line).run();
    std::cout << (line.get<bool>("json") ? jsonText(report) : plainText(report));
    if (line.values().count("output"))
        std::cerr << cat("wrote ", line.get<std::string>("output"), ": ",
                         report.summary.molecules, " molecules in ", report.shards, " shards\n");
    return 0;
}

}  // namespace molspectra
