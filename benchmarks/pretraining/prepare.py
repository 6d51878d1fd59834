"""What NumPy makes before the program runs: held-back molecules, and index files of frames.

SPDX-License-Identifier: MIT

Every file is written beside and renamed; one that is there already is left as it is.
"""

import os
import threading

import numpy as np

import matrix

# Offsets of a flat file of molecules, and the arrays that each of them cuts.
FLAT = {"atom_offset": ("z", "pos"), "mode_offset": ("freq", "ir", "raman"),
        "state_offset": ("uv_ev", "uv_f")}

SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F"}
FRAMES = "frames.xyz"


def partOf(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")


def writeText(path, text):
    partOf(path).write_text(text)
    os.replace(partOf(path), path)


def writeArrays(path, arrays):
    with open(partOf(path), "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(partOf(path), path)


def chosen(arrays, molecules):
    """The same arrays of some molecules, in their order."""
    found = {}
    for offset, names in FLAT.items():
        starts = arrays[offset]
        rows = np.concatenate([np.arange(starts[m], starts[m + 1]) for m in molecules])
        counts = starts[molecules + 1] - starts[molecules]
        found[offset] = np.concatenate([[0], np.cumsum(counts)]).astype(starts.dtype)
        found.update({name: arrays[name][rows] for name in names})
    for name in ("energy", "index"):
        found[name] = arrays[name][molecules]
    return found


def cutSpectra(source, folder):
    """Two files: molecules that are held back, and the rest."""
    with np.load(source) as file:
        arrays = dict(file)
    molecules = np.random.default_rng(matrix.HELD_BACK_SEED).permutation(len(arrays["index"]))
    first = matrix.HELD_BACK + matrix.SPARE
    writeArrays(folder / "heldback.npz", chosen(arrays, np.sort(molecules[:first])))
    writeArrays(folder / "rest.npz", chosen(arrays, np.sort(molecules[first:])))


def numbersIn(shards):
    """The molecules' numbers in their collection."""
    found = set()
    for path in shards.glob("*.npz"):
        with np.load(path) as file:
            found.update(file["index"].tolist())
    return found


def writeForces(source, shards, folder):
    """The frames of the molecules in the shards as extended XYZ: kcal/mol and angstrom."""
    wanted, lines, molecules, count = numbersIn(shards), [], 0, 0
    with np.load(source) as file:
        data = dict(file)
    atoms, frames, rows = (data[f"{name}_offset"] for name in ("atom", "frame", "coord"))
    for m, number in enumerate(data["index"].tolist()):
        if number not in wanted:
            continue
        symbols = [SYMBOLS[z] for z in data["z"][atoms[m]:atoms[m + 1]]]
        shape = (frames[m + 1] - frames[m], len(symbols), 3)
        both = np.concatenate([data[name][rows[m]:rows[m + 1]].reshape(shape)
                               for name in ("pos", "forces")], axis=2)
        for energy, frame in zip(data["energy"][frames[m]:frames[m + 1]], both):
            lines.append(f"{len(symbols)}\nProperties=species:S:1:pos:R:3:forces:R:3 "
                         f"energy={energy:.6f}")
            lines += [f"{symbol} " + " ".join(f"{value:.5f}" for value in row)
                      for symbol, row in zip(symbols, frame)]
        molecules, count = molecules + 1, count + len(both)
    writeText(folder / FRAMES, "\n".join(lines) + "\n")
    return {"molecules": molecules, "frames": count}


def countMolecules(folder):
    files = sorted(folder.glob("*.npz"))
    counts = []
    for path in files:
        with np.load(path) as file:
            counts.append(len(file["atom_offset"]) - 1)
    return {"molecules": sum(counts), "files": len(files)}


def writeSplit(data, path, frames, seed):
    """Test and validation frames depend on the seed alone, and smaller training sets lie in larger
    ones, so that all kinds and all numbers of frames are judged by the same frames."""
    if path.exists():
        return
    with np.load(data) as file:
        total = len(file["R"])
    test = min(matrix.TEST, total - frames - matrix.VALIDATION)
    if test < 1:
        raise ValueError(f"splitting {data}: it holds {total} frames, expected more than "
                         f"{frames + matrix.VALIDATION}")
    order = np.random.default_rng(seed).permutation(total)
    first = test + matrix.VALIDATION
    writeArrays(path, {"idx_test": order[:test], "idx_val": order[test:first],
                       "idx_train": order[first:first + frames]})
