"""The OpenMM force of this project, for worker.py (in the environment .venv).

SPDX-License-Identifier: MIT
"""

import os

import molspectra


def makeForce(model, numbers, cell, platform):
    """Native kernels: by request on the Reference platform, by default on the CPU platform. On
    GPUs TorchScript."""
    force = molspectra.MolSpectraForce(str(model))
    force.setAtomicNumbers([int(z) for z in numbers])
    force.setUsesPeriodicBoundaryConditions(cell is not None)
    if platform == "Reference":
        force.setEvaluator("native")
        force.setThreads(int(os.environ["OPENMM_CPU_THREADS"]))
    return force


def describe(force, context):
    """-> what evaluates the network, and its precision"""
    evaluator = force.getEvaluatorInUse(context)
    platform = context.getPlatform()
    if "Precision" in platform.getPropertyNames():
        precision = platform.getPropertyValue(context, "Precision")
        return evaluator, "double" if precision == "double" else "single"
    return evaluator, "single" if "single" in evaluator else "double"
