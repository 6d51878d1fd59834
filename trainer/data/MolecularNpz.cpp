// MD17 and rMD17 differ in key names only; both may hold molecules of several sizes, padded.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"
#include "core/Error.h"
#include "trainer/data/Npz.h"
#include "trainer/data/Readers.h"

#include <array>
#include <cmath>

namespace molspectra {

namespace {

/// Names of atomic numbers, positions, energies and forces.
using Keys = std::array<std::string, 4>;
const Keys md17Keys = {"z", "R", "E", "F"};
const Keys rmd17Keys = {"nuclear_charges", "coords", "energies", "forces"};

std::vector<std::string> missing(const NpzFile& file, const Keys& keys) {
    std::vector<std::string> names;
    for (const std::string& key : keys)
        if (!file.contains(key))
            names.push_back(key);
    return names;
}

const Keys& keysOf(const NpzFile& file) {
    const auto fromMd17 = missing(file, md17Keys), fromRmd17 = missing(file, rmd17Keys);
    if (fromMd17.empty())
        return md17Keys;
    if (fromRmd17.empty())
        return rmd17Keys;
    const bool nearMd17 = fromMd17.size() <= fromRmd17.size();
    const std::string found = file.keys().empty() ? "none" : join(file.keys(), ", ");
    fail("reading ", file.path(), ": missing ", join(nearMd17 ? fromMd17 : fromRmd17, ", "),
         "; arrays found: ", found,
         "; expected z, R, E, F or nuclear_charges, coords, energies, forces");
}

class Arrays {
public:
    explicit Arrays(const std::string& path) : path_(path) {
        const NpzFile file(path);
        keys_ = keysOf(file);
        numbers_ = file.read(keys_[0]);
        positions_ = file.read(keys_[1]);
        energies_ = file.read(keys_[2]);
        forces_ = file.read(keys_[3]);
        checkShapes();
    }

    size_t frames() const { return positions_.shape[0]; }

    Frame frame(size_t t) const {
        Frame frame;
        const bool shared = numbers_.shape.size() == 1;
        for (size_t i = 0; i < atoms(); i++) {
            const double number = numbers_.values[shared ? i : t * atoms() + i];
            if (number == 0 && !shared)
                continue;  // padding of a smaller molecule
            frame.numbers.push_back(element(number, t, i));
            for (size_t d = 0; d < 3; d++) {
                const size_t at = (t * atoms() + i) * 3 + d;
                frame.positions.push_back(finite(positions_.values[at], "a position", t));
                frame.forces.push_back(finite(forces_.values[at], "a force", t));
            }
        }
        if (frame.numbers.empty())
            fail("reading ", path_, ": frame ", t, " (counted from 0) has no atoms");
        frame.energy = finite(energies_.values[t], "the energy", t);
        return frame;
    }

private:
    size_t atoms() const { return positions_.shape[1]; }

    void checkShapes() const {
        const auto& shape = positions_.shape;
        if (shape.size() != 3 || shape[2] != 3)
            failShape(1, positions_, "[frames, atoms, 3]");
        if (shape[0] == 0 || shape[1] == 0)
            fail("reading ", path_, ": ", keys_[1], " has the shape ", positions_.shapeText(),
                 ", expected at least one frame and one atom");
        if (forces_.shape != shape)
            failShape(3, forces_, cat(positions_.shapeText(), ", that of ", keys_[1]));
        if (energies_.size() != shape[0])
            failShape(2, energies_, cat("one energy for each of the ", shape[0], " frames of ",
                                        keys_[1], " ", positions_.shapeText()));
        const std::vector<size_t> one = {shape[1]}, each = {shape[0], shape[1]};
        if (numbers_.shape != one && numbers_.shape != each)
            failShape(0, numbers_, cat("[", shape[1], "] or [", shape[0], ", ", shape[1],
                                       "], to match ", keys_[1], " ", positions_.shapeText()));
    }

    [[noreturn]] void failShape(size_t key, const NpyArray& array,
                                const std::string& expected) const {
        fail("reading ", path_, ": ", keys_[key], " has the shape ", array.shapeText(),
             ", expected ", expected);
    }

    int element(double number, size_t t, size_t atom) const {
        if (number != std::floor(number) || number < 1 || number > maxElement)
            fail("reading ", path_, ": ", keys_[0], " of atom ", atom, " in frame ", t,
                 " is ", number, ", expected an atomic number in [1, ", maxElement, "]");
        return int(number);
    }

    double finite(double value, const char* what, size_t t) const {
        if (!std::isfinite(value))
            fail("reading ", path_, ": ", what, " of frame ", t, " (counted from 0) is ", value,
                 ", expected finite numbers; leave such frames out");
        return value;
    }

    std::string path_;
    Keys keys_;
    NpyArray numbers_, positions_, energies_, forces_;
};

}  // namespace

ToldUnits unitsOfNpz(const std::string& path) {
    const NpzFile file(path);
    const auto text = [&](const char* key) {
        return file.contains(key) ? trim(file.readText(key)) : std::string();
    };
    return {text("e_unit"), text("r_unit")};
}

std::vector<Frame> readMolecularNpz(const std::string& path) {
    const Arrays arrays(path);
    std::vector<Frame> frames;
    frames.reserve(arrays.frames());
    for (size_t t = 0; t < arrays.frames(); t++)
        frames.push_back(arrays.frame(t));
    return frames;
}

}  // namespace molspectra
