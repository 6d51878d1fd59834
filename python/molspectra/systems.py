"""Systems and forces from a topology and a model file."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from typing import Iterable, Optional, Union

import openmm
import openmm.app

from . import _loading
from .force import MolSpectraForce

Model = Union[str, os.PathLike, bytes]


def createForce(topology: openmm.app.Topology, model: Model, atoms: Optional[Iterable[int]] = None,
                periodic: Optional[bool] = None) -> MolSpectraForce:
    """Create a force with the elements of a topology.

    Parameters
    ----------
    topology : openmm.app.Topology
        Names the element of every atom.
    model : str, os.PathLike or bytes
        Model file, or its content.
    atoms : iterable of int, optional
        Indices of the atoms the network acts on; all by default.
    periodic : bool, optional
        Whether the network sees periodic images; by default, whether the topology has a box.

    Returns
    -------
    MolSpectraForce
        Ready to be added to a System whose particles are the topology's atoms.

    Raises
    ------
    TypeError
        If `topology` is no Topology.
    ValueError
        If an atom has no element, an index is outside the topology, or `periodic` is not given and
        the topology's box is the placeholder of PDB files.
    openmm.OpenMMException
        If the model file is missing or unreadable.

    Warns
    -----
    RuntimeWarning
        If there is a GPU for the platform CUDA which MolSpectra cannot use.
    """
    checkTopology(topology)
    _loading.warnOfSlowerPlatform()
    force = MolSpectraForce.fromBytes(model) if isinstance(model, bytes) else MolSpectraForce(model)
    everyAtom = list(topology.atoms())
    chosen = range(len(everyAtom)) if atoms is None else [int(atom) for atom in atoms]
    force.setAtomicNumbers([_atomicNumber(everyAtom, index) for index in chosen])
    if atoms is not None:
        if not chosen:
            raise ValueError("creating a MolSpectraForce: no atoms were chosen, "
                             "expected at least one")
        force.setParticles(chosen)
    if periodic is None:
        periodic = _hasBox(topology)
    force.setUsesPeriodicBoundaryConditions(periodic)
    return force


def checkTopology(topology: openmm.app.Topology) -> None:
    """Raise a TypeError if something else was given, as a PDBFile in the place of its topology."""
    if not isinstance(topology, openmm.app.Topology):
        raise TypeError(f"reading elements: found {type(topology).__name__} in the place of the "
                        "topology, expected an openmm.app.Topology, which files have as .topology")


def _hasBox(topology: openmm.app.Topology) -> bool:
    """Whether the topology has a box, which must not be the placeholder that PDB files carry."""
    box = topology.getPeriodicBoxVectors()
    if box is None:
        return False
    if min(box[k][k].value_in_unit(openmm.unit.nanometer) for k in range(3)) < 0.2:
        raise ValueError("creating a MolSpectraForce: the topology's box is less than 0.2 nm wide, "
                         "expected a real cell; give periodic=False for a molecule in vacuum")
    return True


def createSystem(topology: openmm.app.Topology, model: Model, periodic: Optional[bool] = None,
                 removeCMMotion: bool = True) -> openmm.System:
    """Create a System in which all forces come from one model.

    With periodic images the network knows no molecules: a Monte Carlo barostat scales, and
    enforcePeriodicBox wraps, each atom on its own.

    Parameters
    ----------
    topology : openmm.app.Topology
        Gives elements, masses and the default box.
    model : str, os.PathLike or bytes
        Model file, or its content.
    periodic : bool, optional
        Whether the network sees periodic images; by default, whether the topology has a box.
    removeCMMotion : bool
        Whether to add a CMMotionRemover.

    Returns
    -------
    openmm.System
        No constraints, no other forces.

    Raises
    ------
    TypeError
        If `topology` is no Topology.
    ValueError
        If an atom has no element, `periodic` is true and the topology has no box, or it is not
        given and the box is the placeholder of PDB files.
    openmm.OpenMMException
        If the model file is missing or unreadable.

    Warns
    -----
    RuntimeWarning
        If there is a GPU for the platform CUDA which MolSpectra cannot use.
    """
    checkTopology(topology)
    box = topology.getPeriodicBoxVectors()
    if periodic and box is None:
        raise ValueError("creating a System: periodic=True was given, but the topology has no box; "
                         "call topology.setPeriodicBoxVectors first")
    force = createForce(topology, model, periodic=periodic)
    system = openmm.System()
    for atom in topology.atoms():
        system.addParticle(atom.element.mass)
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    system.addForce(force)
    if removeCMMotion:
        system.addForce(openmm.CMMotionRemover())
    return system


def forces(system: openmm.System) -> list[MolSpectraForce]:
    """Get the MolSpectraForces of a System with all their methods.

    System.getForce always returns plain Force objects.

    Parameters
    ----------
    system : openmm.System
        Keeps owning the forces, and must outlive them.

    Returns
    -------
    list of MolSpectraForce
        In the System's order.
    """
    return [MolSpectraForce.cast(force) for force in system.getForces()
            if MolSpectraForce.isinstance(force)]


def _atomicNumber(everyAtom: list, index: int) -> int:
    if not 0 <= index < len(everyAtom):
        raise ValueError(f"creating a MolSpectraForce: atom {index} was chosen, expected indices "
                         f"from 0 to {len(everyAtom) - 1}")
    atom = everyAtom[index]
    if atom.element is None:
        raise ValueError(f"creating a MolSpectraForce: atom {index} ({atom.name}) has no element, "
                         "expected one for every atom the network sees")
    return atom.element.atomic_number
