"""Where the program computes: what it says of it, what it refuses, and runs that change places.

SPDX-License-Identifier: MIT
"""

import ctypes
import json
import os
import shutil

import pytest
from conftest import CPU_ONLY, SHORT, TINY, run


def graphics_cards():
    """Number of devices that NVIDIA's driver finds."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    return count.value if driver.cuInit(0) == 0 and \
        driver.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


def device_line(result):
    """What a run said of its device; it says so exactly once."""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("device: ")]
    return line


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def fake_driver(tmp_path):
    """An environment whose driver is the one of the tests, which claims one device."""
    folder = tmp_path / "driver"
    folder.mkdir()
    shutil.copy(os.environ["FAKE_DRIVER"], folder / "libcuda.so.1")
    environment = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    paths = [str(folder), *filter(None, [environment.get("LD_LIBRARY_PATH")])]
    return {**environment, "LD_LIBRARY_PATH": os.pathsep.join(paths)}


def test_cuda_without_a_device_is_refused_in_one_sentence(tmp_path, trained, data):
    for arguments in (["evaluate", "--model", trained / "model.pt"],
                      ["finetune", "--output", tmp_path / "run"]):
        result = run(*arguments, "--data", data, "--device", "cuda")
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("molspectra: choosing the device cuda: NVIDIA's driver ")
        assert "--device cpu" in line
    assert not (tmp_path / "run").exists()


def test_auto_without_a_device_takes_the_cpu_and_says_why(trained, data):
    result = run("evaluate", "--model", trained / "model.pt", "--data", data, "--threads", 1)
    assert result.returncode == 0, result.stderr
    assert device_line(result).startswith(
        "device: CPU, 1 thread; no graphics card: NVIDIA's driver ")


def test_cpu_that_was_asked_for_needs_no_reason(trained, data):
    result = run("evaluate", "--model", trained / "model.pt", "--data", data, "--threads", 1,
                 "--device", "cpu")
    assert device_line(result) == "device: CPU, 1 thread"


def test_run_records_its_device(trained):
    assert metrics(trained)[0]["header"]["device"] == "CPU"
    facts = json.loads(run("inspect", trained / "model.pt", "--json").stdout)
    assert facts["provenance"]["device"] == "CPU"


def test_options_of_a_graphics_card_change_no_bit_on_the_cpu(tmp_path, trained, data):
    result = run("finetune", "--data", data, "--output", tmp_path / "run", *TINY, *SHORT, "--tf32",
                 "--deterministic")
    assert result.returncode == 0, result.stderr
    timeless = [[{k: v for k, v in line.items() if "second" not in k}
                 for line in metrics(folder)[1:]] for folder in (tmp_path / "run", trained)]
    assert timeless[0] == timeless[1]


def test_driver_without_a_device_is_told(trained, data, fake_driver):
    result = run("evaluate", "--model", trained / "model.pt", "--data", data,
                 env={**fake_driver, "FAKE_DRIVER_DEVICES": "0"})
    assert result.returncode == 0, result.stderr
    assert device_line(result).endswith("NVIDIA's driver finds no device")


def test_driver_that_libtorch_cannot_use_is_told(trained, data, fake_driver):
    result = run("evaluate", "--model", trained / "model.pt", "--data", data, "--device", "cuda",
                 env=fake_driver)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "LibTorch's CUDA build" in line
    # Where LibTorch has no such build it says so, else which versions do not fit.
    assert "libtorch_cuda.so was not found" in line or "CUDA up to 11.4" in line


@pytest.mark.skipif(graphics_cards() == 0, reason="NVIDIA's driver finds no graphics card")
def test_run_goes_from_the_graphics_card_to_the_cpu_and_back(tmp_path, data):
    folder = tmp_path / "run"
    start = ["finetune", "--data", data, "--output", folder, *TINY, *SHORT, "--deterministic"]
    first = run(*start, "--device", "cuda", env=None)
    if "LibTorch's CUDA build is missing" in first.stderr:
        pytest.skip("LibTorch has no CUDA build")
    assert first.returncode == 0, first.stderr
    assert "(cuda:0), TF32 off, deterministic" in device_line(first)
    for device, words, env in (("cpu", "of the device cuda on cpu", CPU_ONLY),
                               ("cuda:0", "of the device cpu on cuda", None)):
        steps = metrics(folder)[-1]["step"] + 6
        result = run("finetune", "--resume", folder, "--steps", steps, "--device", device, env=env)
        assert result.returncode == 0, result.stderr
        assert words in result.stderr
        assert metrics(folder)[-1]["step"] == steps
    again = tmp_path / "again"
    assert run(*start[:4], again, *start[5:], "--device", "cuda", env=None).returncode == 0
    once_more = tmp_path / "once_more"
    assert run(*start[:4], once_more, *start[5:], "--device", "cuda", env=None).returncode == 0
    losses = [[line.get("train_loss") for line in metrics(f)[1:]] for f in (again, once_more)]
    assert losses[0] == losses[1]
