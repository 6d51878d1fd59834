"""Times OpenMM's own share of a step on a GPU: 21 free particles, without any force.

SPDX-License-Identifier: MIT

    python benchmarks/gpu/empty_force.py [--platform CUDA] [--json FILE]
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import printTable  # noqa: E402

ATOMS, MASS = 21, 12.0
TIME_STEP = 0.0005  # ps
ROUNDS, WARM_UP = 7, 500
# Positions of free particles after a round of steps, nm: single precision adds up rounding.
TOLERANCE = 1e-3
INTEGRATORS = {"Verlet": lambda: openmm.VerletIntegrator(TIME_STEP),
               "LangevinMiddle": lambda: openmm.LangevinMiddleIntegrator(300, 1, TIME_STEP)}
COLUMNS = ["measurement", "what", "value", "unit", "check", "note"]


def read(context):
    state = context.getState(getPositions=True, getVelocities=True)
    return (state.getPositions(asNumpy=True).value_in_unit(unit.nanometer),
            state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond))


def judged(name, begin, end, steps):
    """Free particles fly straight; under Langevin dynamics they only stay finite."""
    (positions, velocities), (later, _) = begin, end
    if name == "LangevinMiddle":
        return "right" if np.isfinite(later).all() else "wrong: a position is not finite"
    apart = np.abs(later - positions - velocities * steps * TIME_STEP).max()
    return "right" if apart < TOLERANCE else f"wrong: particles are off by {apart:.1e} nm"


def measure(name, platform, steps):
    system = openmm.System()
    for _ in range(ATOMS):
        system.addParticle(MASS)
    context = openmm.Context(system, INTEGRATORS[name](),
                             openmm.Platform.getPlatformByName(platform))
    context.setPositions(np.random.default_rng(1).uniform(0, 1, (ATOMS, 3)))
    context.setVelocitiesToTemperature(300, 1)
    integrator = context.getIntegrator()
    integrator.step(WARM_UP)
    times = []
    for _ in range(ROUNDS):
        begin = read(context)
        start = time.perf_counter()
        integrator.step(steps)
        end = read(context)  # waits for the steps; of so many it costs nothing
        times.append(1e6 * (time.perf_counter() - start) / steps)
    return dict(measurement="empty-force", what=f"{name}, {ATOMS} atoms on {platform}",
                value=round(min(times), 3), unit="us a step",
                check=judged(name, begin, end, steps),
                note=f"median {sorted(times)[ROUNDS // 2]:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--steps", type=int, default=10000, help="in a round")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = [measure(name, given.platform, given.steps) for name in INTEGRATORS]
    printTable(rows, COLUMNS)
    if given.json:
        given.json.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    return 0 if all(row["check"] == "right" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
