"""Makes geometries.json: the molecules, clusters and the periodic box of the golden files.

SPDX-License-Identifier: MIT

    python make_geometries.py        # needs numpy and rdkit 2026.9.1

Ethanol and aspirin are single RDKit conformers (seeded, MMFF minimised) with a random distortion,
so that no force vanishes by symmetry. Everything else is drawn from seeded generators.
"""

import json
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

DISTORTION = 0.05  # standard deviation, angstrom
CELL = np.array([[11.0, 0.0, 0.0], [2.0, 10.5, 0.0], [-1.5, 2.5, 12.0]])


def molecule(smiles, seed):
    built = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(built, randomSeed=seed)
    AllChem.MMFFOptimizeMolecule(built)
    positions = built.GetConformer().GetPositions()
    noise = np.random.default_rng(seed).normal(0.0, DISTORTION, positions.shape)
    return [atom.GetAtomicNum() for atom in built.GetAtoms()], positions + noise


def scattered(draw, count, minimum, cell=None):
    """Points from draw(), each at least `minimum` from the others (nearest images in a cell)."""
    points = []
    while len(points) < count:
        point = draw()
        delta = np.array(points).reshape(-1, 3) - point
        if cell is not None:
            fractions = delta @ np.linalg.inv(cell)
            delta = (fractions - np.round(fractions)) @ cell
        if (np.linalg.norm(delta, axis=1) >= minimum).all():
            points.append(point)
    return np.array(points)


def elements(generator, count):
    return generator.choice([1, 6, 7, 8], size=count, p=[0.4, 0.3, 0.15, 0.15]).tolist()


def cluster():
    """40 atoms in a ball of 4.2 angstrom: pairs on both sides of the cutoff."""
    generator = np.random.default_rng(40)

    def draw():
        direction = generator.normal(size=3)
        return 4.2 * generator.random() ** (1 / 3) * direction / np.linalg.norm(direction)

    return elements(generator, 40), scattered(draw, 40, 0.9)


def periodic():
    """40 atoms in a triclinic cell, ten of them written boxes away."""
    generator = np.random.default_rng(41)
    positions = scattered(lambda: generator.random(3) @ CELL, 40, 0.9, CELL)
    positions[:10] += generator.integers(-3, 4, size=(10, 3)) @ CELL
    return elements(generator, 40), positions


def apart():
    """Two waters beyond the cutoff of each other and an atom without any neighbor."""
    generator = np.random.default_rng(42)
    water = np.array([[0.0, 0.0, 0.0], [0.957, 0.0, 0.0], [-0.24, 0.927, 0.0]])
    positions = np.concatenate([water, water + [7.0, 1.0, -2.0], [[-9.0, 4.0, 3.0]]])
    return [8, 1, 1, 8, 1, 1, 18], positions + generator.normal(0.0, DISTORTION, positions.shape)


def main():
    made = {"ethanol": molecule("CCO", 9), "aspirin": molecule("CC(=O)Oc1ccccc1C(=O)O", 21),
            "cluster": cluster(), "periodic": periodic(), "apart": apart()}
    entries = {name: {"numbers": list(map(int, numbers)), "positions": positions.round(6).tolist()}
               for name, (numbers, positions) in made.items()}
    entries["periodic"]["cell"] = CELL.tolist()
    lines = [f'"{name}": {json.dumps(entry)}' for name, entry in entries.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (Path(__file__).parent / "geometries.json").write_text(text)


if __name__ == "__main__":
    main()
