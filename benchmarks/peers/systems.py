"""What is simulated: molecules of the golden geometries, and boxes of water of any size.

SPDX-License-Identifier: MIT
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import GOLDEN  # noqa: E402

sys.path.insert(0, str(GOLDEN))
import golden  # noqa: E402

WATER = "water-"  # and the number of molecules
BOND, ANGLE = 0.9572, np.radians(104.52)  # angstrom
DENSITY = 1.0  # g/cm3
GRAMS_PER_MOLE, AVOGADRO = 18.015, 0.602214076  # 1e24 per mole, so that volumes are in A^3
JITTER = 0.05  # of the lattice's spacing
ORIENTATIONS = 20  # tried for each molecule


def rotations(count, random):
    """Uniform rotations [count,3,3], out of unit quaternions."""
    q = random.normal(size=(count, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    return np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                     [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                     [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]]
                    ).transpose(2, 0, 1)


def lattice(molecules, edge, random):
    """Sites in a cube. Sites that are too many are left empty in turns, like the white fields of a
    chessboard, so that the molecules keep their distance."""
    side = int(np.ceil(molecules ** (1 / 3) - 1e-9))
    sites = np.array(list(np.ndindex(side, side, side)))
    order = np.lexsort((random.permutation(len(sites)), sites.sum(axis=1) % 2))
    jitter = JITTER * random.uniform(-1, 1, (molecules, 3))
    return (sites[order[:molecules]] + 0.5 + jitter) * edge / side


def roomiest(candidates, placed, edge):
    """The candidate [3,3] whose atoms stay farthest from those already placed [n,3]."""
    if len(placed) == 0:
        return candidates[0]
    d = candidates[:, :, None] - placed
    d -= edge * np.round(d / edge)
    return candidates[np.einsum("cani,cani->can", d, d).min(axis=(1, 2)).argmax()]


def waterBox(molecules):
    """Rigid waters on a jittered lattice, each in the best of some random orientations."""
    random = np.random.default_rng(molecules)
    edge = (molecules * GRAMS_PER_MOLE / (DENSITY * AVOGADRO)) ** (1 / 3)
    half = ANGLE / 2
    water = BOND * np.array([[0, 0, 0], [np.sin(half), np.cos(half), 0],
                             [-np.sin(half), np.cos(half), 0]])
    positions = np.zeros((molecules, 3, 3))
    for m, centre in enumerate(lattice(molecules, edge, random)):
        turned = np.einsum("oij,aj->oai", rotations(ORIENTATIONS, random), water)
        positions[m] = roomiest(centre + turned, positions[:m].reshape(-1, 3), edge)
    return np.tile([8, 1, 1], molecules), positions.reshape(-1, 3), np.eye(3) * edge


def atoms(name):
    """-> numbers [N], positions [N,3] in angstrom, cell [3,3] or None"""
    if name.startswith(WATER):
        return waterBox(int(name.removeprefix(WATER)))
    return golden.geometry(name)


def pairCount(positions, cell, cutoff):
    """Ordered pairs closer than the cutoff, with every image."""
    cell = np.zeros((3, 3)) if cell is None else cell
    inverse = np.linalg.pinv(cell)
    reach = np.zeros(3, int)
    if cell.any():
        # In fractions of the cell a pair is this close at most: below 1/2, one image suffices.
        close = cutoff * np.linalg.norm(inverse, axis=0)
        reach = np.where(close < 0.5, 0, np.ceil(close + 0.5)).astype(int)
    images = (np.array(list(np.ndindex(*(2 * reach + 1)))) - reach) @ cell
    count = -len(positions)
    for row in positions:
        d = positions - row
        d -= np.round(d @ inverse) @ cell
        for shift in images:
            count += int((np.einsum("ij,ij->i", d + shift, d + shift) < cutoff**2).sum())
    return count
