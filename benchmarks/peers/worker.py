"""Answers for one side: energies and forces of two geometries, and the time of OpenMM steps.

SPDX-License-Identifier: MIT

    worker.py SIDE MODEL MOLECULE PLATFORM     # SIDE: ours or peer; started by run.py
"""

import importlib
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import GOLDEN, serve  # noqa: E402

sys.path.insert(0, str(GOLDEN))
import golden  # noqa: E402

TIME_STEP = 0.0005  # ps
DISPLACEMENT = 0.02  # angstrom: the second geometry, whose energy difference is compared
WARMUP = 20  # steps: TorchScript specialises during the first calls


class Answers:
    def __init__(self, side, model, molecule, platform):
        # The side comes first: openmm-torch's plugins load only where torch's libraries are.
        backend = importlib.import_module(side)
        import openmm
        from openmm import app
        numbers, positions, _ = golden.geometry(molecule)
        noise = np.random.default_rng(7).normal(0.0, DISPLACEMENT, positions.shape)
        self.geometries = [positions / 10.0, (positions + noise) / 10.0]
        system = openmm.System()
        for z in numbers:
            system.addParticle(app.Element.getByAtomicNumber(int(z)).mass)
        system.addForce(backend.makeForce(model, numbers))
        self.precision = backend.PRECISION[platform]
        self.integrator = openmm.VerletIntegrator(TIME_STEP)
        self.context = openmm.Context(system, self.integrator,
                                      openmm.Platform.getPlatformByName(platform))
        self.run(WARMUP)

    def run(self, steps):
        """Steps from the same geometry at rest each time, so that the pairs stay the same."""
        self.context.setPositions(self.geometries[0])
        self.context.setVelocities(np.zeros_like(self.geometries[0]))
        begin = time.perf_counter()
        self.integrator.step(steps)
        return 1000.0 * (time.perf_counter() - begin) / steps

    def state(self):
        from openmm import unit, version

        energies, forces = [], []
        for positions in self.geometries:
            self.context.setPositions(positions)
            state = self.context.getState(getEnergy=True, getForces=True)
            energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
            forces.append(state.getForces(asNumpy=True).value_in_unit(
                unit.kilojoule_per_mole / unit.nanometer).tolist())
        return dict(difference=energies[1] - energies[0], forces=forces,
                    precision=self.precision, openmm=version.short_version)

    def __call__(self, request):
        if "steps" in request:
            return {"ms_per_step": self.run(request["steps"])}
        return self.state()


if __name__ == "__main__":
    serve(lambda: Answers(*sys.argv[1:5]))
