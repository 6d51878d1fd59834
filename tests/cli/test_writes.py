"""Writes that fail or were cut off: one sentence, exit code 1, and a run that can go on.

SPDX-License-Identifier: MIT
"""

import os
import resource
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import (CPU_ONLY, GRIDS, PROGRAM, SHORT, SPECFORMER, TINY, metrics, run, spectra,
                      timeless)

MOLECULES = 40
LIMIT = 400  # bytes of a file, fewer than any that is written here


def refused(result, *words):
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("molspectra: ") and all(word in line for word in words), line


def onFullDisk(path):
    """Lets the program write all it likes beside this file and keep nothing."""
    if not Path("/dev/full").is_char_device():
        pytest.skip("there is no device /dev/full here")
    path.parent.mkdir(exist_ok=True)
    os.symlink("/dev/full", f"{path}.part")
    return path


def cramped(*arguments):
    """Runs the program where no file can become large; writes beyond that fail, as Python ignores
    the signal that would end it and with this option its children do."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))

    return run(*arguments, preexec_fn=limit, restore_signals=False)


def left(folder):
    return [path.name for path in folder.rglob("*.part")]


@pytest.fixture
def copied(tmp_path, trained):
    """A finished run that may be changed."""
    return shutil.copytree(trained, tmp_path / "copied")


@pytest.fixture(scope="module")
def stage_two(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two") / "run"
    result = run("pretrain", "--data", shards, "--preset", "spectra", "--output", folder, *TINY,
                 *SPECFORMER, *GRIDS, "--validation", 8, "--batch", 8, "--warmup", 2, "--steps", 2,
                 "--threads", 1)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.parametrize("name", ["config.ini", "split.npz", "checkpoint.pt", "model.pt"])
def test_files_of_a_run(tmp_path, data, name):
    path = onFullDisk(tmp_path / "run" / name)
    refused(run("finetune", "--data", data, "--output", path.parent, *TINY, *SHORT),
            f"writing {path}: No space left")
    assert not path.exists() and not os.path.lexists(f"{path}.part")


def test_log_of_a_run(tmp_path, data):
    folder = tmp_path / "run"
    folder.mkdir()
    os.symlink("/dev/full", folder / "metrics.jsonl")
    refused(run("finetune", "--data", data, "--output", folder, *TINY, *SHORT),
            f"writing {folder}/metrics.jsonl: ", "disk full")
    assert not (folder / "model.pt").exists()


@pytest.mark.parametrize("name", ["config.ini", "metrics.jsonl", "checkpoint.pt", "model.pt"])
def test_run_that_could_not_go_on_loses_nothing(copied, name):
    before = (copied / name).read_bytes()
    refused(run("finetune", "--resume", onFullDisk(copied / name).parent, "--steps", 14), name,
            "No space left")
    assert (copied / name).read_bytes() == before and left(copied) == []
    assert run("finetune", "--resume", copied, "--steps", 14).returncode == 0
    assert metrics(copied)[-1]["step"] == 14


def test_line_that_was_cut_off_is_dropped(copied, trained):
    log = copied / "metrics.jsonl"
    *kept, last = log.read_text().splitlines(keepends=True)
    log.write_text("".join(kept) + last[:len(last) // 2])
    result = run("finetune", "--resume", copied, "--steps", 18)
    assert result.returncode == 0, result.stderr
    lines, whole = metrics(copied), metrics(trained)
    assert timeless(lines[:len(kept)]) == timeless(whole[:-1])
    assert [line["step"] for line in lines[len(kept):]] == [15, 18]


@pytest.mark.parametrize("command, option", [
    ("evaluate", "--json"), ("evaluate", "--predictions"), ("export", "--output")])
def test_written_files(tmp_path, trained, data, command, option):
    path = tmp_path / "file"
    path.write_text("of yesterday")
    arguments = [command, "--model", trained / "model.pt", option, path]
    if command == "evaluate":
        arguments += ["--data", data]
    refused(cramped(*arguments), f"writing {path}: ", "File too large")
    onFullDisk(path)
    refused(run(*arguments), f"writing {path}: ", "No space left")
    assert path.read_text() == "of yesterday" and left(tmp_path) == []


def test_standard_output(tmp_path, data):
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, "data", data, "--json"], stdout=full, text=True,
                                stderr=subprocess.PIPE, env=CPU_ONLY)
    refused(result, "writing")


def test_shards(tmp_path):
    np.savez(tmp_path / "all.npz", **spectra(MOLECULES))
    arguments = ["data", tmp_path / "all.npz", "--output", tmp_path / "out", "--shard-size", 16]
    refused(cramped(*arguments), "shard-00000.npz: File too large")
    assert not (tmp_path / "out").exists()
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "out").iterdir())) == 3 and left(tmp_path) == []


def test_specformer_of_an_earlier_model_is_refused_and_made_anew(tmp_path, shards, stage_two):
    folder = shutil.copytree(stage_two, tmp_path / "run")
    search = ["match", "--model", folder, "--held-back", shards, "--threads", 1]
    assert run(*search).returncode == 0
    onFullDisk(folder / "spectra.pt")
    refused(run("pretrain", "--resume", folder, "--steps", 4), "spectra.pt: No space left")
    assert metrics(folder)[-1]["step"] == 4, "the model was written"
    refused(run(*search), "spectra.pt: it is aligned with a model file of SHA-256",
            "take both files from one run")
    result = run("pretrain", "--resume", folder)
    assert result.returncode == 0, result.stderr
    assert run(*search).returncode == 0
