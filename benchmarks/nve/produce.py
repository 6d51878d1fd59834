"""One production of the NVE benchmark: its start state if there is none yet, then the dynamics.

SPDX-License-Identifier: MIT

run.py calls it, a process for each production, with the settings as JSON text in its one argument.
A molecule's work folder holds start0.npz, start1.npz, ..., where every evaluator's productions
begin, and for each production a folder EVALUATOR-PLATFORM-START with energies.txt (a line for each
observation: potential and kinetic energy, kJ/mol) and checkpoint.npz, the state from which a
stopped production goes on.
"""

import datetime
import fcntl
import hashlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "examples" / "ethanol")]

import common
import dynamics

OBSERVE = 10  # steps between observations
CHECKPOINT = 4000  # steps between checkpoints
TEMPERATURE, FRICTION, SEED = 300.0, 5.0, 20261121  # K, 1/ps, of the first start
EQUILIBRATOR = "native"
MOST_FRAMES = 1000  # enough for median distances


def folder(settings, evaluator, start):
    name = f"{evaluator}-{settings['platform']}-{start}"
    return Path(settings["work"]) / settings["molecule"] / name


def startPath(settings, start):
    return Path(settings["work"]) / settings["molecule"] / f"start{start}.npz"


def load(path):
    with np.load(path) as arrays:
        return {key: arrays[key] if arrays[key].ndim else arrays[key].item() for key in arrays}


def save(path, **values):
    """Writes an NPZ file that appears whole or not at all."""
    beside = path.with_name(f"{path.stem}.part{os.getpid()}.npz")
    np.savez(beside, **values)
    os.replace(beside, path)


def identity(settings):
    """What must not change between the calls that use one start state."""
    model = hashlib.sha256(Path(settings["model"]).read_bytes()).hexdigest()
    return {"model": model, "step_fs": settings["step_fs"],
            "equilibration": settings["equilibration"]}


def makeContext(settings, evaluator, numbers, frames, integrator):
    """A Context of one molecule in vacuum, without CMMotionRemover; and its MolSpectraForce."""
    import molspectra
    import openmm

    every = max(1, len(frames) // MOST_FRAMES)
    topology = dynamics.make_topology(numbers, dynamics.bonds(numbers, frames[::every]))
    system = molspectra.createSystem(topology, settings["model"], removeCMMotion=False)
    force, = molspectra.forces(system)
    force.setEvaluator(evaluator)
    force.setThreads(settings["threads"])
    platform = openmm.Platform.getPlatformByName(settings["platform"])
    known = "Threads" in platform.getPropertyNames()
    properties = {"Threads": str(settings["threads"])} if known else {}
    return openmm.Context(system, integrator, platform, properties), force


def phaseSpace(context):
    """Positions nm and velocities nm/ps [N,3], every digit of them."""
    state = context.getState(getPositions=True, getVelocities=True)
    return {"positions": state.getPositions(asNumpy=True)._value,
            "velocities": state.getVelocities(asNumpy=True)._value}


def equilibrate(settings, start, numbers, frames, path):
    """Minimises the first frame, gives it velocities and runs Langevin dynamics."""
    from openmm import LangevinMiddleIntegrator, LocalEnergyMinimizer

    step = settings["step_fs"] / 1000
    integrator = LangevinMiddleIntegrator(TEMPERATURE, FRICTION, step)
    integrator.setRandomNumberSeed(SEED + start)
    context, force = makeContext(settings, EQUILIBRATOR, numbers, frames, integrator)
    context.setPositions(frames[0] / 10)
    LocalEnergyMinimizer.minimize(context, maxIterations=200)
    context.setVelocitiesToTemperature(TEMPERATURE, SEED + start)
    print(f"equilibration {start}: {settings['equilibration']:g} ps by "
          f"{force.getEvaluatorInUse(context)}", flush=True)
    integrator.step(round(settings["equilibration"] / step))
    save(path, **identity(settings), **phaseSpace(context))


def recallStart(settings, path):
    start = load(path)
    for key, value in identity(settings).items():
        if start[key] != value:
            sys.exit(f"nve: reading {path}: found {key} {start[key]}, expected {value}; "
                     f"delete {path.parent} or give another folder with --work")
    return start


def steps(settings):
    """Steps of a whole production: a multiple of OBSERVE."""
    return round(1000 * settings["picoseconds"] / settings["step_fs"]) // OBSERVE * OBSERVE


def finished(settings, evaluator, start):
    """Whether a production is as long as asked for; ends the program if its settings differ."""
    path = folder(settings, evaluator, start) / "checkpoint.npz"
    if not path.exists():
        return False
    recallStart(settings, startPath(settings, start))
    return load(path)["step"] >= steps(settings)


def startState(settings, start, numbers, frames):
    """The state that all evaluators share; whichever comes first makes it."""
    path = startPath(settings, start)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            equilibrate(settings, start, numbers, frames, path)
    return recallStart(settings, path)


class Production:
    """NVE dynamics that can stop anywhere and goes on from its last checkpoint."""

    def __init__(self, settings, evaluator, start, place):
        from openmm import VerletIntegrator

        with np.load(settings["data"]) as arrays:
            numbers, frames = arrays["z"], arrays["R"].astype(float)
        begin = startState(settings, start, numbers, frames)
        self.step_ = settings["step_fs"] / 1000
        self.total_ = steps(settings)
        self.integrator_ = VerletIntegrator(self.step_)
        self.context_, force = makeContext(settings, evaluator, numbers, frames, self.integrator_)
        self.checkpoint_, energies = place / "checkpoint.npz", place / "energies.txt"
        self.facts_ = {"step": 0, "seconds": 0.0, "threads": settings["threads"],
                       "atoms": len(numbers), "processor": common.processor()}
        state = self.recall_(begin)
        self.context_.setPositions(state["positions"])
        self.context_.setVelocities(state["velocities"])
        self.setEvaluator_(force.getEvaluatorInUse(self.context_))
        self.energies_ = self.openEnergies_(energies)

    def recall_(self, begin):
        if not self.checkpoint_.exists():
            return begin
        state = load(self.checkpoint_)
        self.facts_ = {key: state[key] for key in (*self.facts_, "evaluator")}
        return state

    def setEvaluator_(self, inUse):
        if self.facts_.setdefault("evaluator", inUse) != inUse:
            sys.exit(f"nve: going on from {self.checkpoint_}: found the evaluator {inUse!r}, "
                     f"expected {self.facts_['evaluator']!r}; delete the folder to begin anew")

    def openEnergies_(self, path):
        """Drops what was observed after the checkpoint: it is about to be observed again."""
        count = self.facts_["step"] // OBSERVE
        lines = path.read_text().splitlines()[:count] if path.exists() else []
        if len(lines) < count:
            sys.exit(f"nve: going on from {self.checkpoint_}: found {len(lines)} energies in "
                     f"{path.name}, expected {count}; delete the folder to begin anew")
        path.write_text("".join(line + "\n" for line in lines))
        return open(path, "a", buffering=1)

    def observe_(self):
        """Steps, the only part that is timed, and writes the energies."""
        began = time.perf_counter()
        self.integrator_.step(OBSERVE)
        self.facts_["seconds"] += time.perf_counter() - began
        self.facts_["step"] += OBSERVE
        state = self.context_.getState(getEnergy=True)
        energies = [state.getPotentialEnergy()._value, state.getKineticEnergy()._value]
        self.energies_.write("{!r} {!r}\n".format(*map(float, energies)))

    def remember_(self):
        save(self.checkpoint_, **self.facts_, **phaseSpace(self.context_),
             date=datetime.date.today().isoformat())

    def tell_(self, began, first):
        done, share = self.facts_["step"], self.facts_["step"] - first
        left = (time.time() - began) / share * (self.total_ - done)
        print(f"production: {done * self.step_:.2f} of {self.total_ * self.step_:g} ps, "
              f"{left / 60:.1f} minutes left", flush=True)

    def run(self):
        began, first = time.time(), self.facts_["step"]
        print(f"production by {self.facts_['evaluator']}, from {first * self.step_:g} ps on",
              flush=True)
        while self.facts_["step"] < self.total_:
            self.observe_()
            if self.facts_["step"] % CHECKPOINT == 0 or self.facts_["step"] >= self.total_:
                self.remember_()
                self.tell_(began, first)


def main(settings, evaluator, start):
    from openmm import OpenMMException

    place = folder(settings, evaluator, start)
    place.mkdir(parents=True, exist_ok=True)
    with open(place / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"nve: starting in {place}: found another process at work there, expected "
                     "none; wait for it, or give another folder with --work")
        try:
            Production(settings, evaluator, start, place).run()
        except OpenMMException as error:
            sys.exit(f"nve: the dynamics stopped: {error}")


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
