"""molspectra pretrain by two processes: losses as of one, and what happens when one is killed.

SPDX-License-Identifier: MIT
"""

import os
import socket
import subprocess
import sys
import time

import pytest
from conftest import (CPU_ONLY, GRIDS, PROGRAM, SHORT, SPECFORMER, TINY, logged, metrics, run,
                      timeless)

TERMS = ["denoising", "reconstruction", "contrast"]
TOLERANCE = 1e-5  # of losses, relative: sums in another order
LONG = 60  # steps of a run that is stopped on its way
SECONDS = 30  # that a process may take to notice that another is gone, on a busy machine
LAUNCHERS = {
    "torchrun": ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    "mpirun": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
}


def freePort():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def options(shards, batch, steps=6):
    return list(map(str, ["pretrain", "--data", shards, "--preset", "spectra", *TINY, *SPECFORMER,
                          *GRIDS, "--validation", "8", "--batch", batch, "--steps", steps,
                          "--warmup", "2", "--schedule", "constant", "--validation-interval", "1",
                          "--checkpoint-interval", "5", "--threads", "1"]))


def start(arguments, launcher="torchrun"):
    """Two processes with the environment that a launcher would give them."""
    port = str(freePort())
    started = []
    for rank in range(2):
        values = dict(zip(LAUNCHERS[launcher], (str(rank), "2", str(rank))))
        env = {**CPU_ONLY, **values, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        started.append(subprocess.Popen([PROGRAM, *map(str, arguments)], env=env, text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE))
    return started


def finish(started, seconds=120):
    """The processes' errors, and that none is left."""
    try:
        return [process.communicate(timeout=seconds)[1] for process in started]
    finally:
        for process in started:
            process.kill()


def succeed(started):
    errors = finish(started)
    assert [process.returncode for process in started] == [0, 0], errors
    return errors


def waitForStep(folder, step, started, seconds=60):
    deadline = time.time() + seconds
    while time.time() < deadline and all(process.poll() is None for process in started):
        if logged(folder) > step + 1:  # below the header a line for each, from 0
            return
        time.sleep(0.01)
    raise AssertionError(f"step {step} was not reached: {finish(started, 1)}")


def compare(folder, alone):
    lines, expected = metrics(folder)[1:], metrics(alone)[1:]
    assert [line["step"] for line in lines] == [line["step"] for line in expected]
    for line, other in zip(lines[1:], expected[1:]):
        for term in TERMS:
            key = f"train_{term}_loss"
            assert line[key] == pytest.approx(other[key], rel=TOLERANCE), (line["step"], key)
        for key in ("train_loss", "validation_loss", *(f"validation_{term}" for term in TERMS)):
            assert line[key] == pytest.approx(other[key], rel=TOLERANCE), (line["step"], key)


@pytest.fixture(scope="module")
def alone(shards, tmp_path_factory):
    """The run of one process with the whole batch."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    result = run(*options(shards, 8), "--output", folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def whole(shards, tmp_path_factory):
    """A run of two processes that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    succeed(start([*options(shards, 4, LONG), "--output", folder]))
    return folder


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_have_the_losses_of_one(tmp_path, shards, alone, launcher):
    first, second = succeed(start([*options(shards, 4), "--output", tmp_path / "run"], launcher))
    assert "finished" in first and second == ""
    compare(tmp_path / "run", alone)


def test_published_form_is_for_one_process(tmp_path, shards):
    started = start([*options(shards, 4), "--form", "published", "--output", tmp_path / "run"])
    errors = finish(started)
    assert [process.returncode for process in started] == [1, 1]
    assert "expected one process, or --form own" in errors[0]


def test_torchrun_starts_them(tmp_path, shards, alone):
    pytest.importorskip("torch", reason="torchrun comes with PyTorch's Python package")
    result = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "2",
         "--master-port", str(freePort()), PROGRAM, *options(shards, 4), "--output",
         str(tmp_path / "run")], capture_output=True, text=True, env=CPU_ONLY, timeout=300)
    assert result.returncode == 0, result.stderr
    assert metrics(tmp_path / "run")[0]["header"]["processes"] == 2
    compare(tmp_path / "run", alone)


@pytest.mark.parametrize("killed", [0, 1])
def test_killed_process_ends_the_other_and_the_run_goes_on(tmp_path, shards, whole, killed):
    parts = tmp_path / "parts"
    started = start([*options(shards, 4, LONG), "--output", parts])
    waitForStep(parts, 7, started)
    started[killed].kill()
    survivor = started[1 - killed]
    began = time.time()
    sentence = finish(started)[1 - killed].splitlines()[-1]
    assert survivor.returncode == 1 and time.time() - began < SECONDS
    assert sentence.startswith("molspectra: training with 2 processes: process "), sentence
    assert "--resume" in sentence
    assert metrics(parts)[-1]["step"] < LONG
    succeed(start(["pretrain", "--resume", parts]))
    assert timeless(metrics(parts)[1:]) == timeless(metrics(whole)[1:])


def test_one_process_goes_on_where_two_stopped(tmp_path, shards, alone):
    folder = tmp_path / "run"
    succeed(start([*options(shards, 4, 3), "--output", folder]))
    result = run("pretrain", "--resume", folder, "--batch", "8", "--steps", "6")
    assert result.returncode == 0, result.stderr
    compare(folder, alone)


def test_both_processes_stop_at_an_earlier_run(tmp_path, shards, alone):
    started = start([*options(shards, 4), "--output", alone])
    errors = finish(started, SECONDS)
    assert [process.returncode for process in started] == [1, 1]
    assert "earlier run" in errors[0].splitlines()[-1]
    assert errors[1].splitlines()[-1].startswith("molspectra: ")


@pytest.mark.parametrize("variables, words", [
    ({"WORLD_SIZE": "2"}, ["RANK", "missing"]),
    ({"WORLD_SIZE": "two", "RANK": "0"}, ["WORLD_SIZE", "two"]),
    ({"WORLD_SIZE": "2", "RANK": "2"}, ["rank 2 of 2"]),
    ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_PORT": "door"}, ["MASTER_PORT", "door"]),
])
def test_wrong_variables_are_one_sentence(tmp_path, shards, variables, words):
    result = run(*options(shards, 4), "--output", tmp_path / "run", env={**CPU_ONLY, **variables})
    sentence = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "joining processes: " in sentence
    assert all(word in sentence for word in words), sentence
    assert not os.path.exists(tmp_path / "run")


def test_finetune_refuses_to_run_twice(tmp_path, data):
    result = run("finetune", "--data", data, *TINY, *SHORT, "--output", tmp_path / "run",
                 env={**CPU_ONLY, "WORLD_SIZE": "2", "RANK": "1"})
    assert result.returncode == 1 and not os.path.exists(tmp_path / "run")
    assert result.stderr.count("\n") == 1
    assert "found 2 processes that torchrun or mpirun started, expected one" in result.stderr
