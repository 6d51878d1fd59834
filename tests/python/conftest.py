"""Fixtures: model files, made by the program that the build made, and ethanol."""
# SPDX-License-Identifier: MIT
import os
import subprocess

import numpy as np
import openmm
import pytest
from openmm import app, unit

# Angstrom; near the geometry of ethanol, atoms as in SYMBOLS.
POSITIONS = np.array([
    [0.007, -0.564, 0.003], [-1.285, 0.249, -0.010], [1.130, 0.315, 0.022],
    [0.039, -0.694, 1.092], [0.120, -1.557, -0.455], [-2.152, -0.414, 0.073],
    [-1.346, 0.883, 0.892], [-1.330, 0.893, -0.895], [1.985, -0.120, 0.151]])
SYMBOLS = "C C O H H H H H H".split()
NUMBERS = [6, 6, 8, 1, 1, 1, 1, 1, 1]


def makeModel(folder, name):
    subprocess.run([os.environ["MAKE_TEST_MODEL"], name, folder / f"{name}.pt"], check=True)
    return folder / f"{name}.pt"


@pytest.fixture(scope="session")
def modelFile(tmp_path_factory):
    return makeModel(tmp_path_factory.mktemp("model"), "Toy")


@pytest.fixture(scope="session")
def networkFile(tmp_path_factory):
    return makeModel(tmp_path_factory.mktemp("model"), "Network")


@pytest.fixture
def positions():
    return POSITIONS * unit.angstrom


@pytest.fixture
def topology():
    topology = app.Topology()
    residue = topology.addResidue("ETH", topology.addChain())
    for index, symbol in enumerate(SYMBOLS):
        topology.addAtom(f"{symbol}{index}", app.Element.getBySymbol(symbol), residue)
    return topology


@pytest.fixture
def force(modelFile):
    import molspectra
    force = molspectra.MolSpectraForce(modelFile)
    force.setAtomicNumbers(NUMBERS)
    return force


@pytest.fixture(params=["modelFile", "networkFile"])
def anyForce(request):
    import molspectra
    force = molspectra.MolSpectraForce(request.getfixturevalue(request.param))
    force.setAtomicNumbers(NUMBERS)
    return force


@pytest.fixture(params=["Reference", "CPU"])
def platform(request):
    return openmm.Platform.getPlatformByName(request.param)


def makeContext(system, platform, positions):
    context = openmm.Context(system, openmm.VerletIntegrator(0.5 * unit.femtosecond), platform)
    context.setPositions(positions)
    return context


def energyOf(system, platform, positions):
    state = makeContext(system, platform, positions).getState(getEnergy=True)
    return state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)


def systemWith(*forces):
    system = openmm.System()
    for number in NUMBERS:
        system.addParticle(1.008 if number == 1 else 2.0 * number)
    for force in forces:
        system.addForce(force)
    return system
