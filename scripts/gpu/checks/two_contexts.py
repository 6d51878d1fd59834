"""Two Contexts on one GPU, in turn and in two threads, compute what each computes alone.

SPDX-License-Identifier: MIT

    python two_contexts.py MODEL [--platform CUDA]
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

import molspectra

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / "benchmarks/peers")]
import systems  # noqa: E402

MOLECULES = ("aspirin", "ethanol")
DISPLACEMENT = 0.002  # nm
AGREEMENT = 1e-4  # of the largest force component, and of the energies' spread
STEPS, TIME_STEP = 50, 0.0005  # ps


class Simulated:
    """A molecule with its own Context, and geometries near its own."""

    def __init__(self, model, name, platform, count, seed):
        numbers, positions, _ = systems.atoms(name)
        random = np.random.default_rng(seed)
        self.geometries = positions / 10 + random.normal(0, DISPLACEMENT,
                                                         (count, *positions.shape))
        system = openmm.System()
        for number in numbers:
            system.addParticle(2.0 * int(number))
        force = molspectra.MolSpectraForce(model)
        force.setAtomicNumbers([int(number) for number in numbers])
        system.addForce(force)
        self.context = openmm.Context(system, openmm.VerletIntegrator(TIME_STEP),
                                      openmm.Platform.getPlatformByName(platform))

    def evaluate(self, geometry):
        """-> energy, kJ/mol, and forces [N,3], kJ/mol/nm"""
        self.context.setPositions(geometry)
        state = self.context.getState(getEnergy=True, getForces=True)
        forces = state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole
                                                             / unit.nanometer)
        return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole), forces

    def evaluateAll(self):
        return [self.evaluate(geometry) for geometry in self.geometries]

    def simulate(self):
        """Positions after some steps from the first geometry at rest."""
        self.context.setPositions(self.geometries[0])
        self.context.setVelocities(np.zeros_like(self.geometries[0]))
        self.context.getIntegrator().step(STEPS)
        state = self.context.getState(getPositions=True)
        return state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)


def difference(alone, together):
    """The largest of all evaluations, relative."""
    scale = max(np.abs(forces).max() for _, forces in alone)
    spread = max(1.0, np.ptp([energy for energy, _ in alone]))
    return max(max(np.abs(f - g).max() / scale, abs(d - e) / spread)
               for (d, f), (e, g) in zip(alone, together))


def inTurn(first, second):
    found = [(first.evaluate(a), second.evaluate(b))
             for a, b in zip(first.geometries, second.geometries)]
    return [pair[0] for pair in found], [pair[1] for pair in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--count", type=int, default=100, help="evaluations of each Context")
    given = parser.parse_args()
    both = [Simulated(given.model, name, given.platform, given.count, seed)
            for seed, name in enumerate(MOLECULES)]
    alone = [each.evaluateAll() for each in both]
    ends = [each.simulate() for each in both]
    results = {"in turn": inTurn(*both)}
    with ThreadPoolExecutor(2) as pool:
        results["in threads"] = list(pool.map(Simulated.evaluateAll, both))
        parallel = list(pool.map(Simulated.simulate, both))
    worst = {how: max(map(difference, alone, found)) for how, found in results.items()}
    worst["trajectories"] = max(np.abs(a - b).max() / DISPLACEMENT
                                for a, b in zip(ends, parallel))
    print("largest relative differences: "
          + ", ".join(f"{how} {value:.1e}" for how, value in worst.items())
          + f"; {given.count} evaluations each, at most {AGREEMENT:.0e} wanted")
    return 0 if all(value < AGREEMENT for value in worst.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
