"""molspectra pretrain and its data: memory while it streams, bad shards, bad files to start from.

SPDX-License-Identifier: MIT
"""

import subprocess
import time
import zipfile

import numpy as np
import pytest
from conftest import (CPU_ONLY, GRIDS, PROGRAM, SHAPES, SPECFORMER, TINY, logged, metrics, peak,
                      run, spectra)

FEW = ["--validation", "4", "--batch", "8", "--steps", "4", "--warmup", "2", "--threads", "1"]
STAGE_TWO = ["--preset", "spectra", *SPECFORMER, *GRIDS]
SMALLEST = ["--channels", "4", "--layers", "1", "--heads", "1", "--radial-functions", "4",
            "--batch", "1", "--window", "50", "--warmup", "2", "--threads", "1"]
STEPS, SETTLED = 10000, 1000  # of the long run; after these it has seen whole epochs of shards
FLAT = 1.05  # of the peak after the first steps
POINTS, MOLECULES = 20000, 50  # of a curve; of a shard
SHARD = 4 * POINTS * MOLECULES / 2**20  # MiB in memory
LIMIT = 60  # MiB that data may add to the process, a few shards for a window and those ahead


def pretrain(data, folder, *more):
    return run("pretrain", "--data", data, "--output", folder, *TINY, *FEW, *more)


def refused(result, folder, *words):
    """One sentence that has these words, and nothing half written."""
    assert result.returncode == 1, result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.startswith("device: ")]
    assert len(lines) == 1 and lines[0].startswith("molspectra: "), result.stderr
    assert all(str(word) in lines[0] for word in words), lines[0]
    assert not any(folder.glob("*"))


def shard(path, **arrays):
    """A shard of which some arrays are replaced; None leaves one out."""
    merged = {**spectra(24), **arrays}
    np.savez(path, **{key: value for key, value in merged.items() if value is not None})
    return path


def replaced(key, place, value):
    array = spectra(24)[key].copy()
    array[place] = value
    return {key: array}


@pytest.fixture(scope="module")
def stage_two(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two") / "run"
    assert pretrain(shards, folder, *STAGE_TWO).returncode == 0
    return folder


def largeShards(folder, count):
    """Water with long flat curves, large in memory and small on the disk."""
    folder.mkdir()
    for n in range(count):
        rng = np.random.default_rng(n)
        np.savez_compressed(
            folder / f"{n:03}.npz", z=np.tile(SHAPES[0][0], MOLECULES),
            pos=np.tile(SHAPES[0][1], (MOLECULES, 1)) + rng.normal(0, 0.05, (3 * MOLECULES, 3)),
            atom_offset=3 * np.arange(MOLECULES + 1), raman_grid=np.array([500.0, 0.1]),
            raman_curve=np.full((MOLECULES, POINTS), rng.uniform(1, 2), np.float16))
    return folder


def peaks(shards, folder, steps, validation):
    """Largest resident memory after the first steps, and of the whole run, MiB."""
    process = subprocess.Popen(
        list(map(str, [PROGRAM, "pretrain", "--data", shards, "--output", folder, *SMALLEST,
                       "--validation", validation, "--steps", steps, "--validation-interval",
                       SETTLED])), env=CPU_ONLY, stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    settled = whole = None
    while (now := peak(process)) is not None:
        whole = now
        if settled is None and logged(folder) > 2:
            settled = whole
        time.sleep(0.02)
    assert process.wait() == 0
    return settled, whole


def test_memory_stays_flat_while_shards_are_streamed(tmp_path):
    few, many = largeShards(tmp_path / "few", 1), largeShards(tmp_path / "many", 60)
    assert 60 * SHARD > 3 * LIMIT
    _, bare = peaks(few, tmp_path / "bare", 10, 4)
    settled, whole = peaks(many, tmp_path / "run", STEPS, 24)
    assert metrics(tmp_path / "run")[-1]["epoch"] >= 3
    assert whole < FLAT * settled
    assert whole < bare + LIMIT


@pytest.mark.parametrize("arrays, words", [
    (replaced("pos", (17, 1), np.nan), ["array pos", "molecule 4 ", "nan"]),
    (replaced("atom_offset", 3, 3), ["array atom_offset", "entry 3", "ascend"]),
    (replaced("state_offset", 2, -4), ["array state_offset", "entry 2", "-4"]),
    (replaced("uv_f", 2, -0.1), ["array uv_f", "molecule 0 ", "-0.1"]),
    (replaced("raman_curve", (0, 7), np.nan), ["array raman_curve", "molecule 0 ", "nan"]),
    ({"raman_has": np.ones(7)}, ["array raman_has", "[7]", "[24]"]),
    ({"atom_offset": None}, ["atom_offset"]),
])
def test_bad_arrays_are_named(tmp_path, arrays, words):
    path = shard(tmp_path / "bad.npz", **arrays)
    refused(pretrain(path, tmp_path / "run", *STAGE_TWO), tmp_path / "run", "bad.npz", *words)


@pytest.mark.parametrize("part", [0, 0.2, 0.999])
def test_truncated_shard(tmp_path, part):
    whole = shard(tmp_path / "whole.npz").read_bytes()
    path = tmp_path / "half.npz"
    path.write_bytes(whole[: int(len(whole) * part)])
    refused(pretrain(path, tmp_path / "run"), tmp_path / "run", "half.npz")


def test_damaged_byte_in_a_shard(tmp_path):
    path = shard(tmp_path / "bad.npz")
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("pos.npy").header_offset + 400
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    refused(pretrain(path, tmp_path / "run"), tmp_path / "run", "bad.npz", "pos")


def test_bad_shard_in_the_middle_of_a_run(tmp_path, shards):
    paths = [*sorted(shards.iterdir()), shard(tmp_path / "bad.npz", **replaced("pos", 5, np.nan))]
    result = run("pretrain", "--data", *paths, "--output", tmp_path / "run", *TINY, *FEW[2:4],
                 "--validation", "1", "--window", "8", "--steps", "40")
    assert result.returncode == 1
    sentence = result.stderr.splitlines()[-1]
    assert "bad.npz" in sentence and "array pos" in sentence
    assert not list((tmp_path / "run").glob("*.p*"))


def test_curve_on_another_grid_than_the_options_say(tmp_path):
    path = shard(tmp_path / "other.npz", raman_grid=np.array([400.0, 50.0]))
    refused(pretrain(path, tmp_path / "run", *STAGE_TWO), tmp_path / "run", "other.npz",
            "molecule 10", "raman", "400", "500", "--raman-grid")


def test_data_without_any_wanted_spectrum(tmp_path):
    arrays = {key: None for key in spectra(24) if key not in ("z", "pos", "atom_offset")}
    path = shard(tmp_path / "bare.npz", **arrays)
    refused(pretrain(path, tmp_path / "run", *STAGE_TWO), tmp_path / "run", "uv", "--spectra")
    assert pretrain(path, tmp_path / "run").returncode == 0


def test_too_few_molecules(tmp_path):
    path = shard(tmp_path / "few.npz")
    result = run("pretrain", "--data", path, "--output", tmp_path / "run", *TINY, "--validation",
                 "17", "--batch", "8")
    refused(result, tmp_path / "run", "few.npz", "24", "25", "17", "8")


def test_missing_and_empty_folders(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "absent"):
        refused(pretrain(tmp_path / name, tmp_path / "run"), tmp_path / "run", name)


def test_specformer_of_another_width(tmp_path, shards, stage_two):
    result = run("pretrain", "--data", shards, "--output", tmp_path / "run", "--channels", "32",
                 "--layers", "1", "--heads", "2", "--preset", "spectra", *FEW, "--spectra-model",
                 stage_two / "spectra.pt")
    refused(result, tmp_path / "run", "spectra.pt", "16", "32")


@pytest.mark.parametrize("content", [
    lambda whole: b"once upon a time", lambda whole: whole[: len(whole) // 2],
    lambda whole: whole.replace(b'"formatVersion": 1', b'"formatVersion": x'),
    lambda whole: whole.replace(b'"hidden": 16', b'"hidden": 19')])
def test_damaged_specformer(tmp_path, shards, stage_two, content):
    path = tmp_path / "broken.pt"
    path.write_bytes(content((stage_two / "spectra.pt").read_bytes()))
    result = pretrain(shards, tmp_path / "run", "--preset", "spectra", "--spectra-model", path)
    refused(result, tmp_path / "run", "broken.pt")


def test_network_in_place_of_a_specformer(tmp_path, shards, stage_two):
    result = pretrain(shards, tmp_path / "run", "--preset", "spectra", "--spectra-model",
                      stage_two / "model.pt")
    refused(result, tmp_path / "run", "model.pt", "molspectra-spectra.json")


def test_finished_run_is_not_overwritten(shards, stage_two):
    before = {path.name: path.read_bytes() for path in stage_two.iterdir()}
    result = pretrain(shards, stage_two, *STAGE_TWO)
    assert result.returncode == 1 and "--resume" in result.stderr.splitlines()[-1]
    result = run("pretrain", "--resume", stage_two, "--steps", "8", "--denoising-sigma", "0.1")
    assert result.returncode == 1 and "other data or options" in result.stderr.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in stage_two.iterdir()} == before


@pytest.mark.parametrize("option, value", [
    ("--validation", "6"), ("--window", "8"), ("--seed", "4"), ("--spectra", "ir"),
    ("--channels", "32")])
def test_resumed_run_keeps_its_data_and_networks(shards, stage_two, option, value):
    before = {path.name: path.read_bytes() for path in stage_two.iterdir()}
    result = run("pretrain", "--resume", stage_two, "--steps", "4", option, value)
    assert result.returncode in (1, 2), result.stderr
    assert result.stderr.splitlines()[-1].startswith("molspectra: ")
    assert {path.name: path.read_bytes() for path in stage_two.iterdir()} == before
