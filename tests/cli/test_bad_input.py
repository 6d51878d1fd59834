"""Bad data and bad files: one sentence, exit code 1, nothing lost.

SPDX-License-Identifier: MIT
"""

import numpy as np
import pytest
from conftest import SHORT, TINY, run, water


def finetune(data, folder, *more):
    return run("finetune", "--data", data, "--output", folder, *TINY, *SHORT, *more)


def check(result, *words):
    assert result.returncode == 1, result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("molspectra: ")
    assert all(str(word) in line for word in words), line


def changed(tmp_path, **arrays):
    """The water file with some arrays replaced; None leaves one out."""
    path = tmp_path / "changed.npz"
    merged = {**water(), **arrays}
    np.savez(path, **{key: value for key, value in merged.items() if value is not None})
    return path


def test_missing_file(tmp_path):
    check(finetune(tmp_path / "absent.npz", tmp_path / "run"), "absent.npz", "No such file")
    assert not (tmp_path / "run").exists(), "a start that failed leaves no folder"


def test_truncated_file(tmp_path, data):
    path = tmp_path / "half.npz"
    path.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    check(finetune(path, tmp_path / "run"), "half.npz")


def test_file_that_is_no_npz(tmp_path):
    path = tmp_path / "text.npz"
    path.write_text("once upon a time")
    check(finetune(path, tmp_path / "run"), "text.npz", "NPZ")


def test_unknown_extension(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("1,2,3")
    check(finetune(path, tmp_path / "run"), "data.csv")


def test_missing_key_lists_those_present(tmp_path):
    check(finetune(changed(tmp_path, F=None), tmp_path / "run"), "changed.npz", "F", "R")


def test_wrong_shape_names_both(tmp_path):
    check(finetune(changed(tmp_path, F=np.zeros((40, 4, 3))), tmp_path / "run"), "[40, 4, 3]",
          "[40, 3, 3]")


def test_wrong_dtype(tmp_path):
    check(finetune(changed(tmp_path, R=np.zeros((40, 3, 3), complex)), tmp_path / "run"), "c16")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_labels_that_are_no_numbers(tmp_path, value):
    forces = water()["F"]
    forces[7, 1, 2] = value
    check(finetune(changed(tmp_path, F=forces), tmp_path / "run"), "7")


def test_unknown_element(tmp_path):
    check(finetune(changed(tmp_path, z=np.array([8, 1, 130])), tmp_path / "run"), "130")


def test_element_that_the_network_has_no_row_for(tmp_path):
    check(finetune(changed(tmp_path, z=np.array([8, 1, 110])), tmp_path / "run"), "110")


def test_mixed_molecules_where_one_is_expected(tmp_path):
    z = np.tile(np.array([8, 1, 1]), (40, 1))
    z[5] = [16, 1, 1]
    path = changed(tmp_path, z=z)
    check(finetune(path, tmp_path / "run", "--energy-reference", "molecule"), "different molecules")
    assert finetune(path, tmp_path / "run").returncode == 0


def test_element_in_validation_frames_only(tmp_path):
    z = np.tile(np.array([8, 1, 1]), (40, 1))
    z[30] = [16, 1, 1]
    path = changed(tmp_path, z=z)
    rest = [n for n in range(40) if n != 30]
    index = tmp_path / "index.npz"
    np.savez(index, idx_train=rest[:20], idx_val=[30, *rest[20:24]], idx_test=rest[24:])
    result = run("finetune", "--data", path, "--output", tmp_path / "run", *TINY, "--split", index)
    check(result, "S", "no training frame")


def test_element_in_test_frames_only_leaves_a_model_that_loads(tmp_path):
    z = np.tile(np.array([8, 1, 1]), (40, 1))
    z[30] = [16, 1, 1]
    path = changed(tmp_path, z=z)
    rest = [n for n in range(40) if n != 30]
    index = tmp_path / "index.npz"
    np.savez(index, idx_train=rest[:20], idx_val=rest[20:25], idx_test=[30, *rest[25:]])
    result = run("finetune", "--data", path, "--output", tmp_path / "run", *TINY, "--split", index,
                 "--steps", 2)
    assert result.returncode == 0, result.stderr
    model = tmp_path / "run" / "model.pt"
    assert "H, O" in run("inspect", model).stdout
    check(run("evaluate", "--model", model, "--data", path), "S", "H, O")


def test_a_run_is_not_overwritten(trained, data):
    before = (trained / "config.ini").read_bytes()
    check(finetune(data, trained), "--resume", trained)
    check(run("finetune", "--resume", trained, "--seed", 5), "other data or options")
    assert (trained / "config.ini").read_bytes() == before


@pytest.mark.parametrize("option, value", [
    ("--channels", 32), ("--noise-head", "on"), ("--model", "model.pt"), ("--preset", "quick"),
    ("--energy-reference", "elements"), ("--note", "another"), ("--benchmark", 2)])
def test_options_that_a_resumed_run_would_lose_are_refused(trained, option, value):
    before = (trained / "config.ini").read_bytes()
    result = run("finetune", "--resume", trained, f"{option}={value}")
    assert result.returncode == 2
    assert option in result.stderr and "--resume" in result.stderr
    assert (trained / "config.ini").read_bytes() == before


def test_model_of_an_earlier_run_is_not_overwritten(tmp_path, data):
    model = tmp_path / "run" / "model.pt"
    model.parent.mkdir()
    model.write_text("of an earlier run")
    check(finetune(data, model.parent), model, "another --output")
    assert model.read_text() == "of an earlier run"


def test_atoms_at_the_same_place(tmp_path):
    positions = water()["R"]
    positions[:, 2] = positions[:, 1]
    check(finetune(changed(tmp_path, R=positions), tmp_path / "run"), "atoms 1 and 2", "same place")


@pytest.mark.parametrize("options, words", [
    (["--energy-weight", 0, "--forces-weight", 0], ["--energy-weight", "--forces-weight"]),
    (["--steps", "1e3"], ["'1e3'", "--steps", "a whole number"]),
    (["--learning-rate", "fast"], ["'fast'", "--learning-rate", "a number"]),
    (["--neighbor-embedding", "perhaps"], ["'perhaps'", "on or off"])])
def test_values_that_mean_nothing(tmp_path, data, options, words):
    result = run("finetune", "--data", data, "--output", tmp_path / "run", *options)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert all(word in result.stderr for word in words), result.stderr


def test_options_that_a_finished_run_cannot_take_are_refused(trained):
    before = (trained / "config.ini").read_bytes()
    result = run("finetune", "--resume", trained, "--learning-rate", "1")
    assert result.returncode == 2 and "--learning-rate" in result.stderr
    assert "more --steps" in result.stderr
    assert (trained / "config.ini").read_bytes() == before


def test_run_of_another_command_is_told(trained):
    result = run("pretrain", "--resume", trained)
    assert result.returncode == 2 and "another command" in result.stderr


def test_split_larger_than_the_data(tmp_path, data):
    result = run("finetune", "--data", data, "--output", tmp_path / "run", *TINY, "--train", "950")
    check(result, "40", "950")


def test_unwritable_output(tmp_path, data):
    (tmp_path / "file").write_text("in the way")
    check(finetune(data, tmp_path / "file" / "run"), "file/run", "is no folder")
    # Told before the data are read, which may take long.
    check(finetune(tmp_path / "absent.npz", tmp_path / "file" / "run"), "is no folder")
    for option in ("--json", "--predictions"):
        check(run("evaluate", "--model", tmp_path / "absent.pt", "--data", data, option,
                  tmp_path / "none" / "out"), "none/out", "no folder around it", option)
    check(run("evaluate", "--model", tmp_path / "absent.pt", "--data", data, "--json", tmp_path),
          "is a folder")


def test_model_that_is_no_torchscript(tmp_path, data):
    path = tmp_path / "text.pt"
    path.write_text("once upon a time")
    check(run("evaluate", "--model", path, "--data", data), "text.pt", "not a TorchScript file",
          "model.pt of a run")


def rewritten(source, target, change):
    """A copy of a model file whose description went through `change`, a function of its text."""
    import zipfile

    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("molspectra.json"):
                content = change(content.decode()).encode()
            new.writestr(item, content)
    return target


def test_model_of_a_newer_format(tmp_path, data, trained):
    path = rewritten(trained / "model.pt", tmp_path / "newer.pt", lambda text: text.replace(
        '"formatVersion": 1', '"formatVersion": 99').replace(
        '"formatVersion":1', '"formatVersion":99'))
    check(run("evaluate", "--model", path, "--data", data), "newer.pt", "99", "1")


def test_model_whose_description_contradicts_its_weights(tmp_path, data, trained):
    path = rewritten(trained / "model.pt", tmp_path / "wide.pt", lambda text: text.replace(
        '"channels": 16', '"channels": 32').replace('"channels":16', '"channels":32'))
    check(run("evaluate", "--model", path, "--data", data), "wide.pt", "[100, 16]", "[100, 32]")


def test_data_with_an_element_that_the_model_was_not_trained_on(tmp_path, trained):
    path = changed(tmp_path, z=np.array([16, 1, 1]))
    check(run("evaluate", "--model", trained / "model.pt", "--data", path), "S", "H, O")
    result = run("finetune", "--data", path, "--model", trained / "model.pt", "--output",
                 tmp_path / "started", *SHORT)
    assert result.returncode == 0, result.stderr
    (warning,) = [line for line in result.stderr.splitlines() if "last training" in line]
    assert "hold S," in warning and "was on H, O;" in warning
