"""The sides of a comparison: their workers, model files, and whether they compute the same.

SPDX-License-Identifier: MIT
"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import ROOT, THREADS, Worker  # noqa: E402

# The interpreters of the two environments; those named by the variables come first.
PYTHONS = {"ours": os.environ.get("MOLSPECTRA_PYTHON", ROOT / ".venv/bin/python"),
           "peer": os.environ.get("MOLSPECTRA_PEERS_PYTHON", ROOT / ".venv-peers/bin/python")}
DEVICE_PLATFORMS = ("CUDA", "OpenCL")  # of OpenMM


class Side(NamedTuple):
    module: str           # that makes the force
    environment: str      # of PYTHONS
    options: dict = {}    # of its makeForce
    variables: dict = {}  # of its process


SIDES = {"ours": Side("ours", "ours"),
         "ours-without-graph": Side("ours", "ours", variables={"MOLSPECTRA_CUDA_GRAPH": "off"}),
         "peer": Side("peer", "peer"),
         "network": Side("network", "peer"),
         "network-with-graph": Side("network", "peer", options={"graph": True})}


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


def others(platform):
    """Sides that ours is compared with. TorchMD-Net's sizes depend on its input, so that no CUDA
    graph can hold it; this project's network can be in one, in openmm-torch as well."""
    if platform == "CUDA":
        return ["peer", "network", "network-with-graph", "ours-without-graph"]
    return ["peer"]


def start(side, model, system, platform):
    """One worker a number of threads, which make no difference on a GPU."""
    device = platform in DEVICE_PLATFORMS
    python = PYTHONS[SIDES[side].environment]
    return [Worker(python, HERE / "worker.py", [side, model, system, platform], count,
                   device=device, variables=SIDES[side].variables)
            for count in (THREADS[:1] if device else THREADS)]


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
