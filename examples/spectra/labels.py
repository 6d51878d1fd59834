"""Geometry, vibrations and excited states of one molecule, as lines of its three spectra.

SPDX-License-Identifier: MIT

Geometries and vibrations: GFN2-xTB (tblite). Excited states: TDA-PBE0/def2-SVP (PySCF), every one
up to 15.5 eV, from the whole matrix at once. Atomic units inside, others where a name says so.
"""

import numpy as np
from scipy import constants

HARTREE_IN_EV = constants.value("Hartree energy in eV")
BOHR_IN_ANGSTROM = constants.value("Bohr radius") * 1e10
MASSES = {1: 1.008, 6: 12.011, 7: 14.007, 8: 15.999, 9: 18.998}  # amu
RADII = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66, 9: 0.57}  # A, covalent
THIN = 1e-6  # density below which fitted densities, whose tails are wrong, are left out
SHIFT = 0.01  # bohr
FIELD = 0.002
LARGEST_FORCE = 0.0005  # eV/A
LOWEST_FREQUENCY = -20.0  # 1/cm; below, the geometry is pushed along the mode
LAST_STATE = 15.5  # eV

# km/mol of one squared dipole derivative, in e^2/amu; A^4/amu of one, in bohr^4/amu
IR_UNIT = (constants.N_A * constants.e**2 / 12000.0
           / (constants.epsilon_0 * constants.c**2 * constants.atomic_mass))
RAMAN_UNIT = BOHR_IN_ANGSTROM**4
WAVENUMBER = (np.sqrt(constants.value("Hartree energy") / constants.value("atomic mass constant"))
              / constants.value("Bohr radius") / (200.0 * np.pi * constants.c))


def startGeometry(smiles, seed):
    """Atomic numbers [N] and positions [N,3] bohr of the lowest of a few force field conformers."""
    from rdkit import Chem
    from rdkit.Chem import AllChem

    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if not list(AllChem.EmbedMultipleConfs(molecule, 8, randomSeed=seed)):
        raise RuntimeError("no conformer could be embedded")
    if AllChem.MMFFHasAllMoleculeParams(molecule):
        energies = [energy for _, energy in AllChem.MMFFOptimizeMoleculeConfs(molecule)]
    else:
        energies = [energy for _, energy in AllChem.UFFOptimizeMoleculeConfs(molecule)]
    conformer = molecule.GetConformers()[int(np.argmin(energies))]
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
    return numbers, conformer.GetPositions() / BOHR_IN_ANGSTROM


class Xtb:
    """GFN2-xTB of one molecule in a uniform field [3]."""

    def __init__(self, numbers, field=(0.0, 0.0, 0.0)):
        self.numbers, self.field = numbers, [float(value) for value in field]
        self.calculator = None

    def __call__(self, positions):
        """-> energy, gradient [N,3], dipole [3]"""
        if self.calculator is None:
            from tblite.interface import Calculator

            self.calculator = Calculator("GFN2-xTB", self.numbers, positions)
            self.calculator.set("verbosity", 0)
            self.calculator.set("accuracy", 0.01)
            if any(self.field):
                self.calculator.add("electric-field", self.field)
        self.calculator.update(positions)
        result = self.calculator.singlepoint()
        return result.get("energy"), result.get("gradient"), result.get("dipole")


def relaxed(numbers, positions):
    """Positions [N,3] bohr of the minimum downhill of these."""
    from ase import Atoms
    from ase.optimize import BFGS
    from tblite.ase import TBLite

    atoms = Atoms(numbers, positions * BOHR_IN_ANGSTROM)
    atoms.calc = TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)
    if not BFGS(atoms, logfile=None).run(fmax=LARGEST_FORCE, steps=1000):
        raise RuntimeError("the geometry did not relax")
    return atoms.get_positions() / BOHR_IN_ANGSTROM


def polarizability(inFields, positions):
    """[3,3], from dipoles in fields along and against every axis."""
    dipoles = [calculator(positions)[2] for calculator in inFields]
    rows = [(dipoles[2 * axis] - dipoles[2 * axis + 1]) / (2 * FIELD) for axis in range(3)]
    return 0.5 * (np.array(rows) + np.array(rows).T)


def calculatorsInFields(numbers):
    return [Xtb(numbers, sign * FIELD * np.eye(3)[axis]) for axis in range(3) for sign in (1, -1)]


def derivatives(numbers, positions):
    """Hessian [3N,3N], dipole derivatives [3N,3], polarizability derivatives [3N,3,3]."""
    free, inFields = Xtb(numbers), calculatorsInFields(numbers)
    hessian, dipoles, polarizabilities = [], [], []
    for row in SHIFT * np.eye(positions.size).reshape(-1, *positions.shape):
        (_, up, upDipole), (_, down, downDipole) = free(positions + row), free(positions - row)
        hessian.append((up - down).ravel() / (2 * SHIFT))
        dipoles.append((upDipole - downDipole) / (2 * SHIFT))
        polarizabilities.append((polarizability(inFields, positions + row)
                                 - polarizability(inFields, positions - row)) / (2 * SHIFT))
    return np.array(hessian), np.array(dipoles), np.array(polarizabilities)


def rigidMotions(numbers, positions):
    """Orthonormal mass-weighted translations and rotations [3N,6], or 5 of a linear molecule."""
    weights = np.sqrt([MASSES[number] for number in numbers])[:, None]
    centred = positions - np.average(positions, axis=0, weights=weights[:, 0]**2)
    motions = [(weights * axis).ravel() for axis in np.eye(3)]
    motions += [(weights * np.cross(axis, centred)).ravel() for axis in np.eye(3)]
    vectors, sizes, _ = np.linalg.svd(np.array(motions).T)
    return vectors[:, :len(motions)][:, sizes > 1e-3 * sizes[0]]


def modes(numbers, positions, hessian):
    """Frequencies [M] 1/cm, imaginary ones negative, and shifts [3N,M] bohr of amu^1/2 each."""
    weights = np.repeat(np.sqrt([MASSES[number] for number in numbers]), 3)
    weighted = 0.5 * (hessian + hessian.T) / np.outer(weights, weights)
    rigid = rigidMotions(numbers, positions)
    internal = np.linalg.svd(rigid)[0][:, rigid.shape[1]:]
    squares, vectors = np.linalg.eigh(internal.T @ weighted @ internal)
    frequencies = WAVENUMBER * np.sign(squares) * np.sqrt(np.abs(squares))
    return frequencies, internal @ vectors / weights[:, None]


def activity(derivative):
    """45 a'^2 + 7 g'^2 [...] of polarizability derivatives [...,3,3], units squared"""
    mean = np.trace(derivative, axis1=-2, axis2=-1) / 3.0
    deviation = derivative - mean[..., None, None] * np.eye(3)
    return 45.0 * mean**2 + 7.0 * 1.5 * (deviation**2).sum((-2, -1))


def checkBonds(smiles, numbers, positions):
    """Raises if the atoms are bonded otherwise than the SMILES says."""
    from rdkit import Chem

    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    radius = np.array([RADII[number] for number in numbers]) / BOHR_IN_ANGSTROM
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    stretch = distance / (radius[:, None] + radius[None])
    bonded = Chem.GetAdjacencyMatrix(molecule).astype(bool)
    apart = ~bonded & ~np.eye(len(numbers), dtype=bool)
    if stretch[bonded].max() > 1.3 or stretch[apart].min(initial=9.0) < 1.15:
        raise RuntimeError("the molecule rearranged")


def vibrations(smiles, seed):
    """Arrays of a minimum: z, pos A, energy Hartree, freq 1/cm, ir km/mol, raman A^4/amu."""
    numbers, positions = startGeometry(smiles, seed)
    for _ in range(4):
        positions = relaxed(numbers, positions)
        hessian, dipoles, polarizabilities = derivatives(numbers, positions)
        frequencies, shifts = modes(numbers, positions, hessian)
        if len(frequencies) == 0 or frequencies[0] > LOWEST_FREQUENCY:
            break
        positions = positions + 0.3 * shifts[:, 0].reshape(-1, 3)
    else:
        raise RuntimeError(f"the lowest mode stays at {frequencies[0]:.0f} 1/cm")
    checkBonds(smiles, numbers, positions)
    return dict(z=numbers.astype(np.uint8), pos=positions * BOHR_IN_ANGSTROM,
                energy=Xtb(numbers)(positions)[0], freq=frequencies,
                ir=IR_UNIT * ((shifts.T @ dipoles)**2).sum(axis=1),
                raman=RAMAN_UNIT * activity(np.einsum("km,kab->mab", shifts, polarizabilities)))


def groundState(numbers, positions):
    """PBE0/def2-SVP with fitted densities, converged."""
    from pyscf import dft, gto, lib

    lib.num_threads(1)
    molecule = gto.M(atom=list(zip(numbers.tolist(), positions.tolist())), unit="Bohr",
                     basis="def2-svp", verbose=0)
    field = dft.RKS(molecule, xc="pbe0").density_fit()
    field.grids.level = 1
    field.conv_tol = 1e-8
    field.kernel()
    if not field.converged:
        raise RuntimeError("the SCF did not converge")
    return field


def fittedKernel(field):
    """Matrix [A,A] of the exchange-correlation kernel between the functions that fit densities."""
    numint, density = field._numint, field.make_rdm1()
    auxiliary = field.with_df.auxmol
    kernel = np.zeros((auxiliary.nao, auxiliary.nao))
    for begin in range(0, len(field.grids.weights), 2000):
        part = slice(begin, begin + 2000)
        coordinates, weights = field.grids.coords[part], field.grids.weights[part]
        orbitals = numint.eval_ao(field.mol, coordinates, deriv=1)
        rho = numint.eval_rho(field.mol, orbitals, density, xctype="GGA", hermi=1)
        second = numint.eval_xc_eff(field.xc, rho, deriv=2, xctype="GGA")[2]
        second = np.where(rho[0] > THIN, second, 0.0)
        functions = auxiliary.eval_gto("GTOval_sph_deriv1", coordinates)
        weighted = np.einsum("xyg,xga->yga", second * weights, functions)
        kernel += np.tensordot(weighted, functions, axes=((0, 1), (0, 1)))
    return kernel


def excitationMatrix(field):
    """TDA's matrix of singlets [I*V,I*V], cores frozen, and the orbitals [n,I], [n,V]."""
    from pyscf import df
    from scipy.linalg import cho_solve, cholesky, solve_triangular

    cores = int((field.mol.atom_charges() > 2).sum())
    held = np.count_nonzero(field.mo_occ)
    occupied, empty = field.mo_coeff[:, cores:held], field.mo_coeff[:, held:]
    gaps = field.mo_energy[None, held:] - field.mo_energy[cores:held, None]
    auxiliary = field.with_df.auxmol
    factor = cholesky(auxiliary.intor("int2c2e"), lower=True)
    repulsion = df.incore.aux_e2(field.mol, auxiliary, "int3c2e")

    def pairs(left, right):
        half = np.tensordot(left, repulsion, axes=(0, 0))
        return np.tensordot(half, right, axes=(1, 0)).transpose(1, 0, 2)

    mixed = pairs(occupied, empty)
    shape = mixed.shape[1:]
    mixed = mixed.reshape(len(mixed), -1)
    coulomb = solve_triangular(factor, mixed, lower=True)
    fitted = cho_solve((factor, True), mixed)
    inner, outer = (solve_triangular(factor, pairs(part, part).reshape(len(mixed), -1), lower=True)
                    for part in (occupied, empty))
    exchange = (inner.T @ outer).reshape(shape[0], shape[0], shape[1], shape[1])
    share = field._numint.hybrid_coeff(field.xc)
    matrix = 2.0 * (coulomb.T @ coulomb + fitted.T @ (fittedKernel(field) @ fitted))
    matrix -= share * exchange.transpose(0, 2, 1, 3).reshape(matrix.shape)
    matrix[np.diag_indices_from(matrix)] += gaps.ravel()
    return matrix, occupied, empty


def excitedStates(numbers, positions):
    """Arrays uv_ev eV and uv_f of every singlet up to LAST_STATE; positions bohr."""
    from scipy.linalg import eigh

    field = groundState(numbers, positions)
    matrix, occupied, empty = excitationMatrix(field)
    energies, vectors = eigh(matrix, subset_by_value=(-np.inf, LAST_STATE / HARTREE_IN_EV))
    if len(energies) and energies[0] <= 0.0:
        raise RuntimeError("the ground state is unstable")
    dipoles = np.einsum("xpq,pi,qa->iax", field.mol.intor("int1e_r"), occupied, empty)
    moments = np.sqrt(2.0) * vectors.T @ dipoles.reshape(-1, 3)
    return dict(uv_ev=energies * HARTREE_IN_EV,
                uv_f=2.0 / 3.0 * energies * (moments**2).sum(axis=1))
