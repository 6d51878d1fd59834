"""Systems in which a network replaces a force field for some of the atoms."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import re
from typing import Iterable
from xml.etree import ElementTree

import openmm
import openmm.app

from .systems import Model, checkTopology, createForce

_TERMS = ("./Forces/Force/Bonds", "./Forces/Force/Angles", "./Forces/Force/Torsions")
_PARTICLE = re.compile(r"p\d+|[ab]\d")  # attributes that name one; "a" and "k" are parameters
# Their terms of pairs cannot be left out one by one.
_WHOLE = ("AmoebaMultipoleForce", "AmoebaVdwForce", "AmoebaGeneralizedKirkwoodForce",
          "HippoNonbondedForce", "DrudeForce", "GayBerneForce", "ATMForce",
          "ConstantPotentialForce", "CustomManyParticleForce", "CustomHbondForce")
_PAIRS = ("NonbondedForce", "CustomNonbondedForce")


def createMixedSystem(topology: openmm.app.Topology, system: openmm.System, atoms: Iterable[int],
                      model: Model, removeConstraints: bool = True) -> openmm.System:
    """Create a System in which a model replaces the force field among some of the atoms.

    This is mechanical embedding: what the force field says of these atoms among themselves
    (bonds, angles, torsions, nonbonded pairs) goes away and the network takes its place; what it
    says of them and the others stays. Terms that reach out of the chosen atoms stay, and implicit
    solvent does. Restraints by bonds, angles and torsions of chosen atoms go too: add them
    afterwards. Restraints by groups of atoms, RMSD or collective variables stay. Virtual sites
    whose atoms are all chosen (lone pairs, sigma holes) belong to them: the network does not see
    them, and the force field among them goes.

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
        network does not see. Virtual sites without an element may be among them.
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
    TypeError
        If `topology` is no Topology.
    ValueError
        If no atom, one twice, one outside of the topology or a part of a molecule was chosen, if
        the topology has not the System's number of atoms, or if a force cannot be taken apart
        (AMOEBA, Drude, alchemical transfer, nonbonded forces within collective variables and the
        like).
    openmm.OpenMMException
        If the model file is missing or unreadable.
    """
    checkTopology(topology)
    chosen = [int(atom) for atom in atoms]
    if topology.getNumAtoms() != system.getNumParticles():
        raise ValueError(f"creating a mixed System: the topology has {topology.getNumAtoms()} "
                         f"atoms, expected {system.getNumParticles()} as the System has "
                         "particles; a topology with extra particles comes from the Modeller")
    if len(set(chosen)) < len(chosen):
        raise ValueError("creating a mixed System: an atom was chosen twice, expected each once")
    for force in system.getForces():
        if name := _indivisible(force):
            raise ValueError(f"creating a mixed System: found a {name}, whose terms among the "
                             "chosen atoms cannot be taken away; expected a force field of fixed "
                             "charges")
    sites = _sitesOf(system, set(chosen))
    replaced = sites | set(chosen)
    for bond in topology.bonds():
        first, second = (atom.index for atom in bond)
        if (first in replaced) != (second in replaced):
            raise ValueError(f"creating a mixed System: of the atoms {first} and {second}, which "
                             "are bonded, only one was chosen, expected whole molecules")
    elements = [atom.element for atom in topology.atoms()]
    network = createForce(topology, model, [atom for atom in chosen
                                            if atom not in sites or elements[atom] is not None],
                          periodic=False)
    mixed = _withoutTerms(system, replaced, removeConstraints)
    for force in mixed.getForces():
        _excludePairs(force, sorted(replaced))
    mixed.addForce(network)
    return mixed


def _indivisible(force: openmm.Force) -> str:
    """The name of a force whose terms cannot be left out one by one; "" if they can."""
    name = type(force).__name__
    if isinstance(force, openmm.CustomCVForce):
        for n in range(force.getNumCollectiveVariables()):
            inner = type(force.getCollectiveVariable(n)).__name__
            if inner in _WHOLE + _PAIRS:
                return f"{name} around a {inner}"
    return name if name in _WHOLE else ""


def _sitesOf(system: openmm.System, chosen: set[int]) -> set[int]:
    """Virtual sites whose place follows from chosen atoms alone."""
    sites = set()
    for index in filter(system.isVirtualSite, range(system.getNumParticles())):
        site = system.getVirtualSite(index)
        if all(site.getParticle(n) in chosen for n in range(site.getNumParticles())):
            sites.add(index)
    return sites


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
    """Leave all pairs of chosen particles out of a nonbonded force."""
    if isinstance(force, openmm.NonbondedForce):
        for first, second in itertools.combinations(chosen, 2):
            force.addException(first, second, 0, 1, 0, True)
        # What global parameters add to an exception stays with it.
        for n in range(force.getNumExceptionParameterOffsets()):
            parameter, exception = force.getExceptionParameterOffset(n)[:2]
            if set(force.getExceptionParameters(exception)[:2]) <= set(chosen):
                force.setExceptionParameterOffset(n, parameter, exception, 0, 0, 0)
    elif isinstance(force, openmm.CustomNonbondedForce):
        known = {frozenset(force.getExclusionParticles(n)) for n in range(force.getNumExclusions())}
        for pair in itertools.combinations(chosen, 2):
            if frozenset(pair) not in known:
                force.addExclusion(*pair)
