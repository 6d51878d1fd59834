"""A tiny labelled data set and a tiny trained model for the tests of the program.

SPDX-License-Identifier: MIT
"""

import os
import subprocess

import numpy as np
import pytest

PROGRAM = os.environ["PROGRAM"]
TINY = ["--channels", "16", "--layers", "2", "--heads", "2", "--radial-functions", "8"]
SHORT = ["--train", "20", "--validation", "5", "--steps", "12", "--warmup", "2", "--threads", "1"]


# Most tests compare bits, which no graphics card repeats: they do not see any.
CPU_ONLY = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}


def run(*arguments, env=CPU_ONLY, **options):
    """Runs the program; text output, no standard input."""
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, env=env, **options)


def water(frames=40, seed=3):
    """MD17-like arrays of water with springs between all atoms: E = sum k/2 (r - r0)^2."""
    rng = np.random.default_rng(seed)
    rest = np.array([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    R = rest + 0.08 * rng.standard_normal((frames, 3, 3))
    E, F = np.full((frames, 1), -47000.0), np.zeros_like(R)
    for a, b, stiffness, length in ((0, 1, 300, 0.96), (0, 2, 300, 0.96), (1, 2, 60, 1.5)):
        d = R[:, b] - R[:, a]
        r = np.linalg.norm(d, axis=1, keepdims=True)
        E += 0.5 * stiffness * (r - length) ** 2
        pull = stiffness * (r - length) * d / r
        F[:, a] += pull
        F[:, b] -= pull
    return dict(z=np.array([8, 1, 1], np.uint8), R=R, E=E, F=F)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """An NPZ file of forty frames of water."""
    path = tmp_path_factory.mktemp("data") / "water.npz"
    np.savez(path, **water())
    return path


@pytest.fixture(scope="session")
def trained(data, tmp_path_factory):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    result = run("finetune", "--data", data, "--output", folder, *TINY, *SHORT)
    assert result.returncode == 0, result.stderr
    return folder
