"""molspectra pretrain: both stages and the way on to energies, ablations, stopping and going on.

SPDX-License-Identifier: MIT
"""

import json
import math

import numpy as np
import pytest
from conftest import (ENDLESS, GRIDS, RESTLESS, SHORT, SPECFORMER, TINY, facts, interrupted,
                      metrics, run, settings, spectra, timeless)

RUN = ["--validation", "8", "--batch", "8", "--warmup", "2", "--threads", "1"]
FEW = [*RUN, "--steps", "4"]
STAGE_TWO = ["--preset", "spectra", *SPECFORMER, *GRIDS]
GUESS = 1.0  # denoising loss of a network that predicts no noise: its variance in its own units
LEARNT = 0.95  # a loss this far below it is no accident in hundreds of steps
SAME = 0.03  # of validations by one network, relative: only the unit of its noise settles
TERMS = ["denoising", "reconstruction", "contrast"]


def pretrain(shards, folder, *more, code=0):
    result = run("pretrain", "--data", shards, "--output", folder, *more)
    assert result.returncode == code, result.stderr
    return result


def names(folder):
    return {path.name for path in folder.iterdir()}


def changed(tmp_path, **arrays):
    """A shard whose molecules have all spectra, some arrays replaced; None leaves one out."""
    path = tmp_path / "changed.npz"
    merged = {**spectra(24, complete=True), **arrays}
    np.savez(path, **{key: value for key, value in merged.items() if value is not None})
    return path


@pytest.fixture(scope="module")
def stage_one(shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage") / "one"
    pretrain(shards, folder, *TINY, *RUN, "--steps", "400", "--learning-rate", "5e-3",
             "--validation-interval", "200", "--note", "water and others")
    return folder


@pytest.fixture(scope="module")
def stage_two(shards, stage_one, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stage") / "two"
    pretrain(shards, folder, "--model", stage_one / "model.pt", *STAGE_TWO, *FEW)
    return folder


def test_stage_one_learns_to_remove_noise(stage_one):
    assert names(stage_one) == {"model.pt", "metrics.jsonl", "config.ini", "checkpoint.pt"}
    header, start, *rest = metrics(stage_one)
    assert header["header"]["data"]["molecules"] == 48 and header["header"]["processes"] == 1
    assert [line["step"] for line in rest] == [200, 400]
    assert start["validation_denoising"] == start["validation_loss"]
    assert rest[-1]["train_denoising_loss"] == rest[-1]["train_loss"] < LEARNT * GUESS


def test_validation_of_a_network_that_does_not_learn_stays_as_it_is(tmp_path, shards):
    pretrain(shards, tmp_path / "run", *TINY, *RUN, "--steps", "20", "--validation-interval", "5",
             "--learning-rate", "0", "--minimum-learning-rate", "0")
    first, *others = [line["validation_denoising"] for line in metrics(tmp_path / "run")[1:]]
    assert others == pytest.approx([first] * 4, rel=SAME)


def test_pretrained_model_says_that_its_energies_mean_nothing(stage_one):
    shown = facts(stage_one / "model.pt")
    assert shown["energiesTrained"] is False
    assert shown["species"] == [1, 6, 7, 8] and shown["config"]["noiseHead"]
    assert shown["provenance"]["data"]["shards"] == ["00000.npz", "00001.npz"]
    assert shown["provenance"]["note"] == "water and others"


def test_stage_two_reports_all_three_objectives(stage_two):
    assert names(stage_two) == {"model.pt", "spectra.pt", "metrics.jsonl", "config.ini",
                                "checkpoint.pt"}
    last = metrics(stage_two)[-1]
    assert last["step"] == 4
    assert last["train_loss"] == pytest.approx(sum(last[f"train_{t}_loss"] for t in TERMS))
    assert last["validation_loss"] == pytest.approx(sum(last[f"validation_{t}"] for t in TERMS))
    assert 0 <= last["validation_top1"] <= 1
    assert all(last[f"train_{term}_loss"] > 0 for term in TERMS)


def test_stage_two_starts_from_the_network_of_stage_one(stage_one, stage_two):
    origin = facts(stage_two / "model.pt")["provenance"]["started_from"]
    assert origin["file"] == "model.pt"
    assert origin["provenance"]["note"] == "water and others"


def test_finetuning_learns_energies_anew(tmp_path, data, stage_two):
    folder = tmp_path / "energies"
    result = run("finetune", "--data", data, "--model", stage_two / "model.pt", "--output", folder,
                 *SHORT)
    assert result.returncode == 0, result.stderr
    assert math.isfinite(metrics(folder)[-1]["validation_energy_mae"])
    shown = facts(folder / "model.pt")
    assert shown.get("energiesTrained", True) and shown["species"] == [1, 8]
    assert shown["energyOffset"]["perMolecule"] or shown["energyOffset"]["perElement"]
    result = run("evaluate", "--model", folder / "model.pt", "--data", data, "--json",
                 tmp_path / "errors.json")
    assert result.returncode == 0, result.stderr
    errors = json.loads((tmp_path / "errors.json").read_text())
    assert errors["energy"]["mae"] < 10 * np.std(np.load(data)["E"])


@pytest.mark.parametrize("term", TERMS)
def test_an_objective_switched_off_counts_nothing(tmp_path, shards, term):
    pretrain(shards, tmp_path / "run", *TINY, *STAGE_TWO, *FEW, f"--{term}-weight", "0")
    last = metrics(tmp_path / "run")[-1]
    others = [other for other in TERMS if other != term]
    assert last["train_loss"] == pytest.approx(sum(last[f"train_{t}_loss"] for t in others))


def test_kinds_of_spectra_are_chosen(tmp_path, shards):
    pretrain(shards, tmp_path / "run", *TINY, *STAGE_TWO, *FEW, "--spectra", "ir,raman")
    text = (tmp_path / "run" / "spectra.pt").read_bytes().decode("latin1")
    assert '"kind": "ir"' in text and '"kind": "raman"' in text and '"kind": "uv"' not in text


def test_the_published_form_needs_every_spectrum(tmp_path, shards):
    result = pretrain(shards, tmp_path / "run", *TINY, *STAGE_TWO, *FEW, "--form", "published",
                      "--spectra-dropout", "0.5", code=1)
    sentence = result.stderr.splitlines()[-1]
    assert "--spectra-dropout is 0.5" in sentence and "needs every kind" in sentence


@pytest.mark.parametrize("options, words", [
    (["--spectra", "ir,nmr"], ["--spectra", "'nmr'", "uv, ir, raman"]),
    (["--form", "old"], ["--form", "'old'", "own, published"]),
    (["--preset", "both"], ["--preset", "'both'", "denoise or spectra"]),
    (["--ir-grid", "500:1"], ["--ir-grid", "'500:1'", "start:step:number"]),
    (["--ir-grid", "500:1:2000000"], ["--ir-grid", "2000000", "at most 1000000"]),
    (["--mask-ratio", "1"], ["--mask-ratio", "below 1"]),
    (["--spectra-dropout", "1.5"], ["--spectra-dropout", "at most 1"]),
    (["--spectra-dropout", "-0.1"], ["--spectra-dropout", "at least 0"]),
    (["--temperature", "0"], ["--temperature", "positive"]),
    (["--temperature", "0.005"], ["--temperature", "at least 0.01"]),
    (["--denoising-weight", "0", "--reconstruction-weight", "0", "--contrast-weight", "0"],
     ["all 0"]),
])
def test_wrong_options_are_one_sentence(tmp_path, shards, options, words):
    given = {"--preset": "spectra"} | dict(zip(options[::2], options[1::2]))
    pairs = [text for pair in given.items() for text in pair]
    result = pretrain(shards, tmp_path / "run", *TINY, *FEW, *pairs, code=2)
    sentence = result.stderr.splitlines()[-1]
    assert sentence.startswith("molspectra: ") and all(word in sentence for word in words), sentence
    assert not any((tmp_path / "run").glob("*"))


@pytest.mark.parametrize("option, value, most", [
    ("--batch", 2**63 - 1, 10**9), ("--validation", 2**63 - 8, 10**9),
    ("--layers", 2**32 + 1, 2**31 - 1)])
def test_numbers_that_are_too_large_are_refused(tmp_path, shards, option, value, most):
    given = {"--batch": 8, "--validation": 8} | {option: value}
    result = run("pretrain", "--data", shards, "--output", tmp_path / "run",
                 *[text for pair in given.items() for text in pair])
    assert result.returncode == 2
    assert f"{option}: found {value}, expected at most {most}" in result.stderr


def test_network_options_are_refused_beside_a_model(tmp_path, shards, stage_one):
    result = pretrain(shards, tmp_path / "run", "--model", stage_one / "model.pt", *TINY, *FEW,
                      code=2)
    assert "--channels" in result.stderr and "--model" in result.stderr


@pytest.mark.parametrize("key, kind, lacking", [
    ("ir", "ir", np.nan), ("raman_has", "raman", False), ("uv_f", "uv", np.nan)])
def test_published_form_refuses_a_molecule_that_lacks_a_spectrum(tmp_path, key, kind, lacking):
    everywhere = np.full_like(spectra(24, complete=True)[key], lacking)
    result = pretrain(changed(tmp_path, **{key: everywhere}), tmp_path / "run", *TINY, *STAGE_TWO,
                      *FEW, "--form", "published", code=1)
    sentence = result.stderr.splitlines()[-1]
    assert f"it has no {kind} spectrum" in sentence and "--spectra" in sentence


def test_published_form_runs_where_all_spectra_are_there(tmp_path):
    pretrain(changed(tmp_path), tmp_path / "run", *TINY, *STAGE_TWO, *FEW, "--form", "published")
    assert metrics(tmp_path / "run")[-1]["step"] == 4


@pytest.mark.parametrize("option", ["--learn-temperature", "--symmetric"])
def test_each_option_of_the_contrast_counts(tmp_path, shards, stage_one, stage_two, option):
    pretrain(shards, tmp_path / "run", "--model", stage_one / "model.pt", *STAGE_TWO, *FEW, option)
    key = "train_contrast_loss"
    other, plain = (metrics(folder)[-1][key] for folder in (tmp_path / "run", stage_two))
    assert math.isfinite(other) and other != plain


def test_a_start_without_what_pretraining_needs_is_told(tmp_path, data, shards, stage_one,
                                                        stage_two):
    assert run("finetune", "--data", data, "--output", tmp_path / "tuned", *TINY,
               *SHORT).returncode == 0
    result = pretrain(shards, tmp_path / "a", "--model", tmp_path / "tuned" / "model.pt", *FEW)
    assert "warning:" in result.stderr and "no noise head" in result.stderr
    pair = ["--spectra-model", stage_two / "spectra.pt", "--preset", "spectra", *FEW]
    result = pretrain(shards, tmp_path / "b", "--model", stage_one / "model.pt", *pair)
    assert "warning:" in result.stderr and "aligned with another network" in result.stderr
    result = pretrain(shards, tmp_path / "c", "--model", stage_two / "model.pt", *pair)
    assert "warning:" not in result.stderr


def test_resuming_before_the_first_checkpoint_is_told(tmp_path, shards):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.ini").write_text("")
    result = run("pretrain", "--resume", folder)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert "checkpoint.pt" in result.stderr and "without --resume" in result.stderr


def test_stage_two_goes_on_from_an_earlier_specformer(tmp_path, shards, stage_two):
    pretrain(shards, tmp_path / "run", "--model", stage_two / "model.pt", "--spectra-model",
             stage_two / "spectra.pt", "--preset", "spectra", *FEW)
    assert "temperature" not in settings(tmp_path / "run") and "temperature" in settings(stage_two)
    before, after = (metrics(folder) for folder in (stage_two, tmp_path / "run"))
    assert after[1]["validation_reconstruction"] == pytest.approx(
        before[-1]["validation_reconstruction"], rel=1e-4)


def test_steps_of_a_resumed_run_replace_its_epochs(tmp_path, shards):
    folder = tmp_path / "run"
    pretrain(shards, folder, *TINY, *RUN, "--epochs", "1")
    assert metrics(folder)[-1]["step"] == 5 and settings(folder)["epochs"] == "1"
    result = run("pretrain", "--resume", folder, "--steps", "7")
    assert result.returncode == 0, result.stderr
    assert metrics(folder)[-1]["step"] == 7
    assert "epochs" not in settings(folder) and settings(folder)["steps"] == "7"


@pytest.mark.parametrize("option, name", [
    (["--mask-ratio", "0.4"], "maskRatio"), (["--symmetric"], "symmetric"),
    (["--spectra-dropout", "0.4"], "spectraDropout")])
def test_objectives_of_a_resumed_run_stay(stage_two, option, name):
    last = metrics(stage_two)[-1]["step"]
    result = run("pretrain", "--resume", stage_two, "--steps", last + 2, *option)
    sentence = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and name in sentence and "weights" not in sentence
    assert metrics(stage_two)[-1]["step"] == last


def test_kinds_are_found_in_any_file(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    first = spectra(24, complete=True)
    np.savez(folder / "a.npz", **{key: value for key, value in first.items()
                                  if not key.startswith("uv")})
    np.savez(folder / "b.npz", **spectra(24, seed=6, complete=True))
    pretrain(folder, tmp_path / "run", *TINY, *STAGE_TWO, *FEW, "--spectra", "uv,ir")


def test_note_of_a_resumed_run_is_refused(stage_one):
    result = run("pretrain", "--resume", stage_one, "--note", "another")
    assert result.returncode == 2 and "--note" in result.stderr


@pytest.mark.parametrize("preset", [["denoise"], ["spectra", "--temperature", "0.3"]])
def test_stopped_run_ends_with_the_same_bits(tmp_path, shards, preset):
    options = ["pretrain", "--data", shards, *TINY, *STAGE_TWO[2:], *RUN, *RESTLESS,
               "--validation-interval", "5", "--preset", *preset]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    last = interrupted(parts, *options, "--steps", ENDLESS) + 20
    assert run("pretrain", "--resume", parts, "--steps", last).returncode == 0
    assert run(*options, "--output", whole, "--steps", last).returncode == 0
    assert timeless(metrics(parts)[1:]) == timeless(metrics(whole)[1:])
