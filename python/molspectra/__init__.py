"""MolSpectra networks as forces in OpenMM.

Three lines make a System whose forces come from a model file::

    import molspectra
    pdb = openmm.app.PDBFile("molecule.pdb")
    system = molspectra.createSystem(pdb.topology, "model.pt")

Importing this package loads its own libraries into OpenMM. It does not import PyTorch for Python.
"""
# SPDX-License-Identifier: MIT
import sys

from ._build import VERSION as __version__
from . import _loading
from ._loading import loadFailures

try:
    _loading.checkVersions()
    from .force import MolSpectraForce  # the wrapper needs the right LibTorch
    _loading.loadPlugins()
    from .mixed import createMixedSystem
    from .systems import createForce, createSystem, forces
except ImportError as error:
    # `python -m molspectra.check` is there to tell this: it must come to run.
    if "molspectra.check" not in sys.orig_argv:
        raise
    _loading.recordFailure("package", str(error))

__all__ = ["MolSpectraForce", "createForce", "createMixedSystem", "createSystem", "forces",
           "loadFailures", "__version__"]
