"""Every option has an effect: one run with none of finetune's defaults, losses by their formulas.

SPDX-License-Identifier: MIT
"""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import (GRIDS, SHORT, SPECFORMER, TINY, facts, metrics, run, settings, timeless,
                      water, weights)

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "cli"
HARTREE, ELECTRONVOLT, BOHR = 627.5094740631, 23.060547830619, 0.529177210903  # kcal/mol, A

NETWORK = {"channels": 12, "layers": 1, "heads": 3, "radial-functions": 5, "radial-type": "gauss",
           "trainable-radial": "on", "cutoff-lower": 0.25, "cutoff": 4.5,
           "neighbor-embedding": "off", "distance-influence": "keys", "vector-cutoff": "off",
           "layer-norms": "on", "vector-norm": "whitened", "noise-head": "on"}
UNITS = {"energy-unit": "hartree", "length-unit": "nm", "force-unit": "eV/bohr"}
CHANGED = NETWORK | UNITS | {
    "energy-reference": "elements", "train": 18, "validation": 6, "test": 7, "split-seed": 5,
    "preset": "quick", "note": "springs", "steps": 9, "batch": 5, "validation-interval": 3,
    "checkpoint-interval": 4, "seed": 7, "device": "cpu", "tf32": "on", "deterministic": "on",
    "threads": 1, "learning-rate": 0.002, "minimum-learning-rate": 1e-05, "schedule": "constant",
    "warmup": 4, "plateau-factor": 0.5, "plateau-patience": 2, "weight-decay": 0.01,
    "average-decay": 0.5, "gradient-clip": 3, "encoder-rate": 0.5, "loss": "l2",
    "energy-weight": 0.4, "forces-weight": 0.6, "energy-gradient-scale": 0.5,
    "denoising-weight": 0.1, "denoising-sigma": 0.01}
BRIEF = ["--train", "20", "--validation", "5", "--steps", "2", "--warmup", "0", "--threads", "1"]
# Files, and what starts in another way.
OTHERS = {"data", "split", "model", "output", "config", "resume", "benchmark", "help"}


def page(command):
    """Options of a help page and their defaults."""
    text = (PAGES / f"{command}.txt").read_text()
    return {name: default for name, default in
            re.findall(r"^  --([\w-]+)(?: \[=arg\(=on\)\])?(?: arg)?(?: \(=(.*?)\))?(?: |$)", text,
                       re.M)}


def texts(options):
    return [f"--{name}={value}" for name, value in options.items()]


def finetune(folder, data, *options):
    result = run("finetune", "--data", data, "--output", folder, *options)
    assert result.returncode == 0, result.stderr
    return metrics(folder)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A run whose options all have other values than by default."""
    folder = tmp_path_factory.mktemp("everything")
    table = water()
    np.savez(folder / "units.npz", z=table["z"], R=table["R"] / 10, E=table["E"] / HARTREE,
             F=table["F"] / ELECTRONVOLT * BOHR)
    finetune(folder / "run", folder / "units.npz", *texts(CHANGED))
    return folder / "run"


def test_no_option_is_left_at_its_default():
    defaults = page("finetune")
    assert CHANGED.keys() | OTHERS == defaults.keys() and not CHANGED.keys() & OTHERS
    for name, value in CHANGED.items():
        assert value != type(value)(defaults[name]), name


def test_configuration_has_the_values(everything):
    written = settings(everything)
    for name, value in CHANGED.items():
        found = written[name]
        assert (found if isinstance(value, str) else float(found)) == value, name
    assert written["data"].endswith("units.npz")


def test_model_and_log_have_the_network(everything):
    shown, header = facts(everything / "model.pt"), metrics(everything)[0]["header"]
    assert header["config"] == shown["config"]
    expected = {re.sub("-(.)", lambda found: found[1].upper(), name):
                {"on": True, "off": False}.get(value, value) for name, value in NETWORK.items()}
    assert {name: shown["config"][name] for name in expected} == expected
    assert shown["energyUnit"] == header["energy_unit"] == "hartree"
    assert shown["energyOffset"]["perElement"] and shown["provenance"]["note"] == "springs"
    assert header["threads"] == 1 and header["device"] == "CPU"


def test_split_and_steps_follow_the_options(everything):
    split = np.load(everything / "split.npz")
    assert [len(split[key]) for key in ("idx_train", "idx_val", "idx_test")] == [18, 6, 7]
    lines = metrics(everything)[1:]
    assert [line["step"] for line in lines] == [0, 3, 6, 9]
    assert [line["epoch"] for line in lines] == [0, 0, 1, 2]
    assert [line["learning_rate"] for line in lines] == pytest.approx(
        [0.0005, 0.002, 0.002, 0.002])
    last = lines[-1]
    terms = 0.4 * last["train_energy_loss"] + 0.6 * last["train_forces_loss"]
    assert last["train_loss"] > terms, "the denoising term comes on top"


def test_units_of_the_data_change_no_error(tmp_path, everything):
    table, plain = water(), tmp_path / "plain.npz"
    np.savez(plain, **table | dict(E=table["E"] / HARTREE, F=table["F"] / HARTREE))
    others = {name: value for name, value in CHANGED.items() if name not in UNITS}
    log = finetune(tmp_path / "run", plain, *texts(others), "--energy-unit", "hartree")
    for line, other in zip(log[1:], metrics(everything)[1:], strict=True):
        assert line["validation_forces_mae"] == pytest.approx(other["validation_forces_mae"],
                                                              rel=1e-3)
    errors = []
    for data, units in ((plain, ["--energy-unit", "hartree"]),
                        (everything.parent / "units.npz", texts(UNITS))):
        assert run("evaluate", "--model", everything / "model.pt", "--data", data, *units,
                   "--json", tmp_path / "errors.json").returncode == 0
        errors.append(json.loads((tmp_path / "errors.json").read_text())["forces"])
    assert errors[0] == {key: pytest.approx(value, rel=1e-4) if key != "unit" else value
                         for key, value in errors[1].items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory, data):
    """The log of a run by which options are measured."""
    return finetune(tmp_path_factory.mktemp("base") / "run", data, *TINY, *BRIEF)


def test_defaults_are_those_of_the_help_page(tmp_path, data, base):
    given = {text[2:] for text in [*TINY, *BRIEF] if text.startswith("--")}
    defaults = {name: value for name, value in page("finetune").items()
                if value and name not in given | {"test", "benchmark"}}
    assert timeless(finetune(tmp_path / "run", data, *TINY, *BRIEF, *texts(defaults))) == \
        timeless(base)


@pytest.mark.parametrize("option", [
    "radial-type=gauss", "trainable-radial", "cutoff-lower=0.3", "cutoff=4",
    "neighbor-embedding=off", "distance-influence=keys", "distance-influence=values",
    "distance-influence=none", "vector-cutoff=off", "layer-norms", "vector-norm=whitened",
    "vector-norm=whitened-anisotropic", "split-seed=2", "weight-decay=1", "loss=smooth-l1",
    "encoder-rate=0.5", "average-decay=0", "energy-gradient-scale=1"])
def test_option_changes_a_run(tmp_path, data, base, option):
    log = finetune(tmp_path / "run", data, *TINY, *BRIEF, f"--{option}")
    assert timeless(log[1:]) != timeless(base[1:])


def lengths(forces):
    return np.linalg.norm(forces, axis=1)


def smooth(x):
    return np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5)


@pytest.mark.parametrize("loss, ofEnergies, ofForces", [
    ("squared", np.square, np.square), ("l2", np.abs, lengths), ("smooth-l1", smooth, smooth)])
def test_loss_is_its_formula_in_kcal(tmp_path, loss, ofEnergies, ofForces):
    """One step over all training frames, by a network that stays as it is."""
    table, path, folder = water(), tmp_path / "hartree.npz", tmp_path / "run"
    np.savez(path, **table | dict(E=table["E"] / HARTREE, F=table["F"] / HARTREE))
    last = finetune(folder, path, *TINY, *BRIEF, "--energy-unit", "hartree", "--loss", loss,
                    "--energy-weight", 0.7, "--forces-weight", 0.2, "--learning-rate", 0,
                    "--batch", 20)[-1]
    found = tmp_path / "found.npz"
    result = run("evaluate", "--model", folder / "model.pt", "--data", path, "--energy-unit",
                 "hartree", "--split", folder / "split.npz", "--part", "train", "--predictions",
                 found)
    assert result.returncode == 0, result.stderr
    table = np.load(found)
    energy, forces = (of(HARTREE * (table[what] - table[f"{what}_label"])).mean()
                      for what, of in (("energy", ofEnergies), ("forces", ofForces)))
    assert last["train_energy_loss"] == pytest.approx(energy, rel=1e-4)
    assert last["train_forces_loss"] == pytest.approx(forces, rel=1e-4)
    assert last["train_loss"] == pytest.approx(0.7 * energy + 0.2 * forces, rel=1e-4)


def test_scale_of_the_energy_gradient_changes_the_gradient_alone(tmp_path, data):
    half, full = (finetune(tmp_path / scale, data, *TINY, *BRIEF, "--forces-weight", 0,
                           "--learning-rate", 0, "--energy-gradient-scale", scale)[-1]
                  for scale in ("0.5", "1"))
    assert half["gradient_norm"] == pytest.approx(full["gradient_norm"] / 2, rel=1e-5)
    assert half["train_loss"] == full["train_loss"]


def test_encoder_rate_of_zero_trains_the_energy_head_alone(tmp_path, data, trained):
    model = trained / "model.pt"
    finetune(tmp_path / "run", data, "--model", model, *SHORT, "--encoder-rate", 0,
             "--learning-rate", 0.01, "--average-decay", 0, "--energy-weight", 100)
    before, after = weights(model), weights(tmp_path / "run" / "model.pt")
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed and all(name.startswith("energy.") for name in changed), changed


def silent(folder, data, *options):
    """Whether validation has the errors of a network that says nothing, at the last step."""
    last = finetune(folder, data, *TINY, *BRIEF, *options)[-1]
    chosen = np.load(folder / "split.npz")["idx_val"]
    return last["validation_forces_mae"] == pytest.approx(np.abs(water()["F"][chosen]).mean())


@pytest.mark.parametrize("options", [
    ["--cutoff", 0.5], ["--cutoff-lower", 2.5],
    ["--weight-decay", 1000, "--learning-rate", 1e-3, "--gradient-clip", 1e-20,
     "--average-decay", 0]])
def test_atoms_beyond_the_cutoffs_and_weights_that_decayed_give_no_forces(tmp_path, data, options):
    assert silent(tmp_path / "run", data, *options)
    assert not silent(tmp_path / "other", data)


def test_patience_and_factor_of_the_plateau(tmp_path, data):
    """A loss that no gradient follows never falls again."""
    log = finetune(tmp_path / "run", data, *TINY, *BRIEF[:4], "--steps", 9, "--warmup", 0,
                   "--energy-gradient-scale", 0, "--forces-weight", 0, "--validation-interval", 1,
                   "--learning-rate", 0.008, "--minimum-learning-rate", 0.003,
                   "--plateau-patience", 2, "--plateau-factor", 0.5)
    assert [line["learning_rate"] for line in log[1:]] == 3 * [0.008] + 3 * [0.004] + 4 * [0.003]


def pretrain(folder, shards, *options):
    result = run("pretrain", "--data", shards, "--output", folder, "--preset", "spectra", *TINY,
                 *SPECFORMER, *GRIDS, "--validation", 8, "--batch", 8, "--steps", 4, "--warmup", 0,
                 "--threads", 1, *options)
    assert result.returncode == 0, result.stderr
    return timeless(metrics(folder)[1:])


@pytest.fixture(scope="module")
def basePretraining(tmp_path_factory, shards):
    return pretrain(tmp_path_factory.mktemp("base") / "run", shards)


@pytest.mark.parametrize("option", [
    "--group-isomers", "--window=9", "--seed=2", "--denoising-sigma=0.1", "--denoising-weight=0.5",
    "--mask-ratio=0.4", "--spectra-dropout=0.5", "--temperature=0.3", "--learn-temperature",
    "--symmetric", "--gradient-clip=0.001", "--weight-decay=10", "--cutoff=4",
    "--vector-norm=whitened"])
def test_an_option_changes_a_pretraining(tmp_path, shards, basePretraining, option):
    assert pretrain(tmp_path / "run", shards, option) != basePretraining


def given():
    """Names of the options in these files; texts that messages are compared with are none."""
    names = set(CHANGED)
    for path in HERE.glob("*.py"):
        tree = ast.parse(path.read_text())
        compared = {id(side) for node in ast.walk(tree) if isinstance(node, ast.Compare)
                    for side in (node.left, *node.comparators)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in compared:
                names.update(re.findall(r"^--([\w-]+)", str(node.value)))
    return names


def test_every_documented_option_is_given_to_some_run():
    documented = {name for path in PAGES.glob("*.txt") for name in page(path.stem)}
    assert len(documented) > 100
    assert documented - given() == set()


def test_commands_in_the_documents_have_options_that_are_there():
    root, checked = HERE.parents[1], 0
    for path in [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("examples/*/*.md"),
                 *PAGES.glob("*.txt")]:
        text = path.read_text().replace("\\\n", " ")
        for command, rest in re.findall(r"molspectra ([a-z]+) ([^\n`#]+)", text):
            if (PAGES / f"{command}.txt").exists():
                named = set(re.findall(r"--([\w-]+)", rest))
                assert named <= page(command).keys(), f"{path.name}: {command} {rest}"
                checked += bool(named)
    assert checked > 30
