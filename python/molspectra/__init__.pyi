# Types of the package's public names; tests/python compares them with the module.
# SPDX-License-Identifier: MIT
from .force import MolSpectraForce as MolSpectraForce
from .mixed import createMixedSystem as createMixedSystem
from .systems import createForce as createForce, createSystem as createSystem, forces as forces

__version__: str
__all__: list[str]

def loadFailures() -> dict[str, str]: ...
