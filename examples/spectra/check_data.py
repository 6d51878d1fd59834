"""Checks computed spectra by other ways to the same numbers; make_data.py's stage `check`.

SPDX-License-Identifier: MIT

Of a dozen molecules: forces in fields give the dipole and polarizability derivatives again; the
sums of intensities follow from all derivatives and the rotation of the whole molecule; PySCF's own
matrix, without fitted densities, gives the excitation energies again.
"""

import numpy as np

import labels

EVERY = 25
MATRIX_ATOMS = 9  # PySCF's own matrix is slow; larger molecules do without this check

# Relative ones are of the largest element. Differences of 0.01 bohr leave an asymmetry of 1e-4,
# which falls with the square of that step; both differences of a polarizability derivative enlarge
# what self-consistency leaves in a dipole, to 1e-3, which a twentieth of that threshold removes.
ASYMMETRY_BOUND = 3e-4   # of the Hessian
RIGID_BOUND = 30.0       # 1/cm, of translations and rotations before they are taken out
DIPOLE_SUM_BOUND = 1e-3  # of sums over atoms
POLARIZABILITY_SUM_BOUND = 5e-3
DIPOLE_BOUND = 2e-3      # of derivatives by forces in fields
POLARIZABILITY_BOUND = 2e-2
INTENSITY_BOUND = 5e-3   # of the sum of intensities
ENERGY_BOUND = 0.02      # eV, of excitation energies


def relative(difference, scale):
    return float(np.abs(difference).max() / np.abs(scale).max())


def derivativesByForces(numbers, positions):
    """dipole [3N,3] and diagonal polarizability derivatives [3N,3], from gradients in fields."""
    gradients = np.array([calculator(positions)[1].ravel()
                          for calculator in labels.calculatorsInFields(numbers)])
    up, down, free = gradients[0::2], gradients[1::2], labels.Xtb(numbers)(positions)[1].ravel()
    dipoles = -(up - down) / (2 * labels.FIELD)
    polarizabilities = -(up + down - 2 * free) / labels.FIELD**2
    return dipoles.T, polarizabilities.T


def rotationalSum(numbers, positions, vector):
    """Sum of squared derivatives of a rotating vector [3] by the normal coordinates of rotation."""
    mass = np.array([labels.MASSES[number] for number in numbers])
    centred = positions - np.average(positions, axis=0, weights=mass)
    inertia = np.einsum("n,nij->ij", mass, np.eye(3) * (centred**2).sum(1)[:, None, None]
                        - centred[:, :, None] * centred[:, None, :])
    moments, axes = np.linalg.eigh(inertia)
    return sum(np.sum(np.cross(axis, vector)**2) / moment
               for moment, axis in zip(moments, axes.T) if moment > 1e-3 * moments[-1])


def checkVibrations(numbers, positions, result):
    """Quantity -> (found, bound)"""
    hessian, dipoles, polarizabilities = labels.derivatives(numbers, positions)
    weights = np.repeat([labels.MASSES[number] for number in numbers], 3)
    rigid = labels.rigidMotions(numbers, positions) / np.sqrt(weights)[:, None]
    curvature = np.diag(rigid.T @ hessian @ rigid)
    byForces, diagonal = derivativesByForces(numbers, positions)
    found = np.einsum("kaa->ka", polarizabilities)
    expected = labels.IR_UNIT * ((dipoles**2 / weights[:, None]).sum() - rotationalSum(
        numbers, positions, labels.Xtb(numbers)(positions)[2]))
    return {
        "asymmetry of the Hessian": (relative(hessian - hessian.T, hessian), ASYMMETRY_BOUND),
        "rigid motions, 1/cm": (float(labels.WAVENUMBER * np.sqrt(np.abs(curvature).max())),
                                RIGID_BOUND),
        "sum of dipole derivatives": (
            relative(dipoles.reshape(-1, 3, 3).sum(0), dipoles), DIPOLE_SUM_BOUND),
        "sum of polarizability derivatives": (
            relative(polarizabilities.reshape(-1, 3, 3, 3).sum(0), polarizabilities),
            POLARIZABILITY_SUM_BOUND),
        "dipole derivatives by forces": (relative(dipoles - byForces, dipoles), DIPOLE_BOUND),
        "polarizability derivatives by forces": (
            relative(found - diagonal, polarizabilities), POLARIZABILITY_BOUND),
        "sum of IR intensities": (relative(result["ir"].sum() - expected, expected),
                                  INTENSITY_BOUND)}


def checkStates(numbers, positions, result):
    """As checkVibrations, for the excitation energies."""
    from pyscf.tdscf.rhf import get_ab

    if len(numbers) > MATRIX_ATOMS or len(result["uv_ev"]) == 0:
        return {}
    matrix = get_ab(labels.groundState(numbers, positions),
                    frozen=int((numbers > 2).sum()))[0]
    size = matrix.shape[0] * matrix.shape[1]
    energies = np.linalg.eigvalsh(matrix.reshape(size, size)) * labels.HARTREE_IN_EV
    difference = energies[:len(result["uv_ev"])] - result["uv_ev"]
    return {"excitation energies by PySCF's matrix, eV": (float(np.abs(difference).max()),
                                                          ENERGY_BOUND)}


def check(names, indices, results):
    """Prints the worst of every quantity, and exits if one is beyond its bound."""
    worst = {}
    for index, result in list(zip(indices, results))[::EVERY]:
        numbers = result["z"].astype(int)
        positions = result["pos"] / labels.BOHR_IN_ANGSTROM
        found = checkVibrations(numbers, positions, result)
        found |= checkStates(numbers, positions, result)
        for quantity, (value, bound) in found.items():
            if value >= worst.get(quantity, (0.0,))[0]:
                worst[quantity] = (value, bound, names[index])
    for quantity, (value, bound, name) in worst.items():
        print(f"{quantity}: at most {value:.2g} ({name}), allowed {bound:g}")
    if not worst or any(value > bound for value, bound, _ in worst.values()):
        raise SystemExit("checking spectra: a quantity is beyond what is allowed")
