// Molecules laid out as the flat arrays of a shard.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Shard.h"

#include <algorithm>
#include <limits>

namespace molspectra {

namespace {

using Arrays = std::map<std::string, NpyArray>;
using Floats = std::map<std::string, NpyFloats>;
using Molecules = std::vector<Molecule>;

constexpr float absent = std::numeric_limits<float>::quiet_NaN();

const Spectrum* spectrumOf(const Molecule& molecule, SpectrumKind kind, bool sticks) {
    const auto& spectrum = molecule.spectra[size_t(kind)];
    return spectrum && spectrum->sticks == sticks ? &*spectrum : nullptr;
}

bool anyHas(const Molecules& molecules, SpectrumKind kind, bool sticks) {
    return std::any_of(molecules.begin(), molecules.end(), [&](const Molecule& molecule) {
        return spectrumOf(molecule, kind, sticks) != nullptr;
    });
}

void append(std::vector<float>& values, const std::vector<float>& more) {
    values.insert(values.end(), more.begin(), more.end());
}

NpyArray integers(std::vector<double> values) {
    const size_t count = values.size();
    return {{count}, "<i8", std::move(values)};
}

NpyFloats singles(std::vector<float> values) {
    const size_t count = values.size();
    return {{count}, "<f4", std::move(values)};
}

void addAtoms(const Molecules& molecules, Arrays& arrays, Floats& floats) {
    std::vector<double> offsets{0}, numbers, index;
    std::vector<float> positions;
    for (const Molecule& molecule : molecules) {
        numbers.insert(numbers.end(), molecule.numbers.begin(), molecule.numbers.end());
        positions.insert(positions.end(), molecule.positions.begin(), molecule.positions.end());
        offsets.push_back(double(numbers.size()));
        index.push_back(double(molecule.index));
    }
    floats["pos"] = {{numbers.size(), 3}, "<f4", std::move(positions)};
    arrays["z"] = {{numbers.size()}, "|u1", std::move(numbers)};
    arrays["atom_offset"] = integers(std::move(offsets));
    arrays["index"] = integers(std::move(index));
}

void addStates(const Molecules& molecules, Arrays& arrays, Floats& floats) {
    if (!anyHas(molecules, SpectrumKind::UV, true))
        return;
    std::vector<double> offsets{0};
    std::vector<float> energies, strengths;
    for (const Molecule& molecule : molecules) {
        if (const Spectrum* uv = spectrumOf(molecule, SpectrumKind::UV, true)) {
            append(energies, uv->positions);
            append(strengths, uv->intensities);
        }
        offsets.push_back(double(energies.size()));
    }
    arrays["state_offset"] = integers(std::move(offsets));
    floats["uv_ev"] = singles(std::move(energies));
    floats["uv_f"] = singles(std::move(strengths));
}

/// The lines of both vibrational spectra of one molecule: shared if they are at the same places,
/// else one after the other with intensities of zero in the other spectrum.
struct Modes {
    Modes(const Spectrum* ir, const Spectrum* raman) {
        const bool shared = ir && raman && ir->positions == raman->positions;
        take(ir, irIntensities, ramanIntensities, raman ? 0 : absent);
        if (shared)
            ramanIntensities = raman->intensities;
        else
            take(raman, ramanIntensities, irIntensities, ir ? 0 : absent);
    }

    std::vector<float> frequencies, irIntensities, ramanIntensities;

private:
    void take(const Spectrum* spectrum, std::vector<float>& own, std::vector<float>& other,
              float filling) {
        if (!spectrum)
            return;
        append(frequencies, spectrum->positions);
        append(own, spectrum->intensities);
        other.resize(frequencies.size(), filling);
    }
};

void addModes(const Molecules& molecules, Arrays& arrays, Floats& floats) {
    const bool hasIr = anyHas(molecules, SpectrumKind::IR, true);
    const bool hasRaman = anyHas(molecules, SpectrumKind::Raman, true);
    if (!hasIr && !hasRaman)
        return;
    std::vector<double> offsets{0};
    std::vector<float> frequencies, ir, raman;
    for (const Molecule& molecule : molecules) {
        const Modes modes(spectrumOf(molecule, SpectrumKind::IR, true),
                          spectrumOf(molecule, SpectrumKind::Raman, true));
        append(frequencies, modes.frequencies);
        append(ir, modes.irIntensities);
        append(raman, modes.ramanIntensities);
        offsets.push_back(double(frequencies.size()));
    }
    arrays["mode_offset"] = integers(std::move(offsets));
    floats["freq"] = singles(std::move(frequencies));
    if (hasIr)
        floats["ir"] = singles(std::move(ir));
    if (hasRaman)
        floats["raman"] = singles(std::move(raman));
}

void addCurves(const std::string& path, const Molecules& molecules, SpectrumKind kind,
               Arrays& arrays, Floats& floats) {
    if (!anyHas(molecules, kind, false))
        return;
    const std::string name = nameOf(kind);
    SpectrumGrid grid;
    std::vector<double> present;
    std::vector<float> curves;
    for (const Molecule& molecule : molecules) {
        const Spectrum* const curve = spectrumOf(molecule, kind, false);
        if (curve && grid.points == 0) {
            grid = curve->grid;
            curves.reserve(molecules.size() * size_t(grid.points));
            curves.assign(present.size() * size_t(grid.points), 0);
        }
        if (curve && (curve->grid != grid || curve->intensities.size() != size_t(grid.points)))
            fail("writing ", path, ": molecule ", present.size(), " (counted from 0) has its ",
                 name, " spectrum on another grid than those before it");
        present.push_back(curve ? 1 : 0);
        if (curve)
            append(curves, curve->intensities);
        else
            curves.resize(present.size() * size_t(grid.points), 0);
    }
    const size_t points = size_t(grid.points);
    floats[name + "_curve"] = {{molecules.size(), points}, "<f4", std::move(curves)};
    arrays[name + "_grid"] = {{2}, "<f8", {grid.start, grid.step}};
    arrays[name + "_has"] = {{molecules.size()}, "|u1", std::move(present)};
}

}  // namespace

void writeShard(const std::string& path, const std::vector<Molecule>& molecules) {
    Arrays arrays;
    Floats floats;
    addAtoms(molecules, arrays, floats);
    addStates(molecules, arrays, floats);
    addModes(molecules, arrays, floats);
    for (const SpectrumKind kind : spectrumKinds)
        addCurves(path, molecules, kind, arrays, floats);
    writeNpz(path, arrays, floats);
}

}  // namespace molspectra
