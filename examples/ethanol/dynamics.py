"""Ethanol in OpenMM from Python: topology from a frame, minimisation, Langevin and NVE dynamics.

SPDX-License-Identifier: MIT
"""

import os
import sys
import time

import numpy as np

TIME_STEP = 0.0005  # ps
TEMPERATURE = 500.0  # K
FRICTION = 5.0  # 1/ps
LANGEVIN_STEPS = 10000  # 5 ps
NVE_STEPS = 40000  # 20 ps: energy swaps between vibrations in picoseconds
OBSERVE = 10  # steps between observations
WRITE = 20  # steps between frames of a DCD file
COVALENT_RADII = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66}  # A


def bonds(numbers, frames):
    """Pairs (i, j), i < j, whose median distance over frames [T,N,3] A is below 1.3 times the sum
    of their covalent radii."""
    radii = np.array([COVALENT_RADII[int(z)] for z in numbers])
    distance = np.linalg.norm(frames[:, :, None] - frames[:, None], axis=-1)
    bonded = np.median(distance, axis=0) < 1.3 * (radii[:, None] + radii)
    return [(i, j) for i, j in np.argwhere(np.triu(bonded, 1)).tolist()]


def make_topology(numbers, pairs):
    """One molecule as an openmm.app.Topology."""
    from openmm import app

    topology = app.Topology()
    residue = topology.addResidue("ETH", topology.addChain())
    atoms = []
    for index, z in enumerate(numbers, 1):
        element = app.Element.getByAtomicNumber(int(z))
        atoms.append(topology.addAtom(f"{element.symbol}{index}", element, residue))
    for i, j in pairs:
        topology.addBond(atoms[i], atoms[j])
    return topology


def runs_on_cuda():
    """Whether OpenMM's CUDA platform works here and MolSpectra's library serves it."""
    from openmm import Context, OpenMMException, Platform, System, VerletIntegrator

    try:
        platform = Platform.getPlatformByName("CUDA")
        system = System()
        system.addParticle(1.0)
        Context(system, VerletIntegrator(TIME_STEP), platform)  # fails without a graphics card
        return platform.supportsKernels(["CalcMolSpectraForce"])
    except OpenMMException:
        return False


def choose_platform(device, threads):
    """Name and properties of the platform for "cpu", "cuda" or "auto" (CUDA where it works)."""
    if device != "cpu" and runs_on_cuda():
        return "CUDA", {"Precision": "mixed"}
    if device == "cuda":
        sys.exit("demo: the force does not run on OpenMM's CUDA platform here; "
                 "`.venv/bin/python -m molspectra.check` says why")
    return "CPU", {"Threads": str(threads)}


def make_simulation(topology, system, integrator, platform):
    from openmm import Platform, app

    name, properties = platform
    return app.Simulation(topology, system, integrator, Platform.getPlatformByName(name),
                          properties)


def observe(simulation, dcd, label, steps):
    """Runs that many steps; returns time ps [T], total energy kJ/mol [T] (both at every OBSERVE-th
    step), positions A [T,N,3] and wall seconds."""
    from openmm import app, unit

    simulation.reporters.append(app.DCDReporter(str(dcd), WRITE))
    energies, positions = [], []
    began = time.time()
    for step in range(OBSERVE, steps + 1, OBSERVE):
        simulation.step(OBSERVE)
        state = simulation.context.getState(getEnergy=True, getPositions=True)
        total = state.getPotentialEnergy() + state.getKineticEnergy()
        energies.append(total.value_in_unit(unit.kilojoule_per_mole))
        positions.append(state.getPositions(asNumpy=True).value_in_unit(unit.angstrom))
        if sys.stderr.isatty() and step % 500 == 0:
            print(f"\r  {label}: {step * TIME_STEP:.2f} of {steps * TIME_STEP:.0f} ps",
                  end="\n" if step == steps else "", file=sys.stderr, flush=True)
    simulation.reporters.clear()
    times = np.arange(OBSERVE, steps + 1, OBSERVE) * TIME_STEP
    return times, np.array(energies), np.array(positions), time.time() - began


def without_drift(system, velocities):
    """Velocities [N,3] of the molecule at rest as a whole."""
    from openmm import unit

    mass = np.array([system.getParticleMass(i).value_in_unit(unit.dalton)
                     for i in range(system.getNumParticles())])
    return velocities - mass @ velocities / mass.sum()


def write_pdb(simulation, path):
    from openmm import app

    state = simulation.context.getState(getPositions=True)
    with open(path, "w", encoding="utf-8") as file:
        app.PDBFile.writeFile(simulation.topology, state.getPositions(), file)


def langevin(topology, system, start, folder, platform, seed):
    """Minimises from `start` [N,3] A and runs at TEMPERATURE; returns what observe() does, and the
    last positions nm and velocities nm/ps."""
    from openmm import LangevinMiddleIntegrator, unit

    integrator = LangevinMiddleIntegrator(TEMPERATURE, FRICTION, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    simulation = make_simulation(topology, system, integrator, platform)
    simulation.context.setPositions(start / 10)
    simulation.minimizeEnergy(maxIterations=200)
    write_pdb(simulation, folder / "ethanol.pdb")
    simulation.context.setVelocitiesToTemperature(TEMPERATURE, seed)
    seen = observe(simulation, folder / "langevin.dcd", "Langevin", LANGEVIN_STEPS)
    state = simulation.context.getState(getPositions=True, getVelocities=True)
    return seen, (state.getPositions(asNumpy=True)._value,
                  state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond))


def nve(topology, system, positions, velocities, folder, platform):
    from openmm import VerletIntegrator

    simulation = make_simulation(topology, system, VerletIntegrator(TIME_STEP), platform)
    simulation.context.setPositions(positions)
    simulation.context.setVelocities(without_drift(system, velocities))
    return observe(simulation, folder / "nve.dcd", "NVE", NVE_STEPS)


def run(model, data, folder, device, threads, seed):
    """Simulates the molecule of `data` with `model` on the device ("auto", "cpu" or "cuda"); writes
    ethanol.pdb (the minimised start), langevin.dcd, nve.dcd and, at the end, observed.npz."""
    import molspectra
    from openmm import OpenMMException

    folder.mkdir(parents=True, exist_ok=True)
    with np.load(data) as arrays:
        numbers, frames = arrays["z"], arrays["R"].astype(float)
    pairs = bonds(numbers, frames)
    topology = make_topology(numbers, pairs)
    platform = choose_platform(device, threads)
    try:
        system = molspectra.createSystem(topology, str(model), removeCMMotion=False)
        warm, (positions, velocities) = langevin(topology, system, frames[0], folder, platform,
                                                seed)
        free = nve(topology, system, positions, velocities, folder, platform)
    except OpenMMException as error:
        sys.exit(f"demo: the dynamics stopped: {error}")
    beside = folder / "observed.part.npz"
    np.savez_compressed(
        beside, numbers=numbers, bonds=np.array(pairs), platform=platform[0],
        langevin_positions=warm[2], langevin_seconds=warm[3], nve_time=free[0], nve_energy=free[1],
        nve_seconds=free[3])
    os.replace(beside, folder / "observed.npz")
