"""Tiny data sets, with energies or with spectra, and a tiny trained model for the program's tests.

SPDX-License-Identifier: MIT
"""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest

PROGRAM = os.environ["PROGRAM"]
TINY = ["--channels", "16", "--layers", "2", "--heads", "2", "--radial-functions", "8"]
SPECFORMER = ["--spectra-channels", "16", "--spectra-layers", "1", "--spectra-heads", "2",
              "--spectra-hidden", "16"]
GRIDS = ["--uv-grid", "1:0.2:71", "--uv-patch", "10", "--uv-stride", "5",
         "--ir-grid", "500:50:71", "--ir-patch", "10", "--ir-stride", "5",
         "--raman-grid", "500:50:71", "--raman-patch", "10", "--raman-stride", "10",
         "--uv-width", "1", "--line-width", "150"]
SHORT = ["--train", "20", "--validation", "5", "--steps", "12", "--warmup", "2", "--threads", "1"]
ENDLESS = 20000  # steps of a run that is to be stopped, far more than anything waits for
# So large a rate that validations soon grow worse, and the schedule has a state to go on with.
RESTLESS = ["--schedule", "plateau", "--plateau-patience", "0", "--learning-rate", "0.05",
            "--average-decay", "0.5"]


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


SHAPES = [
    ([8, 1, 1], [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]),
    ([7, 1, 1, 1], [[0, 0, 0], [0.94, 0, 0.38], [-0.47, 0.81, 0.38], [-0.47, -0.81, 0.38]]),
    ([6, 1, 1, 1, 1], [[0, 0, 0], [0.63, 0.63, 0.63], [-0.63, -0.63, 0.63], [-0.63, 0.63, -0.63],
                       [0.63, -0.63, -0.63]]),
]


def spectra(molecules=40, seed=5, complete=False):
    """Arrays of a shard: lines of UV and IR, curves of Raman, of which some molecules lack some."""
    rng = np.random.default_rng(seed)
    picked = [SHAPES[n % 3] for n in range(molecules)]
    sizes = np.array([len(z) for z, _ in picked])
    lacks = np.zeros((molecules, 3), bool)
    if not complete:
        lacks = np.arange(molecules)[:, None] % [4, 5, 6] == 1
        lacks[3::8] = True
    states, modes = np.where(lacks[:, 0], 0, 4), 3 * sizes - 6
    total = modes.sum()
    ir = np.where(np.repeat(lacks[:, 1], modes), np.nan, rng.uniform(1, 100, total))
    return dict(
        z=np.concatenate([z for z, _ in picked]).astype(np.uint8),
        pos=np.concatenate([np.array(r) + rng.normal(0, 0.05, (len(r), 3)) for _, r in picked]),
        atom_offset=np.append(0, np.cumsum(sizes)), index=1000 + np.arange(molecules),
        state_offset=np.append(0, np.cumsum(states)), uv_ev=rng.uniform(4, 12, states.sum()),
        uv_f=rng.uniform(0.01, 1, states.sum()), mode_offset=np.append(0, np.cumsum(modes)),
        freq=rng.uniform(600, 3800, total), ir=ir,
        raman_curve=rng.uniform(0, 2, (molecules, 71)).astype(np.float32),
        raman_grid=np.array([500.0, 50.0]), raman_has=~lacks[:, 2])


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """A folder of two shards."""
    folder = tmp_path_factory.mktemp("shards")
    np.savez(folder / "00000.npz", **spectra(24, seed=5))
    np.savez(folder / "00001.npz", **spectra(24, seed=6))
    return folder


def metrics(folder):
    """The lines of a run's log, the header first."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def timeless(lines):
    """Lines of a log without what no two runs share."""
    return [{key: value for key, value in line.items() if "second" not in key} for line in lines]


def logged(folder):
    """Whole lines of the log of a run that goes on; the header is one."""
    log = folder / "metrics.jsonl"
    return log.read_text().count("\n") if log.exists() else 0


def facts(model):
    """What a model file says of itself."""
    return json.loads(run("inspect", model, "--json").stdout)


def weights(model):
    """The tensors of a model file by their names."""
    torch = pytest.importorskip("torch", reason="compares the weights through LibTorch's reader")
    return {name: value.numpy() for name, value in torch.jit.load(model).state_dict().items()}


def settings(folder):
    """Options and values of a run, as its configuration file has them."""
    lines = (folder / "config.ini").read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines)


def interrupted(folder, *arguments, lines=6, by=signal.SIGINT):
    """Sends a signal to a run once its log has that many lines; the step at which it stopped."""
    process = subprocess.Popen([PROGRAM, *map(str, arguments), "--output", str(folder)], text=True,
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=CPU_ONLY)
    deadline = time.time() + 120
    try:
        while process.poll() is None and logged(folder) < lines and time.time() < deadline:
            time.sleep(0.005)
        process.send_signal(by)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0 and "interrupted, everything is saved" in errors, errors
    return facts(folder / "model.pt")["provenance"]["training"]["steps"]


def peak(process):
    """Largest resident memory so far, MiB; None once the process has ended.

    Asked while it runs: what the system tells of an ended process counts what this one, from which
    it was started, had in memory, and that is much where other tests have imported LibTorch.
    """
    with open(f"/proc/{process.pid}/status") as status:
        found = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
    return found[0] / 1024 if found else None


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
