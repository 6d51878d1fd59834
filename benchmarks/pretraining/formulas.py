#!/usr/bin/env python3
"""What the formula alone makes of a contrast among random molecules.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/pretraining/formulas.py build/pretraining/shards/spectra

Whoever knows no more than formulas gives all isomers of a batch the same chance: a molecule with c
of its formula in the batch, itself included, comes first in 1/c of the cases; its loss is ln c.
"""

import argparse
import math
from pathlib import Path

import numpy as np

BATCH, BATCHES, SEED = 128, 300, 1


def formulasIn(folder):
    """A number for the formula of each molecule [M]."""
    formulas = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as shard:
            atoms, numbers = shard["atom_offset"], shard["z"]
        formulas += [tuple(np.sort(numbers[a:b])) for a, b in zip(atoms, atoms[1:])]
    known = {formula: n for n, formula in enumerate(dict.fromkeys(formulas))}
    return np.array([known[formula] for formula in formulas])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shards", type=Path, help="folder of shards")
    formulas, random = formulasIn(parser.parse_args().shards), np.random.default_rng(SEED)
    counts = []
    for _ in range(BATCHES):
        batch = formulas[random.permutation(len(formulas))[:BATCH]]
        counts.append(np.bincount(batch)[batch])
    counts = np.array(counts)
    print(f"{len(formulas):,} molecules, {formulas.max() + 1} formulas; in {BATCHES} batches of "
          f"{BATCH}: own molecule first {100 * np.mean(1 / counts):.0f} %, loss "
          f"{np.mean(np.log(counts)):.2f} of {math.log(BATCH):.2f}")


if __name__ == "__main__":
    main()
