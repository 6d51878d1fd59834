"""What the golden files share: the list of networks and geometries, and their layout on disk.

SPDX-License-Identifier: MIT
"""

import json
from pathlib import Path

import numpy as np

import weights

HERE = Path(__file__).parent
DATA = HERE / "data"
STRIDE = 4  # every 4th channel of the features is kept

MD17 = dict(channels=128, layers=6, heads=8, radialFunctions=32)
QM9 = dict(channels=256, layers=8, heads=8, radialFunctions=64)
SMALL = dict(channels=32, layers=2, heads=4, radialFunctions=8)
WHITENED, ANISOTROPIC = "whitened", "whitened-anisotropic"

# Name -> (options, geometries). Every one of these TorchMD-Net can run.
TORCHMDNET = {
    "md17": (MD17, ["ethanol", "aspirin", "cluster"]),
    "qm9-size": (QM9, ["ethanol", "aspirin", "cluster"]),
    "small": (SMALL, ["ethanol", "aspirin", "cluster", "periodic", "apart"]),
    "historic-cutoff": (SMALL | dict(vectorCutoff=False), ["ethanol", "cluster"]),
    "keys": (SMALL | dict(distanceInfluence="keys"), ["ethanol", "cluster"]),
    "values": (SMALL | dict(distanceInfluence="values"), ["ethanol", "cluster"]),
    "no-influence": (SMALL | dict(distanceInfluence="none"), ["ethanol", "cluster"]),
    "gauss": (SMALL | dict(radialType="gauss"), ["ethanol", "cluster"]),
    "no-neighbor-embedding": (SMALL | dict(neighborEmbedding=False), ["ethanol", "cluster"]),
    "historic-periodic": (SMALL | dict(vectorCutoff=False), ["periodic"]),
}

# With norms, which TorchMD-Net lacks: from the NumPy transcription.
NORMS = {
    "qm9": (QM9 | dict(layerNorms=True, vectorNorm=WHITENED), ["ethanol", "cluster"]),
    "small-norms": (SMALL | dict(layerNorms=True, vectorNorm=WHITENED),
                    ["ethanol", "cluster", "apart"]),
    "small-norms-anisotropic": (SMALL | dict(layerNorms=True, vectorNorm=ANISOTROPIC),
                                ["ethanol", "cluster"]),
    "small-last-norm": (SMALL | dict(vectorNorm=WHITENED), ["ethanol", "cluster"]),
    "small-last-norm-anisotropic": (SMALL | dict(vectorNorm=ANISOTROPIC), ["ethanol", "cluster"]),
}


def geometry(name):
    """-> numbers [N], positions [N,3] in angstrom, cell [3,3] or None"""
    entry = json.loads((HERE / "geometries.json").read_text())[name]
    cell = np.array(entry["cell"]) if "cell" in entry else None
    return np.array(entry["numbers"], dtype=np.int64), np.array(entry["positions"]), cell


def thinned(stages):
    """Keeps every 4th channel (the last axis) of the features."""
    return {name: np.ascontiguousarray(values[..., ::STRIDE]) for name, values in stages.items()}


def dumpName(network, molecule):
    return f"{network}_{molecule}.npz"


def writeDump(network, molecule, stages, energy, forces=None):
    numbers, positions, cell = geometry(molecule)
    arrays = {"z": numbers, "pos": positions, "energy": np.array([energy]),
              "stride": np.array([STRIDE], dtype=np.int64), **thinned(stages)}
    if forces is not None:
        arrays["forces"] = forces
    if cell is not None:
        arrays["cell"] = cell
    DATA.mkdir(exist_ok=True)
    np.savez(DATA / dumpName(network, molecule), **arrays)


def writeIndex():
    """data/index.json: the configuration of every network and the dumps made with it."""
    entries = [{"network": network, "config": weights.configuration(**options),
                "source": source, "geometries": molecules,
                "files": [dumpName(network, molecule) for molecule in molecules]}
               for source, networks in (("torchmd-net", TORCHMDNET), ("numpy", NORMS))
               for network, (options, molecules) in networks.items()]
    text = {"energyScale": weights.ENERGY_SCALE, "stride": STRIDE, "networks": entries}
    (DATA / "index.json").write_text(json.dumps(text, indent=1) + "\n")
