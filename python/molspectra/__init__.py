"""MolSpectra networks as forces in OpenMM.

Three lines make a System whose forces come from a model file::

    import molspectra
    pdb = openmm.app.PDBFile("molecule.pdb")
    system = molspectra.createSystem(pdb.topology, "model.pt")

Importing this package loads its own libraries into OpenMM. It does not import PyTorch for Python.
"""
# SPDX-License-Identifier: MIT
from ._build import VERSION as __version__
from . import _loading

_loading.checkVersions()

from .force import MolSpectraForce  # noqa: E402  (the wrapper needs the right LibTorch)

_loading.loadPlugins()

from ._loading import loadFailures  # noqa: E402
from .systems import createForce, createSystem, forces  # noqa: E402

__all__ = ["MolSpectraForce", "createForce", "createSystem", "forces", "loadFailures",
           "__version__"]
