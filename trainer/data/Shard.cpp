// Flat arrays of all atoms, modes and states, cut into molecules by their offsets.
// SPDX-License-Identifier: MIT
#include "trainer/data/Shard.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "trainer/data/Npz.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace molspectra {

namespace {

/// Whole numbers up to here are exact in the doubles that arrays are read as.
constexpr double largestCount = 0x1p53;

/// Where the lines of one kind of spectrum lie.
struct StickKeys {
    const char* offset;
    const char* positions;
    const char* intensities;
};

StickKeys stickKeys(SpectrumKind kind) {
    switch (kind) {
        case SpectrumKind::UV: return {"state_offset", "uv_ev", "uv_f"};
        case SpectrumKind::IR: return {"mode_offset", "freq", "ir"};
        default: return {"mode_offset", "freq", "raman"};
    }
}

struct Range {
    size_t first, count;
};

/// Offsets [M+1] into arrays of `total` rows.
class Offsets {
public:
    Offsets(const NpzFile& file, const std::string& key) {
        const NpyArray array = file.read(key);
        const std::string where = cat("reading ", file.path(), ": array ", key, ": ");
        if (array.shape.size() != 1 || array.size() < 1)
            fail(where, "its shape is ", array.shapeText(), ", expected [molecules + 1]");
        for (size_t m = 0; m < array.size(); m++) {
            const double value = array.values[m];
            if (!(value >= 0) || value >= largestCount || value != std::floor(value) ||
                (m == 0 && value != 0) || (m > 0 && value < array.values[m - 1]))
                fail(where, "entry ", m, " is ", value, ", expected whole numbers that ascend ",
                     "from 0");
            values_.push_back(size_t(value));
        }
    }

    size_t molecules() const { return values_.size() - 1; }
    size_t total() const { return values_.back(); }
    Range operator[](size_t m) const { return {values_[m], values_[m + 1] - values_[m]}; }

private:
    std::vector<size_t> values_;
};

/// Reads the arrays of one file into molecules.
class ShardReader {
public:
    explicit ShardReader(const std::string& path) : file_(path), atoms_(file_, "atom_offset") {}

    std::vector<Molecule> read() {
        molecules_.resize(atoms_.molecules());
        readAtoms();
        readIndex();
        for (const SpectrumKind kind : spectrumKinds) {
            readSticks(kind);
            readCurves(kind);
        }
        return std::move(molecules_);
    }

private:
    std::string where(const std::string& key) const {
        return cat("reading ", file_.path(), ": array ", key, ": ");
    }

    NpyFloats floats(const std::string& key, const std::vector<size_t>& shape) const {
        NpyFloats array = file_.readFloats(key);
        checkShape(key, array.shape, shape);
        return array;
    }

    void checkShape(const std::string& key, const std::vector<size_t>& found,
                    const std::vector<size_t>& expected) const {
        if (found != expected)
            fail(where(key), "its shape is ", shapeText(found), ", expected ",
                 shapeText(expected));
    }

    [[noreturn]] void failValue(const std::string& key, size_t m, double bad,
                                const char* expected) const {
        fail(where(key), "molecule ", m, " (counted from 0) has ", bad, ", expected ", expected);
    }

    void readAtoms() {
        const NpyArray z = file_.read("z");
        checkShape("z", z.shape, {atoms_.total()});
        const NpyFloats positions = floats("pos", {atoms_.total(), 3});
        for (size_t m = 0; m < molecules_.size(); m++) {
            const auto [first, count] = atoms_[m];
            if (count == 0)
                fail(where("atom_offset"), "molecule ", m, " (counted from 0) has no atoms");
            Molecule& molecule = molecules_[m];
            for (size_t i = first; i < first + count; i++) {
                const double number = z.values[i];
                if (!(number >= 1 && number <= maxElement) || number != std::floor(number))
                    failValue("z", m, number, "atomic numbers in [1, 118]");
                molecule.numbers.push_back(int(number));
            }
            const float* const start = positions.values.data() + 3 * first;
            molecule.positions.assign(start, start + 3 * count);
            for (const double x : molecule.positions)
                if (!std::isfinite(x))
                    failValue("pos", m, x, "finite numbers");
        }
    }

    void readIndex() {
        const bool there = file_.contains("index");
        NpyArray index;
        if (there) {
            index = file_.read("index");
            checkShape("index", index.shape, {molecules_.size()});
        }
        for (size_t m = 0; m < molecules_.size(); m++) {
            const double value = there ? index.values[m] : double(m);
            if (!(std::abs(value) < largestCount) || value != std::floor(value))
                failValue("index", m, value, "whole numbers");
            molecules_[m].index = int64_t(value);
        }
    }

    void readSticks(SpectrumKind kind) {
        const StickKeys keys = stickKeys(kind);
        if (!file_.contains(keys.intensities))
            return;
        const Offsets offsets(file_, keys.offset);
        if (offsets.molecules() != molecules_.size())
            fail(where(keys.offset), "it is for ", offsets.molecules(), " molecules, expected ",
                 molecules_.size(), " as in atom_offset");
        const NpyFloats positions = floats(keys.positions, {offsets.total()});
        const NpyFloats intensities = floats(keys.intensities, {offsets.total()});
        for (size_t m = 0; m < molecules_.size(); m++) {
            const auto [first, count] = offsets[m];
            const auto start = intensities.values.begin() + std::ptrdiff_t(first);
            const auto end = start + std::ptrdiff_t(count);
            // The two vibrational spectra share their lines: one that is absent alone is all NaN.
            if (std::all_of(start, end, [](float value) { return std::isnan(value); }))
                continue;
            Spectrum spectrum;
            spectrum.intensities.assign(start, end);
            spectrum.positions.assign(positions.values.begin() + std::ptrdiff_t(first),
                                      positions.values.begin() + std::ptrdiff_t(first + count));
            checkIntensities(keys.intensities, m, spectrum.intensities);
            for (const float x : spectrum.positions)
                if (!std::isfinite(x))
                    failValue(keys.positions, m, x, "finite numbers");
            molecules_[m].spectra[size_t(kind)] = std::move(spectrum);
        }
    }

    void readCurves(SpectrumKind kind) {
        const std::string name = nameOf(kind), key = name + "_curve";
        if (!file_.contains(key))
            return;
        const NpyFloats curves = file_.readFloats(key);
        if (curves.shape.size() != 2 || curves.shape[0] != molecules_.size() ||
            curves.shape[1] < 2)
            fail(where(key), "its shape is ", curves.shapeText(), ", expected [",
                 molecules_.size(), ", points]");
        const size_t points = curves.shape[1];
        const SpectrumGrid grid = readGrid(name + "_grid", points);
        const std::vector<bool> present = readPresent(name + "_has");
        for (size_t m = 0; m < molecules_.size(); m++) {
            if (!present[m])
                continue;
            Spectrum spectrum{.sticks = false, .positions = {}, .intensities = {}, .grid = grid};
            const float* const start = curves.values.data() + m * points;
            spectrum.intensities.assign(start, start + points);
            checkIntensities(key, m, spectrum.intensities);
            molecules_[m].spectra[size_t(kind)] = std::move(spectrum);
        }
    }

    SpectrumGrid readGrid(const std::string& key, size_t points) const {
        const NpyArray grid = file_.read(key);
        checkShape(key, grid.shape, {2});
        const double start = grid.values[0], step = grid.values[1];
        if (!std::isfinite(start) || !std::isfinite(step) || step <= 0)
            fail(where(key), "it is [", start, ", ", step,
                 "], expected [start, step] with a positive step");
        return {start, step, int64_t(points)};
    }

    std::vector<bool> readPresent(const std::string& key) const {
        std::vector<bool> present(molecules_.size(), true);
        if (!file_.contains(key))
            return present;
        const NpyArray flags = file_.read(key);
        checkShape(key, flags.shape, {molecules_.size()});
        for (size_t m = 0; m < present.size(); m++)
            present[m] = flags.values[m] != 0;
        return present;
    }

    void checkIntensities(const std::string& key, size_t m, const std::vector<float>& row) const {
        for (const float value : row)
            if (!(value >= 0) || std::isinf(value))
                failValue(key, m, value, "finite intensities that are not negative");
    }

    NpzFile file_;
    Offsets atoms_;
    std::vector<Molecule> molecules_;
};

}  // namespace

Shard::Shard(const std::string& path) : molecules_(ShardReader(path).read()) {}

int64_t shardSize(const std::string& path) {
    return int64_t(Offsets(NpzFile(path), "atom_offset").molecules());
}

std::vector<std::string> shardPaths(const std::vector<std::string>& paths) {
    namespace fs = std::filesystem;
    std::vector<std::string> found;
    for (const std::string& path : paths) {
        if (!fs::is_directory(path)) {
            if (!fs::exists(path))
                fail("looking for shards: there is no file or folder ", path);
            found.push_back(path);
            continue;
        }
        std::vector<std::string> inside;
        for (const auto& entry : fs::directory_iterator(path))
            if (entry.path().extension() == ".npz")
                inside.push_back(entry.path().string());
        if (inside.empty())
            fail("looking for shards: there is no .npz file in ", path,
                 "; make shards by molspectra data");
        std::sort(inside.begin(), inside.end());
        found.insert(found.end(), inside.begin(), inside.end());
    }
    if (found.empty())
        fail("looking for shards: no file or folder was named");
    return found;
}

}  // namespace molspectra
