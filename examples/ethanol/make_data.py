#!/usr/bin/env python3
"""Makes the example's data: 500 K geometries and their DFT labels.

SPDX-License-Identifier: MIT

Every stage writes into a work folder and goes on where it stopped, so it can be interrupted.

    python make_data.py sample WORK                 # 800 ethanol frames, 500 K GFN2-xTB dynamics
    python make_data.py label WORK/sample.npz       # PBE/def2-SVP energies and forces
    python make_data.py model WORK MODEL.pt         # 400 ethanol frames, dynamics of a network
    python make_data.py label WORK/model.npz
    python make_data.py check WORK/sample.npz       # forces against energy differences
    python make_data.py pack WORK                   # ethanol.npz, held_back.npz

Needs the packages of requirements/labels.txt; `model` needs the project's own Python package.
Energies kcal/mol, forces kcal/mol/A, positions A, as MD17 has them.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

HARTREE = 627.5094740631  # kcal/mol
BOHR = 0.529177210903  # A
BOLTZMANN = 0.0019872042586  # kcal/mol/K
ACCELERATION = 4.184e-4  # kcal/mol/A/amu -> A/fs^2
MASSES = {1: 1.00782503, 6: 12.0, 7: 14.0030740, 8: 15.9949146}
SEED = 20261121
TEMPERATURE = 500.0
TIME_STEP = 0.5  # fs
FRICTION = 0.005  # 1/fs

ETHANOL = "CH3CH2OH"


def start_geometry(name):
    """Atomic numbers [N] and positions [N,3] A of a molecule of the G2 set."""
    from ase.build import molecule

    atoms = molecule(name)
    return atoms.get_atomic_numbers(), atoms.get_positions()


def xtb(numbers):
    """A function positions [N,3] A -> (energy kcal/mol, forces [N,3] kcal/mol/A), GFN2-xTB."""
    from tblite.interface import Calculator

    state = {}

    def evaluate(positions):
        if "calculator" not in state:
            state["calculator"] = Calculator("GFN2-xTB", numbers, positions / BOHR)
            state["calculator"].set("verbosity", 0)
            state["calculator"].set("accuracy", 0.1)
        state["calculator"].update(positions / BOHR)
        state["result"] = state["calculator"].singlepoint(state.get("result"))
        energy = state["result"].get("energy") * HARTREE
        return energy, -state["result"].get("gradient") * HARTREE / BOHR

    return evaluate


def langevin(numbers, positions, evaluate, frames, stride, rng, temperature=TEMPERATURE):
    """BAOAB Langevin dynamics; yields (positions, energy, forces) every `stride` steps."""
    mass = np.array([MASSES[int(z)] for z in numbers])[:, None]
    spread = np.sqrt(BOLTZMANN * temperature * ACCELERATION / mass)
    keep = np.exp(-FRICTION * TIME_STEP)
    velocity = spread * rng.standard_normal(positions.shape)
    energy, forces = evaluate(positions)
    equilibration = 2000
    for step in range(1, equilibration + frames * stride + 1):
        velocity += 0.5 * TIME_STEP * forces / mass * ACCELERATION
        positions = positions + 0.5 * TIME_STEP * velocity
        velocity = keep * velocity + np.sqrt(1 - keep**2) * spread * rng.standard_normal(
            positions.shape)
        positions = positions + 0.5 * TIME_STEP * velocity
        energy, forces = evaluate(positions)
        velocity += 0.5 * TIME_STEP * forces / mass * ACCELERATION
        if step > equilibration and (step - equilibration) % stride == 0:
            yield positions - positions.mean(axis=0), energy, forces


def save(path, **arrays):
    """Writes beside the target and renames, so that an interrupted save loses nothing."""
    beside = path.with_suffix(".part.npz")
    np.savez_compressed(beside, **arrays)
    os.replace(beside, path)


def sample(work):
    """800 frames of ethanol, one every 50 fs of 500 K GFN2-xTB dynamics."""
    target = work / "sample.npz"
    if target.exists():
        return
    began = time.time()
    numbers, positions = start_geometry(ETHANOL)
    rng = np.random.default_rng(SEED)
    frames = [p for p, _, _ in langevin(numbers, positions, xtb(numbers), 800, 100, rng)]
    save(target, z=numbers.astype(np.uint8), R=np.array(frames))
    print(f"sampled {len(frames)} frames in {time.time() - began:.0f} s")


def model(work, model_file):
    """400 frames of ethanol, one every 50 fs of 500 K dynamics of a fitted network."""
    target = work / "model.npz"
    if target.exists():
        return
    import molspectra
    from openmm import Context, LangevinMiddleIntegrator, Platform, System, unit

    with np.load(work / "sample.npz") as first:
        numbers, positions = first["z"], first["R"][0]
    system = System()
    for z in numbers:
        system.addParticle(MASSES[int(z)])
    force = molspectra.MolSpectraForce(str(model_file))
    force.setAtomicNumbers([int(z) for z in numbers])
    system.addForce(force)
    integrator = LangevinMiddleIntegrator(TEMPERATURE, FRICTION * 1000, TIME_STEP / 1000)
    integrator.setRandomNumberSeed(SEED % 2**31)
    context = Context(system, integrator, Platform.getPlatformByName("Reference"))
    context.setPositions(positions / 10)
    context.setVelocitiesToTemperature(TEMPERATURE, SEED % 2**31)
    integrator.step(4000)
    frames = []
    for _ in range(400):
        integrator.step(100)
        state = context.getState(getPositions=True)
        frame = state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)
        frames.append(frame - frame.mean(axis=0))
    save(target, z=numbers.astype(np.uint8), R=np.array(frames))


def dft(numbers, positions):
    """PBE/def2-SVP energy kcal/mol and forces [N,3] kcal/mol/A of one geometry."""
    from pyscf import dft as kohn_sham
    from pyscf import gto, lib

    lib.num_threads(1)
    atoms = [(int(z), tuple(row)) for z, row in zip(numbers, positions)]
    molecule = gto.M(atom=atoms, basis="def2-svp", unit="Angstrom", verbose=0)
    # A coarse grid first: the fine one then needs half the cycles.
    coarse = kohn_sham.RKS(molecule, xc="pbe")
    coarse.grids.level = 1
    coarse.conv_tol = 1e-7
    coarse.kernel()
    method = kohn_sham.RKS(molecule, xc="pbe")
    method._eri = coarse._eri
    method.grids.level = 4
    method.conv_tol = 1e-9
    energy = method.kernel(coarse.make_rdm1())
    if not method.converged:
        raise RuntimeError("the SCF did not converge")
    gradient = method.nuc_grad_method()
    gradient.grid_response = True
    return energy * HARTREE, -gradient.kernel() * HARTREE / BOHR


def label_part(path, part, parts):
    """Labels every frame i with i % parts == part, saving after each twenty."""
    data = np.load(path)
    target = path.with_name(f"{path.stem}.labels{part}.npz")
    done = dict(np.load(target)) if target.exists() else {
        "index": np.zeros(0, int), "E": np.zeros(0), "F": np.zeros((0, len(data["z"]), 3)),
        "seconds": np.zeros(0)}
    for i in range(part, len(data["R"]), parts):
        if i in done["index"]:
            continue
        began = time.time()
        energy, forces = dft(data["z"], data["R"][i])
        done["index"] = np.append(done["index"], i)
        done["E"] = np.append(done["E"], energy)
        done["F"] = np.concatenate([done["F"], forces[None]])
        done["seconds"] = np.append(done["seconds"], time.time() - began)
        if len(done["index"]) % 10 == 0:
            save(target, **done)
            print(f"{path.stem} part {part}: {len(done['index'])} frames, "
                  f"{done['seconds'].mean():.1f} s each", flush=True)
    save(target, **done)


def label(path, parts):
    """Labels a file of frames in `parts` processes."""
    import multiprocessing

    workers = [multiprocessing.Process(target=label_part, args=(path, part, parts))
               for part in range(parts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit(f"labelling {path}: a process failed; its message stands above")


def labelled(path):
    """Positions, energies, forces and mean seconds a frame of a labelled file, in frame order."""
    data = np.load(path)
    tables = [np.load(p) for p in sorted(path.parent.glob(f"{path.stem}.labels[0-9].npz"))]
    index = np.concatenate([t["index"] for t in tables])
    order = np.argsort(index)
    if not np.array_equal(index[order], np.arange(len(data["R"]))):
        raise SystemExit(f"{path}: {len(index)} of {len(data['R'])} frames are labelled")
    energy = np.concatenate([t["E"] for t in tables])[order]
    forces = np.concatenate([t["F"] for t in tables])[order]
    seconds = np.concatenate([t["seconds"] for t in tables]).mean()
    return data["z"], data["R"], energy, forces, seconds


def check(path, frames=5, step=1e-3):
    """Largest difference of forces from minus the energy difference quotient, kcal/mol/A."""
    numbers, positions, _, forces, _ = labelled(path)
    rng = np.random.default_rng(SEED)
    worst = 0.0
    for i in rng.choice(len(positions), frames, replace=False):
        for atom, axis in rng.integers(0, [len(numbers), 3], size=(4, 2)):
            shift = np.zeros_like(positions[i])
            shift[atom, axis] = step
            up, down = (dft(numbers, positions[i] + s * shift)[0] for s in (1, -1))
            difference = forces[i, atom, axis] + (up - down) / (2 * step)
            worst = max(worst, abs(difference))
            print(f"frame {i} atom {atom} axis {axis}: {difference:+.5f}", flush=True)
    print(f"largest difference {worst:.5f} kcal/mol/A")
    if worst > 0.05:
        raise SystemExit("the forces are not the energy's gradient")


def pack(work):
    """Writes the files that the example ships beside this script."""
    here = Path(__file__).parent
    facts = {"theory": "PBE/def2-SVP, PySCF, grid level 4 with grid response, conv_tol 1e-9",
             "seed": SEED, "r_unit": "Angstrom", "e_unit": "kcal/mol"}
    for source, target, origin in (
            ("sample", "ethanol.npz", "500 K Langevin dynamics of GFN2-xTB, a frame every 50 fs"),
            ("model", "held_back.npz", "500 K Langevin dynamics of a network fitted to "
             "ethanol.npz, a frame every 50 fs; held back for testing")):
        path = work / f"{source}.npz"
        if not path.exists():
            print(f"{target}: not made, {path} is missing")
            continue
        numbers, positions, energy, forces, seconds = labelled(path)
        save(here / target, z=numbers.astype(np.uint8), R=positions.astype(np.float32),
             E=energy, F=forces.astype(np.float32), name="ethanol", origin=origin,
             label_seconds=seconds, **facts)
        print(f"{target}: {len(energy)} frames, {seconds:.1f} s a frame")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=["sample", "label", "model", "check", "pack"])
    parser.add_argument("path", type=Path, help="work folder, or the file to label or check")
    parser.add_argument("model", type=Path, nargs="?", help="model file, for the stage `model`")
    parser.add_argument("--parts", type=int, default=2, help="processes, for the stage `label`")
    options = parser.parse_args()
    if options.stage == "label":
        label(options.path, options.parts)
    elif options.stage == "check":
        check(options.path)
    else:
        options.path.mkdir(parents=True, exist_ok=True)
        if options.stage == "model":
            model(options.path, options.model)
        else:
            {"sample": sample, "pack": pack}[options.stage](options.path)


if __name__ == "__main__":
    main()
