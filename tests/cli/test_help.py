"""Help pages, version and usage errors.

SPDX-License-Identifier: MIT
"""

from pathlib import Path

import pytest
from conftest import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["data", "pretrain", "finetune", "evaluate", "match",
                                     "reconstruct", "inspect", "export", "import"])
def test_help_page_is_the_committed_one(command):
    result = run(command, "--help")
    assert result.returncode == 0
    committed = (ROOT / "docs" / "cli" / f"{command}.txt").read_text()
    assert result.stdout == committed, "run scripts/update-help.sh and commit the change"
    assert "Examples:" in result.stdout


def test_overview_names_every_command():
    result = run("--help")
    assert result.stdout == (ROOT / "docs" / "cli" / "molspectra.txt").read_text()


def test_version_is_that_of_the_version_file():
    version = (ROOT / "VERSION").read_text().strip()
    assert run("--version").stdout == f"molspectra {version}\n"


@pytest.mark.parametrize("arguments, words", [
    (["finetun"], ["unknown command 'finetun'", "'finetune'"]),
    (["finetune", "--learnin-rate", "1"], ["unknown option", "'learning-rate'"]),
    (["finetune", "--output", "x"], ["--data is missing"]),
    (["finetune", "--data", "x", "--output", "y", "--steps", "many"], ["--steps", "many"]),
    (["finetune", "--data", "x", "--output", "y", "--schedule", "linear"], ["plateau, cosine"]),
    (["finetune", "--data", "x", "--output", "y", "--preset", "md71"], ["md17 or quick"]),
    (["finetune", "--data", "x", "--output", "y", "--plateau-factor", "2"], ["at most 1"]),
    (["finetune", "--data", "x", "--output", "y", "--warmup", "-3"], ["--warmup", "-3"]),
    (["finetune", "--data", "x", "--output", "y", "--device", "gpu"], ["--device", "'gpu'"]),
    (["evaluate", "--model", "x", "--data", "y", "--device", "cuda:x"], ["cuda:x", "cuda:N"]),
    (["finetune", "--data", "x", "--output", "y", "--threads", "-1"], ["--threads", "-1"]),
    (["evaluate", "--data", "x"], ["--model is missing"]),
    (["export", "--model", "x"], ["--output is missing"]),
])
def test_usage_errors_are_one_line_and_code_two(arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in words), result.stderr


def test_unknown_configuration_key_is_refused_with_the_nearest(tmp_path):
    config = tmp_path / "config.ini"
    config.write_text("learning_rate = 1e-3\n")
    result = run("finetune", "--config", config)
    assert result.returncode == 2
    assert "learning_rate" in result.stderr and "'learning-rate'" in result.stderr
    assert str(config) in result.stderr
