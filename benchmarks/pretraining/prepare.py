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
