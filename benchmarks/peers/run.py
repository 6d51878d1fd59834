"""Times one OpenMM step of this project against openmm-torch with TorchMD-Net, same weights.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/peers/run.py                      # untrained networks of two sizes
    .venv/bin/python benchmarks/peers/run.py --models MODEL.pt [MODEL.pt ...]

Every side runs in its own environment and process, with one and with two threads; all take turns
within one run, and each is judged at its best number of threads. Our side is native on both CPU
platforms. Before any timing the sides have to give the same energy difference and forces.
Writes docs/results/peers.json.

On a GPU (--platforms CUDA --steps 500) ours is TorchScript, and is compared with TorchMD-Net in
openmm-torch, with our network there without and with a CUDA graph, and with itself without one. A
side that cannot run there is told in its row.
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
           "ours_ms", "peer_ms", "ratio", "ours_median_ms", "peer_median_ms", "load", "side",
           "note"]

# Molecules and sizes of network: the published MD17 setting, and the published QM9 size.
CASES = ["ethanol:128x6x32", "aspirin:128x6x32", "aspirin:256x8x64"]


def begin(names, model, molecule, platform):
    """-> workers, states and differences from ours of the sides that run and compute the same, and
    the last words about those that do not. Ours must, and on a processor all others as well."""
    workers = {side: sides.start(side, model, molecule, platform) for side in names}
    states, differences, failures = {}, {}, {}
    for side in names:
        try:
            state = workers[side][0].ask(state=True)
            if side != "ours":
                differences[side] = sides.agreement(states["ours"], state)
            states[side] = state
        except SystemExit as failure:
            if side == "ours" or platform not in sides.DEVICE_PLATFORMS:
                raise
            failures[side] = str(failure).strip().splitlines()[-1]
            print(f"  {side} is left out: {failures[side]}")
            sides.close(workers.pop(side))
    return workers, states, differences, failures


def compare(workers, states, differences):
    """The columns of one side; each argument is of ours and of that side."""
    (us, them), (ours, theirs) = workers, states
    return compared(us, them) | machine() | differences | dict(
        precision=ours["precision"], peer_precision=theirs["precision"], peer=theirs["evaluator"],
        evaluator=fastest(us).ask(state=True)["evaluator"],
        ours_openmm=ours["openmm"], peer_openmm=theirs["openmm"])


def measure(model, molecule, platform, options):
    """-> one row for each side that ours is compared with"""
    numbers, positions, cell = systems.atoms(molecule)
    config = sides.configuration(model)
    print(f"{molecule}, F {config['channels']} L {config['layers']}, {platform}")
    names = ["ours", *(options.sides or sides.others(platform))]
    workers, states, differences, failures = begin(names, model, molecule, platform)
    print(f"  ours is {states['ours']['evaluator']}")
    case = dict(molecule=molecule, atoms=len(numbers),
                pairs=systems.pairCount(positions, cell, config["cutoff"]),
                channels=config["channels"], layers=config["layers"], platform=platform)
    alternate([worker for turn in zip(*workers.values()) for worker in turn],
              options.rounds, options.steps, options.seconds)
    rows = [case | dict(side=side, note=words) for side, words in failures.items()]
    rows += [case | dict(side=side) | compare((workers["ours"], workers[side]),
                                              (states["ours"], states[side]), differences[side])
             for side in list(states)[1:]]
    for both in workers.values():
        sides.close(both)
    return rows


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", default=CASES, metavar="MOLECULE:SIZE",
                        help="sizes: channels x layers x radial functions")
    parser.add_argument("--models", nargs="+", type=Path,
                        help="model files of this project instead of untrained networks")
    parser.add_argument("--molecules", nargs="+", default=["ethanol", "aspirin"],
                        help="of tests/golden/geometries.json, for --models")
    parser.add_argument("--platforms", nargs="+", default=["Reference", "CPU"])
    parser.add_argument("--sides", nargs="+", choices=list(sides.SIDES)[1:],
                        help="to compare with instead of all that the platform has")
    parser.add_argument("--rounds", type=int, default=8, help="turns of every side")
    parser.add_argument("--seconds", type=float, default=2.0, help="at least, of every turn")
    parser.add_argument("--steps", type=int, default=50,
                        help="OpenMM steps before a turn begins with the first geometry again")
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
        rows = [row for model, molecule in cases(given, folder) for platform in given.platforms
                for row in measure(model, molecule, platform, given)]
    printTable(rows, COLUMNS)
    writeRows(given.output, rows, rounds=given.rounds, seconds=given.seconds, steps=given.steps,
              what="milliseconds of one OpenMM step (Verlet, 0.5 fs); ratio = peer_ms / ours_ms, "
                   "both minima over the rounds, each side at its best number of threads; ours: "
                   "native kernels on processors, TorchScript on GPUs; side peer: openmm-torch "
                   "1.5 with TorchMD-Net 3.1.0")


if __name__ == "__main__":
    main()
