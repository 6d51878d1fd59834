"""Answers for one side: energies and forces of two geometries, and the time of OpenMM steps.

SPDX-License-Identifier: MIT

    worker.py SIDE MODEL SYSTEM PLATFORM     # SIDE: of sides.SIDES; SYSTEM: of systems.py
"""

import importlib
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import serve  # noqa: E402

import sides  # noqa: E402
import systems  # noqa: E402

TIME_STEP = 0.0005  # ps
DISPLACEMENT = 0.02  # angstrom: the second geometry, whose energy difference is compared
# Steps before any timing: TorchScript specialises during the first calls. Large systems get fewer.
WARMUP, WARMUP_OF_MANY, MANY = 20, 3, 100


class Answers:
    def __init__(self, side, model, name, platform):
        # The side comes first: openmm-torch's plugins load only where torch's libraries are.
        self.backend = importlib.import_module(sides.SIDES[side].module)
        import openmm
        from openmm import app
        numbers, positions, cell = systems.atoms(name)
        noise = np.random.default_rng(7).normal(0.0, DISPLACEMENT, positions.shape)
        self.geometries = [positions / 10.0, (positions + noise) / 10.0]
        system = openmm.System()
        if cell is not None:
            system.setDefaultPeriodicBoxVectors(*(cell / 10.0))
        for z in numbers:
            system.addParticle(app.Element.getByAtomicNumber(int(z)).mass)
        self.force = self.backend.makeForce(model, numbers, cell, platform,
                                            **sides.SIDES[side].options)
        system.addForce(self.force)
        self.integrator = openmm.VerletIntegrator(TIME_STEP)
        self.context = openmm.Context(system, self.integrator,
                                      openmm.Platform.getPlatformByName(platform))
        self.queues = platform in sides.DEVICE_PLATFORMS
        self.run(WARMUP if len(numbers) < MANY else WARMUP_OF_MANY)

    def run(self, steps, seconds=0):
        """-> milliseconds of a step. Steps begin with the same geometry at rest each time, so that
        the pairs stay the same."""
        done, spent = 0, 0.0
        while done == 0 or spent < seconds:
            self.context.setPositions(self.geometries[0])
            self.context.setVelocities(np.zeros_like(self.geometries[0]))
            begin = time.perf_counter()
            self.integrator.step(steps)
            if self.queues:  # steps that were only asked for so far
                self.context.getState(getPositions=True)
            spent += time.perf_counter() - begin
            done += steps
        return 1000.0 * spent / done

    def state(self):
        from openmm import unit, version

        energies, forces = [], []
        for positions in self.geometries:
            self.context.setPositions(positions)
            state = self.context.getState(getEnergy=True, getForces=True)
            energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
            forces.append(state.getForces(asNumpy=True).value_in_unit(
                unit.kilojoule_per_mole / unit.nanometer).tolist())
        evaluator, precision = self.backend.describe(self.force, self.context)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return dict(difference=energies[1] - energies[0], forces=forces, evaluator=evaluator,
                    precision=precision, memory=memory, openmm=version.short_version)

    def __call__(self, request):
        if "steps" in request:
            return {"ms_per_step": self.run(request["steps"], request["seconds"])}
        return self.state()


if __name__ == "__main__":
    serve(lambda: Answers(*sys.argv[1:5]))
