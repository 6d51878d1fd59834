"""The whole way through the program: fine-tune, evaluate, inspect, export, resume.

SPDX-License-Identifier: MIT
"""

import json
import os
import shutil
import signal

import numpy as np
import pytest
from conftest import (ENDLESS, RESTLESS, SHORT, TINY, facts, interrupted, metrics, run, timeless,
                      water, weights)


def test_run_leaves_its_files(trained):
    assert {p.name for p in trained.iterdir()} == {
        "model.pt", "metrics.jsonl", "split.npz", "config.ini", "checkpoint.pt"}
    header, *lines = metrics(trained)
    assert header["header"]["energy_unit"] == "kcal/mol"
    assert lines[-1]["step"] == 12 and lines[-1]["validation_forces_mae"] > 0
    split = np.load(trained / "split.npz")
    parts = np.concatenate([split[key] for key in ("idx_train", "idx_val", "idx_test")])
    assert sorted(parts) == list(range(40))


def test_inspect_tells_where_a_model_came_from(trained):
    text = run("inspect", trained / "model.pt").stdout
    assert "F 16, L 2" in text and "H, O" in text
    shown = facts(trained / "model.pt")
    assert shown["provenance"]["data"][0]["file"] == "water.npz"
    assert shown["provenance"]["split"]["train"] == 20
    assert shown["energyUnit"] == "kcal/mol"


@pytest.mark.parametrize("part, key, frames", [
    ("train", "idx_train", 20), ("validation", "idx_val", 5), ("test", "idx_test", 15)])
def test_evaluate_agrees_with_its_own_predictions(tmp_path, trained, data, part, key, frames):
    result = run("evaluate", "--model", trained / "model.pt", "--data", data, "--json",
                 tmp_path / "errors.json", "--predictions", tmp_path / "predictions.npz",
                 "--split", trained / "split.npz", "--part", part)
    assert result.returncode == 0, result.stderr
    errors = json.loads((tmp_path / "errors.json").read_text())
    table = np.load(tmp_path / "predictions.npz")
    assert errors["frames"] == frames == len(table["energy"])
    for what in ("energy", "forces"):
        difference = table[what] - table[f"{what}_label"]
        assert errors[what]["mae"] == pytest.approx(np.abs(difference).mean(), rel=1e-6)
        assert errors[what]["rmse"] == pytest.approx(np.sqrt((difference**2).mean()), rel=1e-6)
    hydrogen = np.abs(difference[table["numbers"] == 1]).mean()
    assert errors["elements"]["H"]["mae"] == pytest.approx(hydrogen, rel=1e-6)
    chosen = np.load(trained / "split.npz")[key]
    assert table["energy_label"] == pytest.approx(water()["E"][chosen, 0], rel=1e-12)
    assert table["forces_label"] == pytest.approx(water()["F"][chosen].reshape(-1, 3))


def test_extended_xyz_in_electronvolts_gives_the_same_errors(tmp_path, trained, data):
    electronvolt = 23.060547830619  # kcal/mol, CODATA 2018
    lines = []
    table = water()
    for R, E, F in zip(table["R"], table["E"][:, 0] / electronvolt, table["F"] / electronvolt):
        lines += ["3", f'Properties=species:S:1:pos:R:3:forces:R:3 energy={E:.12f}']
        lines += [f"{s} {' '.join(f'{x:.10f}' for x in (*r, *f))}"
                  for s, r, f in zip("OHH", R, F)]
    path = tmp_path / "water.xyz"
    path.write_text("\n".join(lines) + "\n")
    mae = []
    for file in (data, path):
        run("evaluate", "--model", trained / "model.pt", "--data", file, "--json",
            tmp_path / "errors.json")
        errors = json.loads((tmp_path / "errors.json").read_text())
        mae.append(errors["forces"]["mae"])
    assert errors["forces"]["unit"] == "eV/A"
    assert mae[0] == pytest.approx(mae[1] * electronvolt, rel=1e-6)


HARTREE, BOHR = 627.5094740631, 0.529177210903  # kcal/mol, angstrom


def test_forces_may_have_a_unit_of_their_own(tmp_path, trained, data):
    table = water()
    path = tmp_path / "orca.npz"
    np.savez(path, **table | dict(E=table["E"] / HARTREE, F=table["F"] / HARTREE * BOHR))
    told = run("evaluate", "--model", trained / "model.pt", "--data", path, "--energy-unit",
               "hartree", "--force-unit", "hartree/bohr", "--json", tmp_path / "a.json")
    assert "hartree, angstrom and hartree/bohr" in told.stderr and "warning" not in told.stderr
    run("evaluate", "--model", trained / "model.pt", "--data", data, "--json", tmp_path / "b.json")
    mae = [json.loads((tmp_path / name).read_text())["forces"]["mae"]
           for name in ("a.json", "b.json")]
    assert mae[0] * HARTREE == pytest.approx(mae[1], rel=1e-6)


def test_evaluate_tells_of_frames_that_were_trained_on(tmp_path, trained, data):
    words = "the model was trained on frames of this file"
    assert words in run("evaluate", "--model", trained / "model.pt", "--data", data).stderr
    assert words not in run("evaluate", "--model", trained / "model.pt", "--data", data,
                            "--split", trained / "split.npz").stderr
    np.savez(tmp_path / "other.npz", **water(seed=9))
    assert words not in run("evaluate", "--model", trained / "model.pt", "--data",
                            tmp_path / "other.npz").stderr


@pytest.mark.parametrize("options, words", [
    ([], "the model's energy offset is of one molecule"),
    (["--energy-reference", "elements", "--energy-weight", 0], "trained with --energy-weight 0")])
def test_energies_that_cannot_be_compared_are_told(tmp_path, data, options, words):
    result = run("finetune", "--data", data, "--output", tmp_path / "run", *TINY, *SHORT, *options)
    assert result.returncode == 0, result.stderr
    shifted = water()
    np.savez(tmp_path / "near.npz", **shifted)
    np.savez(tmp_path / "far.npz", **{**shifted, "E": shifted["E"] + 1000.0})
    warned = [words in run("evaluate", "--model", tmp_path / "run" / "model.pt", "--data",
                           tmp_path / name).stderr for name in ("near.npz", "far.npz")]
    assert warned == [False, True]


def test_labels_that_look_wrong_are_warned_of(tmp_path, trained):
    table = water()
    np.savez(tmp_path / "gradients.npz", **table | dict(F=-table["F"]))
    np.savez(tmp_path / "shifted.npz", **table | dict(E=table["E"] + 500))
    told = [run("evaluate", "--model", trained / "model.pt", "--data", tmp_path / name).stderr
            for name in ("gradients.npz", "shifted.npz")]
    assert "turn their signs around" in told[0] and "energy offset" not in told[0]
    assert "energy offset is of one molecule" in told[1] and "signs" not in told[1]


def test_gradients_are_clipped_alike_in_every_unit(tmp_path, data):
    table = water()
    other = tmp_path / "hartree.npz"
    np.savez(other, **table | dict(E=table["E"] / HARTREE, F=table["F"] / HARTREE))
    errors = []
    for file, unit, factor, clip in ((data, "kcal/mol", 1, "1"), (other, "hartree", HARTREE, "1"),
                                     (data, "kcal/mol", 1, "0")):
        folder = tmp_path / f"run{len(errors)}"
        result = run("finetune", "--data", file, "--energy-unit", unit, "--output", folder, *TINY,
                     *SHORT, "--gradient-clip", clip, "--learning-rate", "0.01")
        assert result.returncode == 0, result.stderr
        errors.append(metrics(folder)[-1]["validation_forces_mae"] * factor)
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)
    assert abs(errors[2] / errors[0] - 1) > 0.01


def test_units_that_a_file_tells_are_taken(tmp_path, trained, data):
    arrays = water()
    told = tmp_path / "told.npz"
    np.savez(told, **{**arrays, "E": 4.184 * arrays["E"], "F": 4.184 * arrays["F"]},
             e_unit="kJ/mol", r_unit="Ang")
    results = {}
    for path, *more in ((data,), (told,), (told, "--energy-unit", "kcal/mol")):
        result = run("evaluate", "--model", trained / "model.pt", "--data", path, *more,
                     "--threads", 1, "--json", tmp_path / "e.json")
        assert result.returncode == 0, result.stderr
        results[path, *more] = json.loads((tmp_path / "e.json").read_text()), result.stderr
    (plain, _), (same, quiet), (other, warned) = results.values()
    assert same["sources"][0]["energy_unit"] == "kJ/mol" and "(assumed)" not in quiet
    assert same["forces"]["unit"] == "kJ/mol/A"
    assert same["forces"]["mae"] == pytest.approx(4.184 * plain["forces"]["mae"], rel=1e-4)
    assert other["forces"]["mae"] > 2 * plain["forces"]["mae"]
    assert "it tells the unit kJ/mol, but kcal/mol is taken, as asked for" in warned


def test_unit_that_nobody_knows_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **water(), e_unit="furlong")
    result = run("finetune", "--data", tmp_path / "a.npz", "--output", tmp_path / "run")
    assert result.returncode == 1
    assert 'it tells the unit "furlong", expected a name as kcal/mol' in result.stderr


def test_a_split_goes_with_the_order_of_its_files(tmp_path):
    files = [tmp_path / f"{name}.npz" for name in "ab"]
    for seed, path in enumerate(files):
        np.savez(path, **water(20, seed))
    result = run("finetune", "--data", *files, "--output", tmp_path / "run", *TINY, *SHORT)
    assert result.returncode == 0, result.stderr
    split = ["--model", tmp_path / "run" / "model.pt", "--split", tmp_path / "run" / "split.npz",
             "--threads", 1]
    assert run("evaluate", "--data", *files, *split).returncode == 0
    result = run("evaluate", "--data", *reversed(files), *split)
    assert result.returncode == 1
    assert "it numbers the frames of a.npz, b.npz in this order" in result.stderr


def test_errors_are_the_same_far_from_the_origin(tmp_path, trained, data):
    arrays = water()
    np.savez(tmp_path / "far.npz", **{**arrays, "R": arrays["R"] + 1e5})
    errors = []
    for path in (data, tmp_path / "far.npz"):
        run("evaluate", "--model", trained / "model.pt", "--data", path, "--threads", 1, "--json",
            tmp_path / "e.json")
        errors.append(json.loads((tmp_path / "e.json").read_text())["forces"]["mae"])
    assert errors[1] == pytest.approx(errors[0], rel=1e-4)


def test_names_need_not_be_unicode(tmp_path, data):
    path = os.fsencode(tmp_path) + b"/h\xe9.npz"
    shutil.copy(data, path)
    name = os.fsdecode(path)
    result = run("finetune", "--data", name, "--output", tmp_path / "run", *TINY, *SHORT,
                 errors="replace")
    assert result.returncode == 0, result.stderr
    result = run("evaluate", "--data", name, "--model", tmp_path / "run" / "model.pt", "--json",
                 tmp_path / "e.json", "--threads", 1, errors="replace")
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "e.json").read_text())["frames"] == 40


@pytest.fixture(scope="module")
def further(tmp_path_factory, trained, data):
    """The log of a run that goes on from the trained model with the same data."""
    return continued(tmp_path_factory.mktemp("further") / "run", trained, data)


def continued(folder, trained, data, *more):
    result = run("finetune", "--data", data, "--model", trained / "model.pt", "--output", folder,
                 *SHORT, *more)
    assert result.returncode == 0, result.stderr
    return metrics(folder)


@pytest.mark.parametrize("reference", ["molecule", "elements"])
@pytest.mark.parametrize("shift, factor, unit", [(5000, 1, "kcal/mol"), (0, HARTREE, "hartree")])
def test_started_network_is_fitted_to_other_energies(tmp_path, trained, further, shift, factor,
                                                     unit, reference):
    table, path = water(), tmp_path / "other.npz"
    np.savez(path, **table | dict(E=(table["E"] + shift) / factor, F=table["F"] / factor))
    header, *lines = continued(tmp_path / "run", trained, path, "--energy-unit", unit,
                               "--energy-reference", reference)
    assert header["header"]["energy_unit"] == unit
    assert [line["step"] for line in lines] == [line["step"] for line in further[1:]]
    for line, expected in zip(lines, further[1:]):
        for key in ("validation_energy_mae", "validation_forces_mae"):
            assert line[key] * factor == pytest.approx(expected[key], rel=1e-3), key
    assert facts(tmp_path / "run" / "model.pt")["energyUnit"] == "kcal/mol"


def test_started_network_keeps_what_it_knows(tmp_path, trained, data):
    folder = tmp_path / "run"
    result = run("finetune", "--data", data, "--model", trained / "model.pt", "--output", folder,
                 *SHORT)
    assert result.returncode == 0, result.stderr
    before = metrics(trained)[-1]["validation_forces_mae"]
    assert metrics(folder)[1]["validation_forces_mae"] == pytest.approx(before, rel=0.2)
    origin = facts(folder / "model.pt")["provenance"]["started_from"]
    assert origin["file"] == "model.pt"


def test_configuration_file_repeats_a_run(tmp_path, trained):
    result = run("finetune", "--config", trained / "config.ini", "--output", tmp_path / "again")
    assert result.returncode == 0, result.stderr
    assert timeless(metrics(tmp_path / "again")[1:]) == timeless(metrics(trained)[1:])


@pytest.mark.parametrize("note", ["PBE #2, 50% and %20", " two\nlines\r\n ", "\tindented"])
def test_configuration_file_keeps_any_text(tmp_path, data, note):
    named, first, again = tmp_path / "water #1.npz", tmp_path / "first", tmp_path / "again"
    named.write_bytes(data.read_bytes())
    result = run("finetune", "--data", named, "--output", first, *TINY, *SHORT, "--note", note)
    assert result.returncode == 0, result.stderr
    result = run("finetune", "--config", first / "config.ini", "--output", again)
    assert result.returncode == 0, result.stderr
    for folder in (first, again):
        assert facts(folder / "model.pt")["provenance"]["note"] == note
    assert (first / "config.ini").read_text() == (again / "config.ini").read_text()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
def test_interrupted_run_goes_on_where_it_stopped(tmp_path, data, by):
    options = ["finetune", "--data", data, *TINY, *RESTLESS, "--train", "20", "--validation", "5",
               "--warmup", "2", "--threads", "1"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    last = interrupted(parts, *options, "--steps", ENDLESS, by=by) + 10
    assert run("finetune", "--resume", parts, "--steps", last).returncode == 0
    assert run(*options, "--output", whole, "--steps", last).returncode == 0
    assert timeless(metrics(parts)[1:]) == timeless(metrics(whole)[1:])
    tensors = [weights(folder / "model.pt") for folder in (whole, parts)]
    assert tensors[0].keys() == tensors[1].keys()
    for name, values in tensors[0].items():
        assert np.array_equal(values, tensors[1][name]), name


def test_export_in_double_says_so(tmp_path, trained, data):
    path = tmp_path / "double.pt"
    result = run("export", "--model", trained / "model.pt", "--output", path, "--dtype", "float64")
    assert result.returncode == 0, result.stderr
    assert facts(path)["dtype"] == "float64"
    assert run("evaluate", "--model", path, "--data", data).returncode == 0


def test_elements_belong_to_openmm_torch(tmp_path, trained):
    result = run("export", "--model", trained / "model.pt", "--output", tmp_path / "out.pt",
                 "--elements", "O,H,H")
    assert result.returncode == 2 and "--elements" in result.stderr
    assert not (tmp_path / "out.pt").exists()


def test_export_for_openmm_torch_gives_total_energies(tmp_path, trained, data):
    torch = pytest.importorskip("torch", reason="runs the exported file as TorchForce would")
    path = tmp_path / "torch.pt"
    result = run("export", "--model", trained / "model.pt", "--output", path, "--for",
                 "openmm-torch", "--elements", "O,H,H")
    assert result.returncode == 0, result.stderr
    run("export", "--model", trained / "model.pt", "--output", tmp_path / "same.pt", "--for",
        "openmm-torch", "--elements-from", data)
    assert (tmp_path / "same.pt").read_bytes() == path.read_bytes()
    run("evaluate", "--model", trained / "model.pt", "--data", data, "--predictions",
        tmp_path / "predictions.npz")
    table = np.load(tmp_path / "predictions.npz")
    module = torch.jit.load(path)
    for frame in range(25):
        positions = torch.tensor(water()["R"][frame] / 10, requires_grad=True)
        energy = module(positions)
        energy.backward()
        assert energy.item() == pytest.approx(4.184 * table["energy"][frame], abs=1e-2)
        assert -positions.grad.numpy() == pytest.approx(
            41.84 * table["forces"].reshape(-1, 3, 3)[frame], rel=1e-3, abs=0.1)
    near = torch.tensor(water()["R"][0] / 10)
    assert module(near + 1000).item() == pytest.approx(module(near).item(), abs=1e-4)
    near[1, 0] = float("nan")
    assert np.isnan(module(near).item())
