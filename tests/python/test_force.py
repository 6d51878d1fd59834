"""MolSpectraForce from Python: conventions of OpenMM, copies, errors, simulations."""
# SPDX-License-Identifier: MIT
import copy
import gc
import hashlib
import json
import os
import pickle
import resource
import subprocess
import sys

import numpy as np
import openmm
import pytest
from openmm import unit

import molspectra
from conftest import NUMBERS, ONE_PRECISION, energyOf, makeContext, systemWith
from molspectra import MolSpectraForce, _loading

POCL = "Portable Computing Language"
SINGLE_ROUNDING = 1e-3  # kJ/mol, of a network in single precision


def test_addForce_accepts_the_force(force):
    system = systemWith(force)
    assert system.getNumForces() == 1
    assert not force.thisown


def test_forces_are_minus_the_energy_gradient(force, platform, positions, tolerances):
    context = makeContext(systemWith(force), platform, positions)
    state = context.getState(getForces=True, getEnergy=True)
    forces = state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    start = np.array(positions.value_in_unit(unit.nanometer))
    step = tolerances.step * forces / np.linalg.norm(forces)
    energies = []
    for moved in (start + step, start - step):
        context.setPositions(moved)
        energy = context.getState(getEnergy=True).getPotentialEnergy()
        energies.append(energy.value_in_unit(unit.kilojoule_per_mole))
    slope = (energies[1] - energies[0]) / (2 * tolerances.step)
    assert slope == pytest.approx(np.linalg.norm(forces), rel=tolerances.difference)


def test_queries_have_units_and_python_types(force, modelFile):
    content = modelFile.read_bytes()
    assert force.getCutoff() == 0.5 * unit.nanometer
    assert force.getSpecies() == (1, 6, 7, 8)
    assert force.getAtomicNumbers() == tuple(NUMBERS)
    assert force.getModelBytes() == content
    assert force.getModelSha256() == hashlib.sha256(content).hexdigest()
    assert force.getModelName() == str(modelFile)
    assert json.loads(force.getModelDescription())["energyUnit"] == "kcal/mol"


def test_integers_come_from_any_sequence(force):
    for particles in ([3, 1], (3, 1), np.array([3, 1]), range(3, 0, -2)):
        force.setParticles(particles)
        assert force.getParticles() == (3, 1)


@pytest.mark.parametrize("wrong", [3, ["C"], [1.5], None])
def test_anything_but_integers_is_a_TypeError(force, wrong):
    with pytest.raises(TypeError):
        force.setAtomicNumbers(wrong)
    assert force.getAtomicNumbers() == tuple(NUMBERS)


def test_too_large_integers_are_an_OverflowError(force):
    with pytest.raises(OverflowError):
        force.setParticles([2**40])


def test_bytes_and_file_give_the_same_force(force, modelFile):
    other = MolSpectraForce.fromBytes(modelFile.read_bytes())
    assert other.thisown
    assert other.getModelSha256() == force.getModelSha256()
    assert other.getModelName().startswith("model bytes (sha256 ")
    with pytest.raises(TypeError):
        MolSpectraForce.fromBytes("text")


def test_errors_are_OpenMMExceptions_with_their_text(force, platform, positions):
    with pytest.raises(openmm.OpenMMException, match="no/such/model.pt"):
        MolSpectraForce("no/such/model.pt")
    force.setAtomicNumbers([17] * 9)
    with pytest.raises(openmm.OpenMMException, match=r"particle 0 is Cl \(atomic number 17\)"):
        energyOf(systemWith(force), platform, positions)


def test_context_is_usable_after_an_error(force, platform, positions):
    context = makeContext(systemWith(force), platform, positions)
    before = context.getState(getEnergy=True).getPotentialEnergy()
    context.setPositions(np.zeros((9, 3)))
    with pytest.raises(openmm.OpenMMException, match="particles 0 and 1 are 0 angstrom apart"):
        context.getState(getEnergy=True)
    context.setPositions(positions)
    assert context.getState(getEnergy=True).getPotentialEnergy() == before


def special(force):
    """Every field differs from its default."""
    force.setName("solute")
    force.setForceGroup(5)
    force.setParticles(range(1, 10))
    force.setUsesPeriodicBoundaryConditions(True)
    force.setEvaluator("torchscript")
    force.setSelfCheck(False)
    force.setThreads(3)
    return force


def fields(force):
    return (force.getName(), force.getForceGroup(), force.getAtomicNumbers(), force.getParticles(),
            force.usesPeriodicBoundaryConditions(), force.getEvaluator(), force.getSelfCheck(),
            force.getThreads(), force.getModelBytes())


@pytest.mark.parametrize("duplicate", [
    copy.copy, copy.deepcopy, lambda force: pickle.loads(pickle.dumps(force)),
    lambda force: MolSpectraForce.cast(
        openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(force)))],
    ids=["copy", "deepcopy", "pickle", "xml"])
def test_duplicates_keep_every_field(force, duplicate):
    force = special(force)
    other = duplicate(force)
    expected = fields(force)
    del force
    assert isinstance(other, MolSpectraForce) and other.thisown
    assert fields(other) == expected


def test_evaluator_has_a_default_and_refuses_unknown_names(force):
    assert force.getEvaluator() == "auto" and force.getSelfCheck() and force.getThreads() == 0
    with pytest.raises(openmm.OpenMMException, match='"torch" found, expected one of auto, native'):
        force.setEvaluator("torch")
    with pytest.raises(openmm.OpenMMException, match="-2 found, expected 0"):
        force.setThreads(-2)


def test_evaluator_in_use_is_told_with_its_reason(force, platform, positions, tolerances):
    system = systemWith(force)
    context = makeContext(system, platform, positions)
    reasons = {"Reference": "the platform's default", "CPU": "not native because "}
    reason = reasons.get(platform.getName(), f"{tolerances.precision} precision, ")
    assert force.getEvaluatorInUse(context).startswith("torchscript: " + reason)
    assert molspectra.forces(system)[0].getEvaluatorInUse(context).startswith("torchscript: ")
    with pytest.raises(openmm.OpenMMException, match="the Context does not have this Force"):
        copy.deepcopy(force).getEvaluatorInUse(context)


def test_networks_are_evaluated_natively_on_the_CPU(networkFile, positions):
    force = MolSpectraForce(networkFile)
    force.setAtomicNumbers(NUMBERS)
    system = systemWith(force)
    energies = {}
    for name in ("Reference", "CPU"):
        context = makeContext(system, openmm.Platform.getPlatformByName(name), positions)
        energy = context.getState(getEnergy=True).getPotentialEnergy()
        energies[force.getEvaluatorInUse(context).split(":")[0]] = \
            energy.value_in_unit(unit.kilojoule_per_mole)
    assert energies["native"] == pytest.approx(energies["torchscript"], rel=0, abs=SINGLE_ROUNDING)


def test_copied_System_has_the_same_energy(force, platform, positions):
    system = systemWith(force)
    expected = energyOf(system, platform, positions)
    assert energyOf(copy.deepcopy(system), platform, positions) == expected


def test_cast_recovers_the_force_from_a_System(force):
    system = systemWith(openmm.HarmonicBondForce(), special(force))
    plain = system.getForce(1)
    assert not MolSpectraForce.isinstance(system.getForce(0))
    assert MolSpectraForce.isinstance(plain)
    assert MolSpectraForce.cast(plain).getModelSha256() == force.getModelSha256()
    assert [found.getName() for found in molspectra.forces(system)] == ["solute"]
    with pytest.raises(openmm.OpenMMException, match="it is a HarmonicBondForce"):
        MolSpectraForce.cast(system.getForce(0))


def test_cast_and_its_argument_own_the_force_together(force):
    plain = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(force))
    other = MolSpectraForce.cast(plain)
    assert other.getAtomicNumbers() == force.getAtomicNumbers()
    del other
    gc.collect()
    assert plain.thisown and plain.getName() == force.getName()
    system = systemWith(plain)
    assert molspectra.forces(system)[0].getAtomicNumbers() == force.getAtomicNumbers()


def test_cast_of_a_cast_is_the_same(force):
    plain = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(force))
    first = MolSpectraForce.cast(plain)
    second = MolSpectraForce.cast(first)
    assert second is first
    del plain, second
    gc.collect()
    assert first.thisown and first.getName() == force.getName()


def test_integers_may_be_of_numpy(force):
    force.setThreads(np.int64(2))
    assert force.getThreads() == 2
    with pytest.raises(TypeError):
        force.setThreads(1.5)
    with pytest.raises(OverflowError):
        force.setThreads(2**40)


def test_bytes_are_no_path(force):
    with pytest.raises(TypeError, match="found bytes, .*fromBytes takes a file's content"):
        MolSpectraForce(force.getModelBytes())


def test_setting_through_a_cast_changes_the_System(force):
    system = systemWith(force)
    molspectra.forces(system)[0].setForceGroup(9)
    assert system.getForce(0).getForceGroup() == 9


def test_CustomCVForce_sees_the_same_energy(force, platform, positions, tolerances):
    wrapped = openmm.CustomCVForce("3*ml")
    wrapped.addCollectiveVariable("ml", copy.deepcopy(force))
    tripled = energyOf(systemWith(wrapped), platform, positions)
    plain = energyOf(systemWith(force), platform, positions)
    assert tripled == pytest.approx(3 * plain, rel=0, abs=3 * tolerances.energy)


def inSmallBox(*forces):
    """Particles that OpenMM may move by whole boxes, 2 nm wide."""
    neutral = openmm.NonbondedForce()
    for _ in NUMBERS:
        neutral.addParticle(0, 0.1, 0)
    neutral.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    neutral.setCutoffDistance(0.9)
    system = systemWith(neutral, *forces)
    system.setDefaultPeriodicBoxVectors([2, 0, 0], [0, 2, 0], [0, 0, 2])
    return system


def asVariable(force):
    wrapped = openmm.CustomCVForce("ml")
    wrapped.addCollectiveVariable("ml", force)
    return wrapped


@pytest.mark.parametrize("wrap", [lambda force: force, asVariable],
                         ids=["direct", "in a CustomCVForce"])
def test_molecule_across_a_border_stays_whole(force, platform, positions, tolerances, wrap):
    alone = energyOf(systemWith(copy.deepcopy(force)), platform, positions)
    across = positions + [0, 1, 2] * unit.nanometer  # its middle is in a corner of the box
    context = makeContext(inSmallBox(wrap(force)), platform, across)
    energy = context.getState(getEnergy=True).getPotentialEnergy()
    assert energy.value_in_unit(unit.kilojoule_per_mole) == pytest.approx(
        alone, rel=0, abs=tolerances.energy)


@pytest.mark.parametrize("periodic", [False, True])
def test_molecule_is_wrapped_as_one_body(force, platform, positions, periodic):
    force.setUsesPeriodicBoundaryConditions(periodic)
    context = makeContext(inSmallBox(force), platform, positions)
    state = context.getState(getPositions=True, enforcePeriodicBox=True)
    wrapped = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    extent = (wrapped.max(axis=0) - wrapped.min(axis=0)).max()
    assert extent > 1 if periodic else extent < 0.5


def test_context_that_failed_to_initialize_says_so(force, platform, positions):
    system = systemWith(force)
    context = makeContext(system, platform, positions)
    inSystem = molspectra.forces(system)[0]
    inSystem.setAtomicNumbers(NUMBERS[1:])
    with pytest.raises(openmm.OpenMMException, match="8 atomic numbers were given"):
        context.reinitialize()
    with pytest.raises(openmm.OpenMMException, match="initialization failed"):
        inSystem.getEvaluatorInUse(context)
    inSystem.setAtomicNumbers(NUMBERS)
    context.reinitialize()
    assert "torchscript" in inSystem.getEvaluatorInUse(context)


@pytest.mark.parametrize("platform", ["Reference", "CPU"], indirect=True)
def test_context_that_failed_to_initialize_is_not_evaluated(force, platform, positions):
    """On devices OpenMM itself crashes where positions are set."""
    system = systemWith(force)
    context = makeContext(system, platform, positions)
    molspectra.forces(system)[0].setEvaluator("native")  # the toy has no such form
    with pytest.raises(openmm.OpenMMException, match="natively"):
        context.reinitialize()
    context.setPositions(positions)
    with pytest.raises(openmm.OpenMMException, match="evaluating it: .* initialization failed"):
        context.getState(getEnergy=True)


class Counter(openmm.MinimizationReporter):
    calls = 0

    def report(self, iteration, x, grad, args):
        self.calls += 1
        return False


def test_minimisation_with_a_reporter_works_beside_torch(force, platform, positions):
    if any(device.get("OpenCLPlatformName") == POCL
           for device in _loading.devicesOf(platform.getName())):
        pytest.skip("OpenMM's own minimizer crashes on PoCL, whatever the forces")
    import torch  # its presence makes autograd refuse to run under the interpreter lock
    threads = torch.get_num_threads()
    context = makeContext(systemWith(force), platform, positions)
    before = context.getState(getEnergy=True).getPotentialEnergy()
    reporter = Counter()
    openmm.LocalEnergyMinimizer.minimize(context, tolerance=50, maxIterations=20, reporter=reporter)
    assert reporter.calls > 0
    assert context.getState(getEnergy=True).getPotentialEnergy() < before
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("platform", ONE_PRECISION, indirect=True)
def test_settings_for_the_callers_own_networks_change_nothing(anyForce, platform, positions):
    import torch
    system = systemWith(anyForce)

    def forces():
        state = makeContext(system, platform, positions).getState(getForces=True)
        return state.getForces(asNumpy=True)._value

    onCuda = platform.getName() == "CUDA"
    expected = forces()
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.inference_mode(), torch.autocast("cuda" if onCuda else "cpu", torch.bfloat16):
            found = forces()
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"
    finally:
        torch.set_float32_matmul_precision(before)
    # CUDA adds in any order; seven bits of a mantissa would give 10 kJ/mol/nm.
    assert found == pytest.approx(expected, rel=0, abs=0.05 if onCuda else 0)


def test_barostat_changes_the_box_of_a_network(force, platform, positions):
    force.setUsesPeriodicBoundaryConditions(True)
    system = systemWith(force, openmm.MonteCarloBarostat(1.0, 300.0, 1))
    system.setDefaultPeriodicBoxVectors([2, 0, 0], [0, 2, 0], [0, 0, 2])
    context = makeContext(system, platform, positions)
    context.setVelocitiesToTemperature(300.0, 3)
    context.getIntegrator().step(20)
    box = context.getState().getPeriodicBoxVectors()
    assert box[0][0] != 2 * unit.nanometer


@pytest.mark.parametrize("platform", ONE_PRECISION, indirect=True)
def test_memory_is_flat_over_500_evaluations(anyForce, platform, positions):
    context = makeContext(systemWith(anyForce), platform, positions)

    def grownBy(evaluations):
        start = residentKilobytes()
        for _ in range(evaluations):
            context.setPositions(positions)
            context.getState(getEnergy=True, getForces=True)
        return residentKilobytes() - start

    grownBy(100)
    assert grownBy(500) < 2000


@pytest.mark.parametrize("platform", ONE_PRECISION, indirect=True)
def test_memory_is_flat_over_thirty_contexts(anyForce, platform, positions):
    system = systemWith(anyForce)

    def grownBy(contexts):
        start = residentKilobytes()
        for _ in range(contexts):
            makeContext(system, platform, positions).getState(getForces=True)
        return residentKilobytes() - start

    grownBy(5)
    assert grownBy(30) < 8000


def residentKilobytes():
    with open("/proc/self/statm") as statistics:
        return int(statistics.read().split()[1]) * resource.getpagesize() // 1024

def test_a_forked_process_makes_its_own_Context(networkFile):
    """As multiprocessing does on Linux; in a process of its own, for a hang would be forever."""
    code = """
import os, signal, sys
import openmm, molspectra
from openmm import unit
def forces():
    force = molspectra.MolSpectraForce(sys.argv[1])
    force.setAtomicNumbers([8, 1, 1])
    system = openmm.System()
    for mass in (16, 1, 1):
        system.addParticle(mass)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001),
                             openmm.Platform.getPlatformByName(sys.argv[2]))
    context.setPositions([(0, 0, 0), (0.0957, 0, 0), (-0.024, 0.0927, 0)])
    return context.getState(getForces=True).getForces(asNumpy=True)._value, context
mine, context = forces()
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if abs(forces()[0] - mine).max() < 1e-3 else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for platform in ("CPU", "Reference"):
        ended = subprocess.run([sys.executable, "-c", code, networkFile, platform], env=env,
                               capture_output=True, text=True, timeout=200)
        assert ended.returncode == 0, (platform, ended.returncode, ended.stderr)
