#!/usr/bin/env python3
"""Makes the example's data: lines of IR, Raman and UV spectra of 300 small molecules.

SPDX-License-Identifier: MIT

Every stage writes into a work folder and goes on where it stopped, so it can be interrupted.

    python make_data.py list WORK       # chooses the molecules
    python make_data.py compute WORK    # geometries and vibrations (GFN2-xTB), UV (TDA-PBE0)
    python make_data.py check WORK      # derivatives by other ways, sum rules, PySCF's own TDA
    python make_data.py pack WORK       # spectra.npz and molecules.smi beside this script

Needs the packages of requirements/labels.txt; about an hour and a half of one core.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import labels  # noqa: E402

COUNT = 300
SEED = 20261121
NAMES = "molecules.smi"
OFFSETS = {"atom_offset": "z", "mode_offset": "freq", "state_offset": "uv_ev"}
TYPES = {"z": np.uint8, "pos": np.float32, "energy": np.float64, "freq": np.float32,
         "ir": np.float32, "raman": np.float32, "uv_ev": np.float32, "uv_f": np.float32}


def save(path, **arrays):
    """Writes beside the target and renames, so that an interrupted save loses nothing."""
    beside = path.with_suffix(".part.npz")
    np.savez_compressed(beside, **arrays)
    os.replace(beside, path)


def listMolecules(work):
    """The SMILES of the molecules to compute, one a line."""
    if not (work / NAMES).exists():
        import molecules

        names = molecules.chosen(COUNT)
        (work / NAMES).write_text("".join(f"{name}\n" for name in names))
        print(f"chose {len(names)} molecules")


def namesOf(work):
    return (work / NAMES).read_text().split()


def computePart(work, part, parts):
    """Every molecule i, in a shuffled order, whose place has place % parts == part."""
    began, names = time.time(), namesOf(work)
    for i in np.random.default_rng(SEED).permutation(len(names))[part::parts]:
        target, failure = work / f"{i:03d}.npz", work / f"{i:03d}.failed"
        if target.exists() or failure.exists():
            continue
        started = time.time()
        try:
            result = labels.vibrations(names[i], SEED)
            positions = result["pos"] / labels.BOHR_IN_ANGSTROM
            result |= labels.excitedStates(result["z"].astype(int), positions)
        except (RuntimeError, ValueError, np.linalg.LinAlgError) as error:
            failure.write_text(f"{names[i]}: {error}\n")
            print(f"{i:03d} {names[i]} left out: {error}", flush=True)
            continue
        save(target, **result)
        print(f"{i:03d} {names[i]}: lowest mode {result['freq'][0]:.0f} 1/cm, "
              f"{len(result['uv_ev'])} states, {time.time() - started:.0f} s, "
              f"{time.time() - began:.0f} s in all", flush=True)


def compute(work, parts):
    """All molecules, in `parts` processes."""
    import multiprocessing

    listMolecules(work)
    workers = [multiprocessing.Process(target=computePart, args=(work, part, parts))
               for part in range(parts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("computing spectra: a process failed; its message stands above")


def computed(work):
    """Numbers of the molecules that are done, and their arrays."""
    numbers = [i for i in range(len(namesOf(work))) if (work / f"{i:03d}.npz").exists()]
    return numbers, [dict(np.load(work / f"{i:03d}.npz")) for i in numbers]


def pack(work):
    """Writes the two files that the example ships beside this script."""
    here, names = Path(__file__).parent, namesOf(work)
    numbers, results = computed(work)
    arrays = {name: np.concatenate([np.atleast_1d(result[name]) for result in results])
              .astype(kind) for name, kind in TYPES.items()}
    for offset, name in OFFSETS.items():
        arrays[offset] = np.cumsum([0] + [len(result[name]) for result in results])
    save(here / "spectra.npz", index=np.arange(len(numbers)), **arrays)
    (here / NAMES).write_text("".join(f"{names[i]} {n}\n" for n, i in enumerate(numbers)))
    size = (here / "spectra.npz").stat().st_size
    print(f"spectra.npz: {len(numbers)} of {len(names)} molecules, {arrays['freq'].size} modes, "
          f"{arrays['uv_ev'].size} states, {size / 1e6:.2f} MB")
    for failure in sorted(work.glob("*.failed")):
        print(f"left out: {failure.read_text().strip()}")


def check(work):
    import check_data

    check_data.check(namesOf(work), *computed(work))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=["list", "compute", "check", "pack"])
    parser.add_argument("work", type=Path, help="work folder")
    parser.add_argument("--parts", type=int, default=2, help="processes, for the stage `compute`")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.stage == "compute":
        compute(options.work, options.parts)
    else:
        {"list": listMolecules, "check": check, "pack": pack}[options.stage](options.work)


if __name__ == "__main__":
    main()
