"""Tells what is installed and whether it works: python -m molspectra.check [MODEL]."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Optional, Sequence

import openmm

import molspectra
from molspectra import _build

_KERNEL = "CalcMolSpectraForce"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Print versions, platforms and load failures, and evaluate a model if one is given.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line; that of the process by default.

    Returns
    -------
    int
        0 if everything works, 1 if not.
    """
    parser = argparse.ArgumentParser(prog="python -m molspectra.check", description=__doc__)
    parser.add_argument("model", nargs="?", help="model file to evaluate on every platform")
    options = parser.parse_args(arguments)
    _printVersions()
    platforms = _printPlatforms()
    failures = molspectra.loadFailures()
    for platform, reason in failures.items():
        whole = platform == "package"
        print(reason if whole else f"the {platform} library was not loaded: {reason}")
    evaluated = platforms if options.model and "package" not in failures else []
    works = all([_evaluate(options.model, name) for name in evaluated])
    return 0 if works and not failures else 1


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


def _printPlatforms() -> list[str]:
    """Print one line a platform, and return those that can compute a MolSpectraForce."""
    usable = []
    for index in range(openmm.Platform.getNumPlatforms()):
        platform = openmm.Platform.getPlatform(index)
        supported = platform.supportsKernels([_KERNEL])
        print(f"platform {platform.getName()}: {'ready' if supported else 'no MolSpectra kernel'}")
        if supported:
            usable.append(platform.getName())
    return usable


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
