"""The OpenMM force of this project, for worker.py (in the environment .venv).

SPDX-License-Identifier: MIT
"""

import molspectra

# What the platform's kernel computes in; a native kernel changes its entry.
PRECISION = {"Reference": "double", "CPU": "double"}


def makeForce(model, numbers):
    force = molspectra.MolSpectraForce(str(model))
    force.setAtomicNumbers([int(z) for z in numbers])
    return force
