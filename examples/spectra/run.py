#!/usr/bin/env python3
"""Pre-trains on the sample in two stages and draws a spectrum that was partly hidden.

SPDX-License-Identifier: MIT

    .venv/bin/python examples/spectra/run.py [--output demo/spectra] [--molecule c1ccoc1]

Runs of the program that are done are not done again. README.md beside this file says what is what.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = ROOT / ".venv" / "bin" / "molspectra"
DATA, NAMES = HERE / "spectra.npz", HERE / "molecules.smi"
OFFSETS = {"atom_offset": ("z", "pos"), "mode_offset": ("freq", "ir", "raman"),
           "state_offset": ("uv_ev", "uv_f")}
HELD_BACK_EVERY, VALIDATION, SEED = 10, 20, 20261121

# Small enough for minutes on two cores; the presets' own sizes are for large data.
NETWORK = {"channels": 64, "layers": 3, "heads": 4, "radial-functions": 24}
SPEC_FORMER = {"spectra-channels": 64, "spectra-layers": 2, "spectra-heads": 4,
               "spectra-hidden": 128}
BATCHES = {"denoise": 32, "spectra": 32}


def program(*arguments):
    """Runs the program molspectra; its progress goes to the terminal."""
    command = [str(PROGRAM), *map(str, arguments)]
    if subprocess.run(command).returncode:
        sys.exit(f"pre-training: {' '.join(command)} failed; the message above says why")


def settings(values):
    return [text for name, value in values.items() for text in (f"--{name}", value)]


def writePart(path, chosen):
    """A shard of some of the sample's molecules."""
    with np.load(DATA) as file:
        arrays = dict(file)
    part = {name: arrays[name][chosen] for name in ("index", "energy")}
    for offset, names in OFFSETS.items():
        first, last = arrays[offset][chosen], arrays[offset][chosen + 1]
        rows = np.concatenate([np.arange(*pair) for pair in zip(first, last)])
        part[offset] = np.concatenate([[0], np.cumsum(last - first)])
        part |= {name: arrays[name][rows] for name in names}
    np.savez_compressed(path, **part)


def splitData(folder):
    """train.npz and held_back.npz; the second keeps every tenth molecule from all training."""
    with np.load(DATA) as file:
        count = len(file["index"])
    held = np.arange(count) % HELD_BACK_EVERY == HELD_BACK_EVERY - 1
    writePart(folder / "train.npz", np.flatnonzero(~held))
    writePart(folder / "held_back.npz", np.flatnonzero(held))
    return [line.split()[0] for line, out in zip(NAMES.read_text().splitlines(), held) if out]


def pretrain(options, preset, *more):
    """One stage. A run that was interrupted goes on from its checkpoint."""
    folder = options.output / preset
    steps = getattr(options, f"{preset}_steps")
    if (folder / "checkpoint.pt").exists():
        program("pretrain", "--resume", folder, "--steps", steps)
        return folder
    program("pretrain", "--data", options.output / "train.npz", "--preset", preset,
            "--output", folder, *more, "--steps", steps, "--batch", BATCHES[preset],
            "--validation", VALIDATION, "--validation-interval", max(1, steps // 10),
            "--warmup", max(1, steps // 20), "--seed", SEED)
    return folder


def draw(options, run, name, index):
    """The spectra of one held-back molecule, with what was hidden of them and how it was filled."""
    from molspectra.spectra_plots import plotReconstruction

    path = options.output / "reconstruction.json"
    program("reconstruct", "--model", run, "--data", options.output / "held_back.npz",
            "--index", index, "--seed", 1, "--json", path)
    picture = path.with_suffix(".png")
    plotReconstruction(path, picture, title=name)
    hidden = [len(spectrum["masked"]) for spectrum in json.loads(path.read_text())["spectra"]]
    print(f"{picture}: {name}, which no training has seen; {sum(hidden)} patches were hidden")


def run(options):
    options.output.mkdir(parents=True, exist_ok=True)
    names = splitData(options.output)
    name = options.molecule or names[len(names) // 2]
    if name not in names:
        sys.exit(f"drawing a spectrum: no molecule {name} is held back, expected one of "
                 f"{' '.join(names)}")
    first = pretrain(options, "denoise", *settings(NETWORK))
    second = pretrain(options, "spectra", "--model", first / "model.pt", *settings(SPEC_FORMER))
    draw(options, second, name, names.index(name))
    print(f"{second / 'model.pt'}: a network to start from: molspectra finetune --model ...")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "spectra",
                        help="folder of the results")
    parser.add_argument("--denoise-steps", type=int, default=1000, help="steps of stage 1")
    parser.add_argument("--spectra-steps", type=int, default=400, help="steps of stage 2")
    parser.add_argument("--molecule", help="SMILES of the held-back molecule to draw")
    options = parser.parse_args()
    for path in (PROGRAM, DATA, NAMES):
        if not path.exists():
            sys.exit(f"pre-training: {path.relative_to(ROOT)} is not there; run `make` first, or "
                     "get the whole project again")
    run(options)


if __name__ == "__main__":
    main()
