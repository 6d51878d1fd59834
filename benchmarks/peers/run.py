"""Times one OpenMM step of this project against openmm-torch with TorchMD-Net, same weights.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/peers/run.py                      # untrained networks of two sizes
    .venv/bin/python benchmarks/peers/run.py --models MODEL.pt [MODEL.pt ...]

Every side runs in its own environment and process, with one and with two threads; all take turns
within one run, and each is judged at its best number of threads. Our side is native on both
platforms. Before any timing both sides have to give the same energy difference and forces. Writes
docs/results/peers.json.
"""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import (ROOT, alternate, compared, fastest, machine, printTable,  # noqa: E402
                    writeRows)

import sides  # noqa: E402
import systems  # noqa: E402

COLUMNS = ["molecule", "atoms", "channels", "layers", "platform", "threads", "peer_threads",
           "ours_ms", "peer_ms", "ratio", "ours_median_ms", "peer_median_ms", "load"]

# Molecules and sizes of network: the published MD17 setting, and the published QM9 size.
CASES = ["ethanol:128x6x32", "aspirin:128x6x32", "aspirin:256x8x64"]


def measure(model, molecule, platform, options):
    numbers, positions, cell = systems.atoms(molecule)
    config = sides.configuration(model)
    print(f"{molecule}, F {config['channels']} L {config['layers']}, {platform}")
    workers = {side: sides.start(side, model, molecule, platform) for side in sides.PYTHONS}
    states = {side: both[0].ask(state=True) for side, both in workers.items()}
    print(f"  ours is {states['ours']['evaluator']}")
    row = dict(molecule=molecule, atoms=len(numbers),
               pairs=systems.pairCount(positions, cell, config["cutoff"]),
               channels=config["channels"], layers=config["layers"], platform=platform)
    differences = sides.agreement(states["ours"], states["peer"])
    alternate([worker for pair in zip(*workers.values()) for worker in pair],
              options.rounds, options.steps)
    row |= compared(workers["ours"], workers["peer"]) | machine() | differences
    row |= dict(precision=states["ours"]["precision"], peer_precision=states["peer"]["precision"],
                evaluator=fastest(workers["ours"]).ask(state=True)["evaluator"])
    row |= {f"{side}_openmm": states[side]["openmm"] for side in states}
    for both in workers.values():
        sides.close(both)
    return row


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="MOLECULE:SIZE",
                        help="sizes: channels x layers x radial functions")
    parser.add_argument("--models", nargs="+", type=Path,
                        help="model files of this project instead of untrained networks")
    parser.add_argument("--molecules", nargs="+", default=["ethanol", "aspirin"],
                        help="of tests/golden/geometries.json, for --models")
    parser.add_argument("--platforms", nargs="+", default=["Reference", "CPU"])
    parser.add_argument("--rounds", type=int, default=8, help="turns of every side")
    parser.add_argument("--steps", type=int, default=50, help="OpenMM steps in a turn")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/peers.json")
    return parser.parse_args()


def cases(given, folder):
    """-> pairs of model file and molecule"""
    if given.models:
        return [(model, molecule) for model in given.models for molecule in given.molecules]
    named = [case.split(":") for case in given.cases]
    return [(sides.untrained(folder, size), molecule) for molecule, size in named]


def main():
    given = options()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(model, molecule, platform, given)
                for model, molecule in cases(given, folder) for platform in given.platforms]
    printTable(rows, COLUMNS)
    writeRows(given.output, rows, rounds=given.rounds, steps=given.steps,
              what="milliseconds of one OpenMM step (Verlet, 0.5 fs); ratio = peer_ms / ours_ms, "
                   "both minima over the rounds, each side at its best number of threads; ours: "
                   "native kernels; peer: openmm-torch 1.5 with TorchMD-Net 3.1.0")


if __name__ == "__main__":
    main()
