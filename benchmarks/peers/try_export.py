#!/usr/bin/env python3
"""Runs a file made by `molspectra export --for openmm-torch` in openmm-torch's TorchForce.

SPDX-License-Identifier: MIT

    .venv-peers/bin/python benchmarks/peers/try_export.py torch.pt examples/ethanol/ethanol.npz

100 steps of 0.5 fs velocity Verlet on the CPU platform from the first frame of the data at 300 K;
prints the total energy at the start and at the end.
"""

import sys

import numpy as np
import torch  # noqa: F401  before openmm, so that the plugin finds its libraries
import openmm
from openmm import unit
from openmmtorch import TorchForce

MASSES = {1: 1.008, 6: 12.011, 7: 14.007, 8: 15.999}


def total(context):
    state = context.getState(getEnergy=True)
    energy = state.getPotentialEnergy() + state.getKineticEnergy()
    return energy.value_in_unit(unit.kilojoule_per_mole)


def main(model, data):
    with np.load(data) as arrays:
        numbers, frame = arrays["z"], arrays["R"][0].astype(float)
    system = openmm.System()
    for z in numbers:
        system.addParticle(MASSES[int(z)])
    system.addForce(TorchForce(model))
    context = openmm.Context(system, openmm.VerletIntegrator(0.0005),
                             openmm.Platform.getPlatformByName("CPU"))
    context.setPositions(frame / 10)
    context.setVelocitiesToTemperature(300, 1)
    start = total(context)
    context.getIntegrator().step(100)
    end = total(context)
    print(f"openmm-torch, 100 steps: total energy {start:.3f} -> {end:.3f} kJ/mol")
    if not abs(end - start) < 1.0:
        raise SystemExit("the energy is not conserved")


if __name__ == "__main__":
    main(*sys.argv[1:])
