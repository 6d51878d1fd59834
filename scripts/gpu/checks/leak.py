"""Memory of the device and of the process over many steps, and over Contexts made and dropped.

SPDX-License-Identifier: MIT

    python leak.py MODEL [--platform CUDA] [--steps 20000]
"""

import argparse
import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openmm

import molspectra

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / "benchmarks/peers")]
import systems  # noqa: E402

MOLECULE = "aspirin"
MEBIBYTE = 2**20
SAMPLES = 10
CONTEXTS = 10
# Allocators may round up once more: a leak of a byte a step an atom would be more than these.
MOST_DEVICE, MOST_PROCESS = 2 * MEBIBYTE, 8 * MEBIBYTE
MOST_DEVICE_A_CONTEXT, MOST_PROCESS_A_CONTEXT = 1 * MEBIBYTE, 4 * MEBIBYTE


def deviceMemory(platform):
    """Bytes in use on the device by everybody, 0 where the platform has none."""
    if platform != "CUDA":
        return 0
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return int(text.splitlines()[0]) * MEBIBYTE


def processMemory():
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory(platform):
    gc.collect()
    return np.array([deviceMemory(platform), processMemory()])


def makeContext(model, platform):
    numbers, positions, _ = systems.atoms(MOLECULE)
    system = openmm.System()
    for number in numbers:
        system.addParticle(2.0 * int(number))
    force = molspectra.MolSpectraForce(model)
    force.setAtomicNumbers([int(number) for number in numbers])
    system.addForce(force)
    context = openmm.Context(system, openmm.LangevinMiddleIntegrator(300, 1, 0.0005),
                             openmm.Platform.getPlatformByName(platform))
    context.setPositions(positions / 10)
    return context


def overSteps(model, platform, steps):
    """Growth [device, process], bytes, after a tenth of the steps, which fills every pool."""
    context = makeContext(model, platform)
    samples = []
    for _ in range(SAMPLES):
        context.getIntegrator().step(steps // SAMPLES)
        context.getState(getEnergy=True, getForces=True)
        samples.append(memory(platform))
    return samples[-1] - samples[0]


def overContexts(model, platform):
    """Growth [device, process], bytes, of one more Context that is made, used and dropped."""
    samples = []
    for _ in range(CONTEXTS):
        context = makeContext(model, platform)
        context.getIntegrator().step(SAMPLES)
        context.getState(getEnergy=True)
        del context
        samples.append(memory(platform))
    half = CONTEXTS // 2
    return (samples[-1] - samples[half]) / (CONTEXTS - 1 - half)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--steps", type=int, default=20000)
    given = parser.parse_args()
    steps = overSteps(given.model, given.platform, given.steps)
    contexts = overContexts(given.model, given.platform)
    print(f"{given.steps} steps: device {steps[0] / MEBIBYTE:+.1f} MiB, process "
          f"{steps[1] / MEBIBYTE:+.1f} MiB; one more Context: device "
          f"{contexts[0] / MEBIBYTE:+.2f} MiB, process {contexts[1] / MEBIBYTE:+.2f} MiB")
    flat = steps <= (MOST_DEVICE, MOST_PROCESS)
    return 0 if flat.all() and (contexts <= (MOST_DEVICE_A_CONTEXT,
                                             MOST_PROCESS_A_CONTEXT)).all() else 1


if __name__ == "__main__":
    sys.exit(main())
