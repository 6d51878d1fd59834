#!/usr/bin/env python3
"""Writes the NPZ fixtures beside itself, in the layouts that NumPy versions and data sets have.

Every number is a formula, repeated in tests/unit/Fixtures.h: frame t, atom i, component d have
R = t + i/4 + d/16, E = -10 - t/2 and F = t*i - d + 1/2, all exact in single precision.
Run with NumPy 2: python make_npz.py

SPDX-License-Identifier: MIT
"""

import io
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FRAMES, ATOMS = 3, 2
Z = np.array([8, 1])


def labels(frames=FRAMES, atoms=ATOMS):
    t, i, d = np.meshgrid(np.arange(frames), np.arange(atoms), np.arange(3), indexing="ij")
    return t + i / 4 + d / 16, -10 - np.arange(frames) / 2, t * i - d + 0.5


def write_classic(path, method, **arrays):
    """Members with plain 32-bit sizes, as older NumPy versions wrote them."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, version=(1, 0))
            archive.writestr(f"{name}.npy", buffer.getvalue())


def main():
    positions, energies, forces = labels()
    md17 = {"z": Z.astype("u1"), "R": positions, "E": energies[:, None], "F": forces}
    np.savez(HERE / "numpy2_stored.npz", **md17, name="water part", theory="formula")
    single = {**md17, "R": positions.astype("f4"), "F": forces.astype("f4")}
    np.savez_compressed(HERE / "numpy2_deflated.npz", **single)
    write_classic(HERE / "classic_stored.npz", zipfile.ZIP_STORED, **md17)
    write_classic(HERE / "classic_deflated.npz", zipfile.ZIP_DEFLATED, **md17)

    fortran = {**md17, "R": np.asfortranarray(positions), "F": np.asfortranarray(forces)}
    np.savez(HERE / "fortran.npz", **fortran)
    np.savez(HERE / "rmd17.npz", nuclear_charges=Z, coords=positions, energies=energies,
             forces=forces, old_indices=np.arange(FRAMES), old_energies=energies + 1,
             old_forces=forces + 1)

    # The third frame keeps all three atoms, the others end with padding.
    positions, energies, forces = labels(atoms=3)
    z = np.array([[6, 0, 0], [8, 1, 0], [8, 1, 1]])
    positions[z == 0] = 0
    forces[z == 0] = np.nan
    np.savez_compressed(HERE / "padded.npz", z=z, R=positions, E=energies, F=forces)

    kinds = ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
    numbers = {kind: (np.arange(6).reshape(2, 3) * 20).astype(kind) for kind in kinds}
    np.savez_compressed(HERE / "dtypes.npz", **numbers, bool=np.array([True, False, True]),
                        scalar=np.float64(2.5), text=np.array("water"),
                        big=np.arange(3, dtype=">f8"), empty=np.zeros((0, 4)),
                        half=np.zeros(2, "f2"))


if __name__ == "__main__":
    main()
