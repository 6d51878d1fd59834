"""The two sides of a comparison: their workers, model files, and whether they compute the same.

SPDX-License-Identifier: MIT
"""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import ROOT, THREADS, Worker  # noqa: E402

PYTHONS = {"ours": ROOT / ".venv/bin/python", "peer": ROOT / ".venv-peers/bin/python"}

# Both sides compute in single precision: relative to the largest force and to 1 kJ/mol.
FORCE_AGREEMENT = 1e-4
ENERGY_AGREEMENT = 2e-3


def configuration(model):
    """The configuration inside a model file, which is a zip archive."""
    with zipfile.ZipFile(model) as archive:
        names = [name for name in archive.namelist() if name.endswith("extra/molspectra.json")]
        if not names:
            raise SystemExit(f"reading {model}: found no molspectra.json in it, expected a model "
                             "file of this project")
        return json.loads(archive.read(names[0]))["config"]


def untrained(folder, size, program=ROOT / "build/bin/make_model"):
    """A model file with random weights; size: channels x layers x radial functions, "128x6x32"."""
    if not program.exists():
        raise SystemExit(f"making a model: found no {program}, expected it from the build with "
                         "MOLSPECTRA_BUILD_BENCHMARKS; or name model files")
    path = Path(folder) / f"untrained-{size}.pt"
    if not path.exists():
        subprocess.run([str(program), str(path), *size.split("x")], check=True)
    return path


def start(side, model, system, platform):
    """One worker a number of threads."""
    return [Worker(PYTHONS[side], HERE / "worker.py", [side, model, system, platform], count)
            for count in THREADS]


def close(workers):
    for worker in workers:
        worker.close()


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
