#!/usr/bin/env python3
"""Turns QM9S's qm9s.pt (geometries) or MolSpectra's data_with_uv_ir_raman.pt (geometries and
spectra) into shards for molspectra. Both are torch pickles of PyTorch Geometric's objects.

The files are read by torch.load(weights_only=True): plain stand-ins take the place of PyTorch
Geometric's classes, which need not be installed, and a file that names anything else is refused;
nothing in a file is executed. All of it is in memory at once (about 3 GB for QM9S).

    python scripts/convert_qm9s.py qm9s.pt qm9s-molecules
    molspectra data qm9s-molecules --uv uv_boraden.csv --ir ir_boraden.csv \\
        --raman raman_boraden.csv --output qm9s

The index of a molecule is its place in the list, as the rows of the CSV files count.

SPDX-License-Identifier: MIT
"""

import argparse
import collections
import pickle
import sys

import numpy as np

from shards import QM9S_GRIDS, ShardWriter, report, unfit

try:
    import torch
except ImportError:
    sys.exit("reading torch pickles: the package torch is missing; pip install torch")

MODULES = ["torch_geometric.data.data", "torch_geometric.data", "torch_geometric.data.storage"]
CLASSES = ["Data", "GlobalStorage", "BaseStorage", "NodeStorage", "DataEdgeAttr", "DataTensorAttr"]


class StandIn:
    """Takes the state of an object and does nothing else."""

    def __setstate__(self, state):
        for part in state if isinstance(state, tuple) else (state,):
            self.__dict__.update(part or {})


def allowed():
    """Classes that a file may name."""
    reconstruct = np.zeros(1).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    arrays = [np.ndarray, np.dtype, *{type(np.dtype(code)) for code in "bBhHiIlLqQefd?"}]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        arrays += [(reconstruct, f"{module}._reconstruct"), (scalar, f"{module}.scalar")]
    stands = [(StandIn, f"{module}.{name}") for module in MODULES for name in CLASSES]
    return [*stands, *arrays, collections.defaultdict, dict]


def load(path):
    try:
        with torch.serialization.safe_globals(allowed()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        sys.exit(f"reading {path}: no such file")
    except pickle.UnpicklingError as error:
        words = str(error).split("GLOBAL ")
        name = words[1].split()[0] if len(words) > 1 else "something that is no plain data"
        sys.exit(f"reading {path}: the file names {name}, which is not read; nothing was executed")
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        sys.exit(f"reading {path}: {str(error).splitlines()[0]}")


def fields(record):
    """What an object holds by name, in PyTorch Geometric's form before 2.0 and since."""
    if isinstance(record, dict):
        return record.get("_store", record)
    store = record.__dict__.get("_store")
    held = record.__dict__ if store is None else store.__dict__.get("_mapping", {})
    return {key: value for key, value in held.items() if value is not None}


def separate(record):
    """Molecules of a list of objects: numbers, positions and spectra by kind."""
    for each in record:
        held = fields(each)
        yield held.get("z"), held.get("pos"), {k: held[k] for k in QM9S_GRIDS if k in held}


def collated(data, slices):
    """Molecules of one object that holds all of them, with where each begins."""
    held, slices = fields(data), fields(slices)
    kinds = [kind for kind in QM9S_GRIDS if kind in held]
    for n in range(len(slices["z"]) - 1):
        def part(key):
            return held[key][int(slices[key][n]):int(slices[key][n + 1])]
        spectra = {kind: part(kind) for kind in kinds}
        yield part("z"), part("pos"), {k: v for k, v in spectra.items() if v.numel()}


def checked(curves):
    """Sentence on the first spectrum that is none, or None."""
    for kind, curve in curves.items():
        points = QM9S_GRIDS[kind][0]
        if curve.numel() != points:
            return f"{kind} has {curve.numel()} points, expected {points}"
        if not torch.isfinite(curve).all() or (curve < 0).any():
            return f"{kind} has intensities that are negative or not finite"
    return None


def molecules(content, path):
    if isinstance(content, tuple) and len(content) in (2, 3):
        return collated(content[0], content[1])
    if isinstance(content, list) and content:
        return separate(content)
    sys.exit(f"reading {path}: found {type(content).__name__}, expected a list of molecules "
             "(QM9S) or a pair of one object and its slices (QM9SP)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("output", help="folder to write")
    parser.add_argument("--shard-size", type=int, default=2000)
    options = parser.parse_args()
    found = molecules(load(options.file), options.file)
    writer = ShardWriter(options.output, options.shard_size, QM9S_GRIDS)
    failures = []
    for index, (numbers, positions, curves) in enumerate(found):
        if numbers is None or positions is None:
            failures.append(f"molecule {index}: it has no z or no pos")
            continue
        reason = unfit(numbers, positions) or checked(curves)
        if reason:
            failures.append(f"molecule {index}: {reason}")
        else:
            writer.add(numbers, positions, index, curves)
    report(failures)
    writer.close()


if __name__ == "__main__":
    main()
