#!/usr/bin/env python3
"""Energy conservation of ethanol in NVE dynamics with a model file, on OpenMM's CPU platform.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/nve/run.py demo/finetuned/model.pt

300 K start, 5 ps of Langevin equilibration, then 20 ps of velocity Verlet at 0.5 fs without
CMMotionRemover. Writes docs/results/nve.{md,json,png}.
"""

import argparse
import datetime
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "ethanol"
RESULTS = ROOT / "docs" / "results"
sys.path.insert(0, str(EXAMPLE))

import dynamics
import report

STEP, EQUILIBRATION, PRODUCTION, OBSERVE = 0.0005, 10000, 40000, 10
TEMPERATURE, SEED, GOAL = 300.0, 20261121, 1e-3


def simulate(model):
    """Times ps [T] and total energies kJ/mol [T] of the production, and its seconds."""
    import molspectra
    from openmm import LangevinMiddleIntegrator, VerletIntegrator, unit

    with np.load(EXAMPLE / "ethanol.npz") as arrays:
        numbers, frames = arrays["z"], arrays["R"].astype(float)
    topology = dynamics.make_topology(numbers, dynamics.bonds(numbers, frames))
    system = molspectra.createSystem(topology, str(model), removeCMMotion=False)
    integrator = LangevinMiddleIntegrator(TEMPERATURE, 5.0, STEP)
    integrator.setRandomNumberSeed(SEED)
    warm = dynamics.make_simulation(topology, system, integrator, 1)
    warm.context.setPositions(frames[0] / 10)
    warm.minimizeEnergy(maxIterations=200)
    warm.context.setVelocitiesToTemperature(TEMPERATURE, SEED)
    warm.step(EQUILIBRATION)
    state = warm.context.getState(getPositions=True, getVelocities=True)
    free = dynamics.make_simulation(topology, system, VerletIntegrator(STEP), 1)
    free.context.setPositions(state.getPositions())
    free.context.setVelocities(state.getVelocities())
    energies, began = [], time.time()
    for _ in range(PRODUCTION // OBSERVE):
        free.step(OBSERVE)
        state = free.context.getState(getEnergy=True)
        total = state.getPotentialEnergy() + state.getKineticEnergy()
        energies.append(total.value_in_unit(unit.kilojoule_per_mole))
    times = np.arange(1, len(energies) + 1) * OBSERVE * STEP
    return times, np.array(energies), time.time() - began, len(numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    times, energies, seconds, atoms = simulate(options.model)
    slope, error = report.drift(times, energies / atoms)
    result = {"molecule": "ethanol", "platform": "CPU", "precision": "double", "step_fs": 0.5,
              "picoseconds": float(times[-1]), "start_temperature": TEMPERATURE,
              "drift": slope, "drift_error": error, "goal": GOAL,
              "fluctuation": float((energies / atoms).std()),
              "ms_per_step": 1000 * seconds / PRODUCTION,
              "date": datetime.date.today().isoformat()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "nve.json").write_text(json.dumps(result, indent=2) + "\n")
    report.draw_energy(RESULTS, {"numbers": np.zeros(atoms), "nve_energy": energies,
                                 "nve_time": times}, slope, error)
    (RESULTS / "nve.md").write_text("\n".join([
        "# Energy conservation: ethanol, NVE", "",
        "The network of the ethanol example, CPU platform (TorchScript in double precision), "
        "0.5 fs, 300 K start, 5 ps Langevin equilibration, 20 ps NVE, no CMMotionRemover. Made "
        "by `benchmarks/nve/run.py`.", "",
        f"Drift of the total energy: **{slope:+.2e} ± {error:.1e} kJ/mol/ps an atom** (goal "
        f"below {GOAL:.0e}); standard deviation of the total energy "
        f"{result['fluctuation']:.2e} kJ/mol an atom.", "", "![energy](nve.png)", ""]))
    print(f"drift {slope:+.2e} +- {error:.1e} kJ/mol/ps an atom")


if __name__ == "__main__":
    main()
