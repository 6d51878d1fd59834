"""Systems in which a network replaces a force field for some of the atoms."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import re
from typing import Iterable
from xml.etree import ElementTree

import openmm
import openmm.app

from .systems import Model, createForce

_TERMS = ("./Forces/Force/Bonds", "./Forces/Force/Angles", "./Forces/Force/Torsions")
_PARTICLE = re.compile(r"p\d+|[ab]\d")  # attributes that name one; "a" and "k" are parameters
# Their terms of pairs cannot be left out one by one.
_WHOLE = ("AmoebaMultipoleForce", "AmoebaVdwForce", "AmoebaGeneralizedKirkwoodForce",
          "HippoNonbondedForce", "DrudeForce", "GayBerneForce")


def createMixedSystem(topology: openmm.app.Topology, system: openmm.System, atoms: Iterable[int],
                      model: Model, removeConstraints: bool = True) -> openmm.System:
    """Create a System in which a model replaces the force field among some of the atoms.

    This is mechanical embedding: what the force field says of these atoms among themselves
    (bonds, angles, torsions, nonbonded pairs) goes away and the network takes its place; what it
    says of them and the others stays. Terms that reach out of the chosen atoms stay, and implicit
    solvent does. Restraints that lie within the chosen atoms go too: add them afterwards.

    Choose whole molecules, for there are no link atoms, and give positions where they are not torn
    apart by the box. Their hydrogens move freely: time steps of 0.5 to 1 fs, unless
    `removeConstraints` is false.

    Parameters
    ----------
    topology : openmm.app.Topology
        Names the element of every atom.
    system : openmm.System
        All atoms with the force field, as ForceField.createSystem makes it. It is not changed.
    atoms : iterable of int
        Indices of the atoms the network acts on. They are one body, whose periodic images the
        network does not see.
    model : str, os.PathLike or bytes
        Model file, or its content.
    removeConstraints : bool
        Whether distances among these atoms are no longer constrained.

    Returns
    -------
    openmm.System
        A new one, with the same particles in the same order.

    Raises
    ------
    ValueError
        If no atom, one twice or one outside of the topology was chosen, if the topology has not
        the System's number of atoms, or if a force cannot be taken apart (AMOEBA, Drude and the
        like).
    openmm.OpenMMException
        If the model file is missing or unreadable.
    """
    chosen = [int(atom) for atom in atoms]
    if topology.getNumAtoms() != system.getNumParticles():
        raise ValueError(f"creating a mixed System: the topology has {topology.getNumAtoms()} "
                         f"atoms, expected {system.getNumParticles()} as the System has "
                         "particles; a topology with extra particles comes from the Modeller")
    if len(set(chosen)) < len(chosen):
        raise ValueError("creating a mixed System: an atom was chosen twice, expected each once")
    for force in system.getForces():
        if type(force).__name__ in _WHOLE:
            raise ValueError(f"creating a mixed System: found a {type(force).__name__}, whose "
                             "terms among the chosen atoms cannot be taken away; expected a force "
                             "field of fixed charges")
    network = createForce(topology, model, chosen, periodic=False)
    mixed = _withoutTerms(system, set(chosen), removeConstraints)
    for force in mixed.getForces():
        _excludePairs(force, chosen)
    mixed.addForce(network)
    return mixed


def _withoutTerms(system: openmm.System, chosen: set[int],
                  removeConstraints: bool) -> openmm.System:
    """A copy without the bonded terms that lie within the chosen atoms. Forces cannot forget
    terms, their serialized form can."""
    root = ElementTree.fromstring(openmm.XmlSerializer.serialize(system))
    places = _TERMS + (("./Constraints",) if removeConstraints else ())
    for terms in itertools.chain.from_iterable(root.findall(place) for place in places):
        for term in list(terms):
            particles = {int(value) for name, value in term.attrib.items()
                         if _PARTICLE.fullmatch(name)}
            if particles and particles <= chosen:  # terms between groups name none
                terms.remove(term)
    return openmm.XmlSerializer.deserialize(ElementTree.tostring(root, encoding="unicode"))


def _excludePairs(force: openmm.Force, chosen: list[int]) -> None:
    """Leave all pairs of chosen atoms out of a nonbonded force."""
    if isinstance(force, openmm.NonbondedForce):
        for first, second in itertools.combinations(chosen, 2):
            force.addException(first, second, 0, 1, 0, True)
    elif isinstance(force, openmm.CustomNonbondedForce):
        known = {frozenset(force.getExclusionParticles(n)) for n in range(force.getNumExclusions())}
        for pair in itertools.combinations(chosen, 2):
            if frozenset(pair) not in known:
                force.addExclusion(*pair)
