"""createMixedSystem: mechanical embedding, judged by its energies."""
# SPDX-License-Identifier: MIT
import numpy as np
import openmm
import pytest
from openmm import app, unit

import molspectra
from conftest import NUMBERS, energyOf, systemWith

ETHANOL = range(len(NUMBERS))
BONDS = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (1, 6), (1, 7), (2, 8)]
WATER = np.array([[4.0, 0.3, 0.2], [4.6, 1.0, 0.1], [4.5, -0.5, 0.4]])  # angstrom
MASSES = [12, 12, 16, 1, 1, 1, 1, 1, 1, 16, 1, 1]


def forceField(particles, constrained=False):
    """A System of the first particles with terms of every kind, none of them at rest.

    Pairs add up to less than 1 kJ/mol: platform CPU adds them in single."""
    system = openmm.System()
    pairs, custom = openmm.NonbondedForce(), openmm.CustomNonbondedForce("0.001/r^2")
    for n in range(particles):
        system.addParticle(MASSES[n])
        pairs.addParticle(0.01 * (-1) ** n, 0.2, 0.01)
        custom.addParticle()
    bonds, angles = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce()
    torsions, twoWells = openmm.PeriodicTorsionForce(), openmm.CustomBondForce("a*(r-0.1)^4")
    twoWells.addPerBondParameter("a")
    for first, second in BONDS + [(9, 10), (9, 11)]:
        if second < particles:
            bonds.addBond(first, second, 0.12, 1e5)
            twoWells.addBond(first, second, [1e4])
            pairs.addException(first, second, 0, 1, 0)
            custom.addExclusion(first, second)
    angles.addAngle(1, 0, 2, 1.8, 300)
    torsions.addTorsion(5, 1, 0, 2, 3, 0.2, 10)
    if particles > 9:
        angles.addAngle(10, 9, 11, 1.9, 300)
        torsions.addTorsion(1, 0, 2, 9, 1, 0.1, 5)  # it reaches out of ethanol
    if constrained:
        system.addConstraint(2, 8, 0.096)
        system.addConstraint(9, 10, 0.096)
    for force in (bonds, angles, torsions, twoWells, pairs, custom):
        system.addForce(force)
    return system


@pytest.fixture
def both(topology):
    """Ethanol and water."""
    residue = topology.addResidue("WAT", topology.addChain())
    for name in ("O", "H1", "H2"):
        topology.addAtom(name, app.Element.getBySymbol(name[0]), residue)
    return topology


@pytest.fixture
def places(positions):
    return np.vstack([positions.value_in_unit(unit.angstrom), WATER]) * unit.angstrom


def test_network_replaces_the_terms_of_its_atoms_alone(both, modelFile, force, platform, positions,
                                                       places, tolerances):
    whole = forceField(12)
    before = openmm.XmlSerializer.serialize(whole)
    mixed = molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)
    expected = (energyOf(whole, platform, places)
                - energyOf(forceField(9), platform, positions)
                + energyOf(systemWith(force), platform, positions))
    assert energyOf(mixed, platform, places) == pytest.approx(
        expected, rel=0, abs=max(10 * tolerances.energy, 1e-6))
    assert openmm.XmlSerializer.serialize(whole) == before
    assert not molspectra.forces(mixed)[0].usesPeriodicBoundaryConditions()


def test_constraints_go_unless_they_are_kept(both, modelFile):
    whole = forceField(12, constrained=True)
    free = molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)
    assert free.getNumConstraints() == 1 and free.getConstraintParameters(0)[:2] == [9, 10]
    kept = molspectra.createMixedSystem(both, whole, ETHANOL, modelFile, removeConstraints=False)
    assert kept.getNumConstraints() == 2


def test_terms_between_groups_stay(both, modelFile):
    whole = forceField(12)
    groups = openmm.CustomCentroidBondForce(2, "distance(g1, g2)")
    for atoms in ([0, 1], [9, 10]):
        groups.addGroup(atoms)
    groups.addBond([0, 1])
    whole.addForce(groups)
    mixed = molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)
    kept = [force for force in mixed.getForces()
            if isinstance(force, openmm.CustomCentroidBondForce)]
    assert kept[0].getNumBonds() == 1


def test_water_of_a_real_force_field_keeps_its_pairs(modelFile, platform):
    """Two rigid molecules of TIP3P, one of which becomes the network's: its bonds, angle and
    constraints go, the pairs with the other stay."""
    topology = app.Topology()
    for _ in range(2):
        residue = topology.addResidue("HOH", topology.addChain())
        oxygen, *hydrogens = [topology.addAtom(name, app.Element.getBySymbol(name[0]), residue)
                              for name in ("O", "H1", "H2")]
        for hydrogen in hydrogens:
            topology.addBond(oxygen, hydrogen)
    whole = app.ForceField("tip3p.xml").createSystem(topology)
    places = np.vstack([WATER, WATER + [0, 3, 0]]) * unit.angstrom
    network = molspectra.createForce(topology, modelFile, range(3), periodic=False)
    mixed = molspectra.createMixedSystem(topology, whole, range(3), modelFile)
    assert mixed.getNumConstraints() == 3
    alone = openmm.System()
    for _ in range(6):
        alone.addParticle(1)
    alone.addForce(network)
    expected = energyOf(whole, platform, places) + energyOf(alone, platform, places)
    assert energyOf(mixed, platform, places) == pytest.approx(expected, rel=0, abs=0.05)


def test_offsets_of_exceptions_go_with_them(both, modelFile, platform, places):
    whole = forceField(12)
    pairs = next(force for force in whole.getForces() if isinstance(force, openmm.NonbondedForce))
    pairs.addGlobalParameter("coupling", 0.5)
    for n in range(pairs.getNumExceptions()):
        pairs.addExceptionParameterOffset("coupling", n, 0.3, 0.1, 0.2)
    before = openmm.XmlSerializer.serialize(whole)
    mixed = molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)
    kept = next(force for force in mixed.getForces() if isinstance(force, openmm.NonbondedForce))
    for n in range(kept.getNumExceptionParameterOffsets()):
        parameter, exception, *values = kept.getExceptionParameterOffset(n)
        inside = set(kept.getExceptionParameters(exception)[:2]) <= set(ETHANOL)
        assert parameter == "coupling" and values == ([0, 0, 0] if inside else [0.3, 0.1, 0.2])
    assert openmm.XmlSerializer.serialize(whole) == before


def withLonePair(both, chosen):
    """A force field in which ethanol's oxygen carries charge beside itself, and who is chosen."""
    both.addAtom("LP", None, both.addResidue("LP", both.addChain()))
    whole = forceField(12)
    site = whole.addParticle(0)
    whole.setVirtualSite(site, openmm.ThreeParticleAverageSite(2, 0, 8, 1.2, -0.1, -0.1))
    for force in whole.getForces():
        if isinstance(force, openmm.NonbondedForce):
            force.addParticle(-0.4, 0.2, 0.0)
        elif isinstance(force, openmm.CustomNonbondedForce):
            force.addParticle()
    return whole, [*ETHANOL, site] if chosen else ETHANOL


@pytest.mark.parametrize("chosen", [False, True])
def test_lone_pairs_belong_to_their_molecule(both, modelFile, chosen):
    whole, atoms = withLonePair(both, chosen)
    mixed = molspectra.createMixedSystem(both, whole, atoms, modelFile)
    assert molspectra.forces(mixed)[0].getParticles() == tuple(ETHANOL)
    pairs = next(force for force in mixed.getForces() if isinstance(force, openmm.NonbondedForce))
    exceptions = [pairs.getExceptionParameters(n) for n in range(pairs.getNumExceptions())]
    gone = {frozenset(pair): charge._value for *pair, charge, _, _ in exceptions}
    assert all(gone[frozenset((atom, 12))] == 0 for atom in ETHANOL)
    assert not any(frozenset((atom, 12)) in gone for atom in (9, 10, 11))


@pytest.mark.parametrize("make", [
    lambda: openmm.ATMForce(0.5, 0.5, 0, 0, 0, 0, 0, 0, 1),
    lambda: openmm.CustomManyParticleForce(3, "distance(p1,p2)"),
    lambda: openmm.CustomHbondForce("distance(d1,a1)")])
def test_forces_that_cannot_be_taken_apart_are_refused(both, modelFile, make):
    whole, force = forceField(12), make()
    name = type(force).__name__
    whole.addForce(force)
    with pytest.raises(ValueError, match=f"found a {name}"):
        molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)


def test_collective_variables_are_refused_around_pairs_alone(both, modelFile):
    for inner in (openmm.NonbondedForce(), openmm.CustomTorsionForce("theta")):
        whole, variables = forceField(12), openmm.CustomCVForce("v")
        if isinstance(inner, openmm.NonbondedForce):
            for _ in range(12):
                inner.addParticle(0, 1, 0)
        variables.addCollectiveVariable("v", inner)
        whole.addForce(variables)
        if isinstance(inner, openmm.NonbondedForce):
            with pytest.raises(ValueError, match="a CustomCVForce around a NonbondedForce"):
                molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)
        else:
            assert molspectra.createMixedSystem(both, whole, ETHANOL, modelFile)


def test_what_does_not_fit_is_refused(both, modelFile, places):
    with pytest.raises(ValueError, match="has 12 atoms, expected 9"):
        molspectra.createMixedSystem(both, forceField(9), ETHANOL, modelFile)
    with pytest.raises(ValueError, match="no atoms were chosen"):
        molspectra.createMixedSystem(both, forceField(12), [], modelFile)
    with pytest.raises(ValueError, match="chosen twice"):
        molspectra.createMixedSystem(both, forceField(12), [0, 1, 0], modelFile)
    both.addBond(*list(both.atoms())[9:11])
    with pytest.raises(ValueError, match="of the atoms 9 and 10, .* only one was chosen"):
        molspectra.createMixedSystem(both, forceField(12), [*ETHANOL, 9], modelFile)
    with pytest.raises(TypeError, match="found Modeller in the place of the topology"):
        molspectra.createMixedSystem(app.Modeller(both, places), forceField(12), ETHANOL, modelFile)
    polarizable = forceField(12)
    polarizable.addForce(openmm.DrudeForce())
    with pytest.raises(ValueError, match="found a DrudeForce"):
        molspectra.createMixedSystem(both, polarizable, ETHANOL, modelFile)
