"""Writes shards (trainer/data/README.md) from Python: what the converters beside this file share.

SPDX-License-Identifier: MIT
"""

import os
import sys
from pathlib import Path

import numpy as np

# Grids of QM9S: points, start and step, eV for UV and 1/cm else.
QM9S_GRIDS = {"uv": (701, 1.0, 0.02), "ir": (3501, 500.0, 1.0), "raman": (3501, 500.0, 1.0)}


class ShardWriter:
    """Collects molecules and writes FOLDER/shard-00000.npz, ...; FOLDER is FOLDER.part until
    close()."""

    def __init__(self, folder, size, grids=None):
        self.folder, self.part = Path(folder), Path(f"{folder}.part")
        if self.folder.exists():
            sys.exit(f"writing {folder}: it is there already; name another folder or remove it")
        self.part.mkdir(parents=True, exist_ok=True)
        for left in self.part.glob("shard-*.npz"):
            left.unlink()
        self.size, self.grids = size, grids or {}
        self.shards = self.molecules = 0
        self._clear()

    def _clear(self):
        self.numbers, self.positions, self.indices = [], [], []
        self.curves = {kind: [] for kind in self.grids}

    def add(self, numbers, positions, index, curves=None):
        """Adds a molecule. numbers [N], positions [N,3] angstrom, curves by kind [points]."""
        self.numbers.append(np.asarray(numbers, np.uint8).reshape(-1))
        self.positions.append(np.asarray(positions, np.float32).reshape(-1, 3))
        self.indices.append(index)
        for kind, rows in self.curves.items():
            rows.append(None if curves is None else curves.get(kind))
        if len(self.indices) == self.size:
            self._write()

    def _write(self):
        counts = [len(numbers) for numbers in self.numbers]
        arrays = {"atom_offset": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
                  "z": np.concatenate(self.numbers), "pos": np.concatenate(self.positions),
                  "index": np.asarray(self.indices, np.int64)}
        for kind, (points, start, step) in self.grids.items():
            has = np.array([row is not None for row in self.curves[kind]], np.uint8)
            if has.any():
                empty = np.zeros(points, np.float32)
                rows = [empty if row is None else np.asarray(row, np.float32).reshape(points)
                        for row in self.curves[kind]]
                arrays.update({f"{kind}_curve": np.stack(rows), f"{kind}_has": has,
                               f"{kind}_grid": np.array([start, step])})
        np.savez(self.part / f"shard-{self.shards:05d}.npz", **arrays)
        self.shards += 1
        self.molecules += len(self.indices)
        self._clear()

    def close(self):
        if self.indices:
            self._write()
        if not self.molecules:
            sys.exit(f"writing {self.folder}: no molecule was found")
        os.rename(self.part, self.folder)
        print(f"wrote {self.folder}: {self.molecules} molecules in {self.shards} shards")


def report(failures, things="molecules"):
    """Tells what was left out: `failures` is a list of sentences."""
    if failures:
        print(f"{len(failures)} {things} were left out", file=sys.stderr)
        for sentence in failures[:20]:
            print(f"  {sentence}", file=sys.stderr)


def unfit(numbers, positions):
    """Why a geometry is none, or None."""
    numbers, positions = np.asarray(numbers), np.asarray(positions)
    if numbers.ndim != 1 or not len(numbers) or positions.shape != (len(numbers), 3):
        return f"atoms {list(numbers.shape)} and positions {list(positions.shape)} do not match"
    if not np.isfinite(positions).all():
        return "a coordinate is not finite"
    if numbers.min() < 1 or numbers.max() > 118:
        return "an atom is no element"
    return None
