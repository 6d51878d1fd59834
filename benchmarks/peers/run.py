"""Times one OpenMM step of this project against openmm-torch with TorchMD-Net, same weights.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/peers/run.py MODEL.pt [MODEL.pt ...]

Every side runs in its own environment and process, with one and with two threads; all take turns
within one run, and each is judged at its best number of threads. Before any timing both sides
have to give the same energy difference and forces. Writes docs/results/peers.json.
"""

import argparse
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import (GOLDEN, ROOT, THREADS, Worker, alternate, compared, machine,  # noqa: E402
                    printTable, writeRows)

sys.path.insert(0, str(GOLDEN))
import golden  # noqa: E402

# Single precision on the peer's side: relative to the largest force and to 1 kJ/mol.
FORCE_AGREEMENT = 1e-4
ENERGY_AGREEMENT = 2e-3
COLUMNS = ["molecule", "atoms", "pairs", "channels", "layers", "platform", "precision",
           "peer_precision", "threads", "peer_threads", "ours_ms", "peer_ms", "ratio",
           "ours_median_ms", "peer_median_ms", "load"]


def configuration(model):
    """The configuration inside a model file, which is a zip archive."""
    with zipfile.ZipFile(model) as archive:
        names = [name for name in archive.namelist() if name.endswith("extra/molspectra.json")]
        if not names:
            raise SystemExit(f"reading {model}: found no molspectra.json in it, expected a model "
                             "file of this project")
        return json.loads(archive.read(names[0]))["config"]


def pairCount(positions, cutoff):
    distance = np.linalg.norm(positions[:, None] - positions, axis=-1)
    return int((distance < cutoff).sum() - len(positions))


def agreement(ours, peer):
    """Stops unless both sides compute the same; -> the measured differences."""
    a, b = np.array(ours["forces"]), np.array(peer["forces"])
    largest = np.abs(b).max()
    forces = np.abs(a - b).max() / largest
    energies = abs(ours["difference"] - peer["difference"])
    scale = max(1.0, abs(peer["difference"]))
    print(f"  forces differ by {forces:.1e} of {largest:.4g} kJ/mol/nm, "
          f"energy differences by {energies:.1e} kJ/mol")
    if not (forces < FORCE_AGREEMENT and energies < ENERGY_AGREEMENT * scale):
        raise SystemExit("comparing the two sides: they compute different things, expected "
                         f"{FORCE_AGREEMENT} and {ENERGY_AGREEMENT}")
    return dict(force_difference=float(f"{forces:.2e}"),
                energy_difference_kj_mol=float(f"{energies:.2e}"))


def measure(model, molecule, platform, options):
    numbers, positions, _ = golden.geometry(molecule)
    config = configuration(model)
    print(f"{molecule}, F {config['channels']} L {config['layers']}, {platform}")
    pythons = {"ours": ROOT / ".venv/bin/python", "peer": ROOT / ".venv-peers/bin/python"}
    sides = {side: [Worker(python, HERE / "worker.py", [side, model, molecule, platform], count)
                    for count in THREADS] for side, python in pythons.items()}
    states = {side: workers[0].ask(state=True) for side, workers in sides.items()}
    row = dict(molecule=molecule, atoms=len(numbers),
               pairs=pairCount(positions, config["cutoff"]), channels=config["channels"],
               layers=config["layers"], platform=platform,
               precision=states["ours"]["precision"], peer_precision=states["peer"]["precision"])
    differences = agreement(states["ours"], states["peer"])
    alternate([worker for pair in zip(*sides.values()) for worker in pair],
              options.rounds, options.steps)
    row |= compared(sides["ours"], sides["peer"]) | machine() | differences
    row |= {f"{side}_openmm": states[side]["openmm"] for side in states}
    for workers in sides.values():
        for worker in workers:
            worker.close()
    return row


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path, help="model files of this project")
    parser.add_argument("--molecules", nargs="+", default=["ethanol", "aspirin"],
                        help="of tests/golden/geometries.json")
    parser.add_argument("--platforms", nargs="+", default=["Reference", "CPU"])
    parser.add_argument("--rounds", type=int, default=30, help="turns of every side")
    parser.add_argument("--steps", type=int, default=20, help="OpenMM steps in a turn")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/peers.json")
    return parser.parse_args()


def main():
    given = options()
    rows = [measure(model, molecule, platform, given) for model in given.models
            for molecule in given.molecules for platform in given.platforms]
    printTable(rows, COLUMNS)
    writeRows(given.output, rows, rounds=given.rounds, steps=given.steps,
              what="milliseconds of one OpenMM step (Verlet, 0.5 fs); ratio = peer_ms / ours_ms, "
                   "both minima over the rounds; peer: openmm-torch 1.5 with TorchMD-Net 3.1.0")


if __name__ == "__main__":
    main()
