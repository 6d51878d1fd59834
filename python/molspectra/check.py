"""Tells what is installed and whether it works: python -m molspectra.check [MODEL]."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple, Optional, Sequence

import openmm

import molspectra
from molspectra import _build, _diagnose, _loading

_LACKS = {"OpenCL": lambda: _diagnose.openclLacks(_diagnose.findOpenCL(_loading.PLUGINS)),
          "CUDA": lambda: _diagnose.cudaLacks(_diagnose.findCuda(_loading.PLUGINS))}
_NO_DEVICE = {
    "OpenCL": "install the OpenCL driver of yours (pocl-opencl-icd makes one of the CPU)",
    "CUDA": "the NVIDIA driver is there but finds no GPU; see what nvidia-smi lists, and in a "
            "container whether it was started with GPUs"}
_PROCESSOR = ("pthread", "cpu", "basic")  # how PoCL begins the names of what is no GPU
_PREFERRED = ("; that is the processor, where the platform CPU is faster, but OpenMM prefers "
              "OpenCL unless a platform is named")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print versions, platforms and load failures, and evaluate a model if one is given.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; that of the process by default.

    Returns
    -------
    int
        0 if everything that can work here does, 1 if not. A platform that lacks a device, a driver
        or a library of others is no failure.
    """
    parser = argparse.ArgumentParser(prog="python -m molspectra.check", description=__doc__)
    parser.add_argument("model", nargs="?", help="model file to evaluate on every platform")
    options = parser.parse_args(arguments)
    _printVersions()
    failures = molspectra.loadFailures()
    if "package" in failures:
        print(failures["package"])
        return 1
    platforms = [_stateOf(name) for name in _platformNames()]
    for platform in platforms:
        print(f"platform {platform.name}: {platform.sentence}")
    usable = [platform.name for platform in platforms if platform.usable and options.model]
    evaluated = [_evaluate(options.model, name) for name in usable]
    return 0 if all(evaluated) and not any(platform.broken for platform in platforms) else 1


def _printVersions() -> None:
    print(f"molspectra {molspectra.__version__}, built with OpenMM {_build.OPENMM_VERSION} "
          f"and LibTorch {_build.TORCH_VERSION}")
    print(f"torch {_installed('torch')}, OpenMM {openmm.Platform.getOpenMMVersion()}, "
          f"Python {sys.version.split()[0]}")


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


class _State(NamedTuple):
    name: str
    sentence: str
    usable: bool = False
    broken: bool = False  # it fails although all that it needs is here


def _platformNames() -> list[str]:
    """OpenMM's platforms, and those that this package could serve."""
    here = [openmm.Platform.getPlatform(index).getName()
            for index in range(openmm.Platform.getNumPlatforms())]
    return here + [name for name in _LACKS if name not in here]


def _stateOf(name: str) -> _State:
    """Say whether a platform can compute a MolSpectraForce, or what it lacks."""
    devices = _loading.devicesOf(name)
    if _loading.supports(name) and devices:
        named = [device["DeviceName"] for device in devices if "DeviceName" in device]
        told = f"ready ({', '.join(named)})" if named else "ready"
        if named and all(device.startswith(_PROCESSOR) for device in named):
            told += _PREFERRED
        return _State(name, told, usable=True)
    if name not in _LACKS:
        return _State(name, "not supported by MolSpectra")
    lacks = _LACKS[name]() or _loading.openmmFailures(name)
    if not lacks and not devices:
        lacks = [f"no device; {_NO_DEVICE[name]}"]
    if lacks:
        return _State(name, "not usable: " + "; and ".join(lacks))
    return _State(name, "not usable, although all that it needs is installed: "
                  + molspectra.loadFailures().get(name, "its library has no kernel for it"),
                  broken=True)


def _evaluate(model: str, platformName: str) -> bool:
    """Evaluate two atoms of the model's first element, and print what comes out."""
    try:
        energy, evaluator = _energyOfPair(molspectra.MolSpectraForce(model), platformName)
    except openmm.OpenMMException as error:
        print(f"{model} on {platformName}: {error}")
        return False
    print(f"{model} on {platformName}: two atoms 0.15 nm apart have {energy}")
    print(f"{model} on {platformName}: evaluated by {evaluator}")
    return True


def _energyOfPair(force: "molspectra.MolSpectraForce",
                  name: str) -> tuple[openmm.unit.Quantity, str]:
    """The energy, and what evaluated it."""
    species = json.loads(force.getModelDescription())["species"]
    force.setAtomicNumbers([species[0]] * 2)
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001),
                             openmm.Platform.getPlatformByName(name))
    context.setPositions([openmm.Vec3(0, 0, 0), openmm.Vec3(0.15, 0, 0)])
    state = context.getState(getEnergy=True, getForces=True)
    return state.getPotentialEnergy(), force.getEvaluatorInUse(context)


if __name__ == "__main__":
    sys.exit(main())
