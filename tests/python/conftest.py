"""Fixtures: model files, made by the program that the build made, and ethanol."""
# SPDX-License-Identifier: MIT
import os
import subprocess
from typing import NamedTuple

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

# Precision is a property of platforms on devices; elsewhere the arithmetic is double.
PLATFORMS = ["Reference", "CPU", "OpenCL single", "OpenCL double", "CUDA single", "CUDA double"]
ONE_PRECISION = ["Reference", "CPU", "OpenCL single", "CUDA single"]


class Tolerances(NamedTuple):
    """For the toy model, whose energy is some 1e4 kJ/mol beside an offset of 4e5 kJ/mol."""

    precision: str
    energy: float      # kJ/mol, of two evaluations that differ in the order of sums
    difference: float  # of a central difference, relative
    step: float        # nm, of that difference; rounding of the energy asks for a longer one


IN_DOUBLE = Tolerances("double", energy=1e-7, difference=1e-5, step=1e-4)
IN_SINGLE = Tolerances("single", energy=3e-3, difference=3e-3, step=5e-4)


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


@pytest.fixture(params=PLATFORMS)
def platform(request):
    """A platform whose default is the precision asked for."""
    from molspectra import _loading
    name, *precision = request.param.split()
    if not (_loading.supports(name) and _loading.devicesOf(name)):
        pytest.skip(f"{name} cannot be used here; python -m molspectra.check says why")
    platform = openmm.Platform.getPlatformByName(name)
    before = [platform.getPropertyDefaultValue("Precision") for _ in precision]
    for value in precision:
        platform.setPropertyDefaultValue("Precision", value)
    yield platform
    for value in before:
        platform.setPropertyDefaultValue("Precision", value)


@pytest.fixture
def tolerances(platform, request):
    """What rounding allows for the toy model on the platform."""
    return IN_SINGLE if "single" in request.node.callspec.params["platform"] else IN_DOUBLE


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
