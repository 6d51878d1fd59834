"""Matching spectra with structures, and reconstructing them, by a tiny pre-trained network.

SPDX-License-Identifier: MIT
"""

import json
import math
import shutil

import numpy as np
import pytest
from conftest import GRIDS, SPECFORMER, TINY, run

STEP, POINTS = 25.0, 141
GRID = 500 + STEP * np.arange(POINTS)
WIDTH = 60.0
SMALL = ["--spectra-channels", 16, "--spectra-layers", 1, "--spectra-heads", 2,
         "--spectra-hidden", 32, "--spectra", "ir,raman", "--line-width", WIDTH]
for kind in ("ir", "raman"):
    SMALL += [f"--{kind}-grid", f"500:{STEP:g}:{POINTS}", f"--{kind}-patch", 10,
              f"--{kind}-stride", 5]
MOLECULES = 16
DECIMALS = 2e-6  # of the values in the JSON files


def molecules(seed=4):
    """Zigzag chains of three formulas, whose two lines follow from the length of their bonds; the
    first half has Raman as well."""
    rng = np.random.default_rng(seed)
    lengths = rng.permutation(np.linspace(0.9, 1.8, MOLECULES))
    table = dict(z=[], pos=[], freq=[], ir=[], raman=[])
    atoms, modes = [0], [0]
    for m in range(MOLECULES):
        heavy = rng.permutation([6] * (2 + m % 3) + [8])
        z = [*heavy, 1, 1]
        table["z"] += list(z)
        table["pos"] += [[lengths[m] * i, 0.6 * (i % 2), 0.0] for i in range(len(z))]
        table["freq"] += [600 + 3500 * (lengths[m] - 0.9), 3900 - 2000 * (lengths[m] - 0.9)]
        table["ir"] += list(rng.uniform(20, 100, 2))
        table["raman"] += list(rng.uniform(20, 100, 2)) if m < MOLECULES // 2 else [math.nan] * 2
        atoms.append(len(table["z"]))
        modes.append(len(table["freq"]))
    return dict(z=np.array(table["z"], np.uint8), pos=np.array(table["pos"], np.float32),
                atom_offset=np.array(atoms), mode_offset=np.array(modes),
                **{key: np.array(table[key], np.float32) for key in ("freq", "ir", "raman")})


def curve(arrays, molecule, kind="ir"):
    """Lorentzians whose areas are the intensities."""
    lines = slice(*arrays["mode_offset"][molecule:molecule + 2])
    x = GRID[:, None] - arrays["freq"][lines].astype(float)
    return (arrays[kind][lines] * WIDTH / (2 * math.pi) / (x**2 + WIDTH**2 / 4)).sum(1)


def write_csv(path, x, y):
    path.write_text("".join(f"{a:.6f},{b:.9g}\n" for a, b in zip(x, y)))
    return path


def write_jcamp(path, y, units="ABSORBANCE"):
    rows = [f"{500 + STEP * n:g} " + " ".join(f"{v:.9g}" for v in y[n:n + 6])
            for n in range(0, POINTS, 6)]
    path.write_text("\n".join(
        ["##TITLE=x", "##JCAMP-DX=4.24", "##DATA TYPE=INFRARED SPECTRUM", "##XUNITS=1/CM",
         f"##YUNITS={units}", "##FIRSTX=500", f"##LASTX={GRID[-1]:g}", f"##NPOINTS={POINTS}",
         "##XYDATA=(X++(Y..Y))", *rows, "##END=", ""]))
    return path


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    path = tmp_path_factory.mktemp("shards") / "a.npz"
    np.savez(path, **molecules())
    return path


@pytest.fixture(scope="module")
def aligned(shard, tmp_path_factory):
    """The folder of a run that has seen all but two of the molecules, many times."""
    folder = tmp_path_factory.mktemp("aligned") / "run"
    result = run("pretrain", "--data", shard, "--preset", "spectra", "--output", folder, *TINY,
                 *SMALL, "--batch", MOLECULES - 2, "--validation", 2, "--steps", 300, "--warmup", 5,
                 "--learning-rate", 5e-3, "--validation-interval", 75, "--average-decay", 0.9,
                 "--threads", 1)
    assert result.returncode == 0, result.stderr
    return folder


def match(aligned, tmp_path, *arguments, **options):
    """The JSON file of a search, and the finished process."""
    path = tmp_path / "match.json"
    result = run("match", "--model", aligned, *arguments, "--json", path, "--threads", 1, **options)
    assert result.returncode == 0, result.stderr
    return json.loads(path.read_text()), result


def refused(*arguments):
    result = run(*arguments)
    assert result.returncode in (1, 2) and result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("molspectra: ")]
    return line


def test_what_is_no_run_of_spectra_is_told(tmp_path, aligned, shard):
    for folder, word in ((tmp_path / "empty", "model.pt"), (aligned / "model.pt", "model.pt")):
        line = refused("match", "--model", folder, "--held-back", shard)
        assert word in line and "--preset spectra" in line
    assert "the other file of a run" in refused("inspect", aligned / "spectra.pt")
    line = refused("match", "--model", aligned, "--held-back", shard, "--json",
                   tmp_path / "none" / "out.json")
    assert "no folder around it" in line


def test_candidates_are_ranked_with_scores_and_probabilities(tmp_path, aligned, shard):
    own = 13  # has an IR spectrum alone, as the query
    query = write_csv(tmp_path / "ir.csv", GRID, 7.0 * curve(molecules(), own))
    found, result = match(aligned, tmp_path, "--ir", query, "--candidates", shard, "--top", 3)
    candidates = found["candidates"]
    assert [c["rank"] for c in candidates] == list(range(1, MOLECULES + 1))
    scores = [c["score"] for c in candidates]
    assert scores == sorted(scores, reverse=True) and -1 <= scores[-1] and scores[0] <= 1
    assert sum(c["probability"] for c in candidates) == pytest.approx(1)
    assert f"molecule {own}" in {c["name"].split(".npz ")[1] for c in candidates[:3]}
    assert "trained with ir, raman; a search by some of them only" in result.stderr
    title, *rows, rest = result.stdout.splitlines()
    assert title.split() == ["rank", "score", "probability", "name"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert rest == f"and {MOLECULES - 3} more"


def test_query_has_the_mean_intensity_of_training(tmp_path, aligned, shard):
    y = curve(molecules(), 2)
    (spectrum,) = match(aligned, tmp_path, "--ir", write_csv(tmp_path / "ir.csv", GRID, 7 * y),
                        "--candidates", shard)[0]["query"]
    assert spectrum["kind"] == "ir"
    assert spectrum["grid"] == {"start": 500, "step": STEP, "points": POINTS}
    assert spectrum["values"] == pytest.approx(np.log10(1 + y / y.mean()), abs=DECIMALS)


def test_absolute_query_is_that_of_the_molecule(tmp_path, aligned, shard):
    arrays = molecules()
    scale = np.mean([curve(arrays, m) for m in range(MOLECULES)])
    y = curve(arrays, 2)
    result = match(aligned, tmp_path, "--ir", write_csv(tmp_path / "ir.csv", GRID, y),
                   "--candidates", shard, "--absolute")[0]
    values = np.array(result["query"][0]["values"])
    # The scale is that of the molecules that were trained on, all but two.
    assert (10**values - 1) / y == pytest.approx(1 / scale, rel=0.3)
    assert np.ptp((10**values - 1)[y > 0.05] / y[y > 0.05]) < 1e-3 / scale


def test_all_spectra_are_searched_by(tmp_path, aligned, shard):
    own = 4  # has both
    curves = {kind: curve(molecules(), own, kind) for kind in ("ir", "raman")}
    ir, raman = (write_csv(tmp_path / f"{kind}.csv", GRID, y) for kind, y in curves.items())
    both, result = match(aligned, tmp_path, "--ir", ir, "--raman", raman, "--candidates", shard)
    assert [spectrum["kind"] for spectrum in both["query"]] == ["ir", "raman"]
    for spectrum, y in zip(both["query"], curves.values()):
        assert spectrum["values"] == pytest.approx(np.log10(1 + y / y.mean()), abs=DECIMALS)
    assert "some of them only" not in result.stderr
    assert f"molecule {own}" in {c["name"].split(".npz ")[1] for c in both["candidates"][:3]}
    alone = [match(aligned, tmp_path, *each, "--candidates", shard)[0]["candidates"][0]["score"]
             for each in (["--ir", ir], ["--raman", raman])]
    assert both["candidates"][0]["score"] not in alone


def test_ultraviolet_spectra_are_searched_by(tmp_path, shards):
    folder = tmp_path / "run"
    result = run("pretrain", "--data", shards, "--preset", "spectra", "--output", folder, *TINY,
                 *SPECFORMER, *GRIDS, "--validation", 8, "--batch", 8, "--steps", 1, "--threads", 1)
    assert result.returncode == 0, result.stderr
    x = 1 + 0.2 * np.arange(71)
    y = 1 / (1 + (x - 7)**2)
    (spectrum,) = match(folder, tmp_path, "--uv", write_csv(tmp_path / "uv.csv", x, y),
                        "--candidates", shards)[0]["query"]
    assert spectrum["kind"] == "uv"
    assert spectrum["grid"] == {"start": 1, "step": pytest.approx(0.2), "points": 71}
    assert spectrum["values"] == pytest.approx(np.log10(1 + y / y.mean()), abs=DECIMALS)
    (part,) = match(folder, tmp_path, "--uv", write_csv(tmp_path / "uv.csv", x, y),
                    "--uv-range", "2:6.2", "--candidates", shards)[0]["query"]
    known = slice(5, 27)
    assert part["values"][known] == pytest.approx(np.log10(1 + y[known] / y[known].mean()),
                                                  abs=DECIMALS)
    assert [value is None for value in part["values"]].count(False) == 22


def test_forms_and_units_of_a_spectrum_change_nothing(tmp_path, aligned, shard):
    y = curve(molecules(), 3)
    y /= y.max()
    scale = 0.965
    same = [["--ir", write_csv(tmp_path / "a.csv", GRID, y)],
            ["--ir", write_jcamp(tmp_path / "a.jdx", y)],
            ["--ir", write_jcamp(tmp_path / "t.jdx", 10.0**-y, "TRANSMITTANCE")],
            ["--ir", write_csv(tmp_path / "s.csv", scale * GRID, y), "--frequency-scale", scale]]
    values = [match(aligned, tmp_path, *each, "--candidates", shard)[0]["query"][0]["values"]
              for each in same]
    for other in values[1:]:
        assert other == pytest.approx(values[0], abs=1e-4)


def test_drawings_are_candidates_and_many_failures_are_counted(tmp_path, aligned):
    query = write_csv(tmp_path / "ir.csv", GRID, curve(molecules(), 3))
    drawing = ("methanol\n                    2D\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n"
               "    0.0000    0.0000    0.0000 C   0  0\n"
               "    1.2990    0.7500    0.0000 O   0  0\n  1  2  1  0\nM  END\n$$$$\n")
    (tmp_path / "a.sdf").write_text(drawing + 25 * "words\n$$$$\n")
    arguments = ["--ir", query, "--candidates", tmp_path / "a.sdf"]
    found, result = match(aligned, tmp_path, *arguments, "--embed")
    assert [c["name"] for c in found["candidates"]] == ["methanol"]
    assert len(found["left_out"]) == 25
    assert result.stderr.count("warning: left out: ") == 21
    assert "left out: 5 more; --json lists them" in result.stderr
    assert "a.sdf" in refused("match", "--model", aligned, *arguments)


def test_names_come_from_the_files_and_failures_are_told(tmp_path, aligned):
    query = write_csv(tmp_path / "ir.csv", GRID[20:60], np.linspace(-1, 3, 40))
    smiles = tmp_path / "c.smi"
    smiles.write_text("CCO ethanol\nCOC\nCCN\nnonsense\n")
    found, result = match(aligned, tmp_path, "--ir", query, "--candidates", smiles)
    assert {c["name"] for c in found["candidates"]} == {"CCO ethanol", "COC"}
    assert len(found["left_out"]) == 2
    assert "it holds N, the network was trained on H, C, O" in result.stderr
    assert "it covers 1000.00 to 1975.00 of 500.00 to 4000.00 1/cm" in result.stderr
    assert "the rest is taken as unknown" in result.stderr
    assert "negative points are taken as zero" in result.stderr
    values = found["query"][0]["values"]
    assert values[:20] == [None] * 20 and values[60:] == [None] * (POINTS - 60)
    assert None not in values[20:60]


def test_a_range_does_what_a_shorter_measurement_does(tmp_path, aligned, shard):
    y = curve(molecules(), 3)
    whole, part = (write_csv(tmp_path / f"{n}.csv", GRID[a:b], y[a:b])
                   for n, a, b in (("whole", 0, POINTS), ("part", 20, 60)))
    ranged = match(aligned, tmp_path, "--ir", whole, "--ir-range", "1000:1975", "--candidates",
                   shard)[0]
    assert ranged == match(aligned, tmp_path, "--ir", part, "--candidates", shard)[0]
    assert ranged != match(aligned, tmp_path, "--ir", whole, "--candidates", shard)[0]


def test_raman_intensities_become_activities(tmp_path, aligned, shard):
    activities = curve(molecules(), 3, "raman")
    excited = 1e7 / 1064
    measured = activities * (1 - GRID / excited)**4 / GRID / (1 - np.exp(-1.438777 * GRID / 298.15))
    queries = [write_csv(tmp_path / f"{n}.csv", GRID, y) for n, y in enumerate((activities,
                                                                                measured))]
    given, plain = match(aligned, tmp_path, "--raman", queries[0], "--candidates", shard)
    assert "give the laser's wavelength with --raman-laser" in plain.stderr
    found, result = match(aligned, tmp_path, "--raman", queries[1], "--raman-laser", 1064,
                          "--candidates", shard)
    assert "--raman-laser" not in result.stderr
    assert found["query"][0]["values"] == pytest.approx(given["query"][0]["values"], abs=1e-4)


def test_held_back_molecules_are_searched_for_as_queries_are(tmp_path, aligned, shard):
    ranges = ["--ir-range", "600:3000", "--raman-range", "500:2500"]
    found, result = match(aligned, tmp_path, "--held-back", shard, "--kinds", "ir", *ranges[:2])
    assert found["ranges"] == {"ir": [600, 3000]} and found["absolute"] is False
    assert "each scaled to the mean of training" in result.stdout
    ranks = []
    for molecule in range(MOLECULES):
        query = write_csv(tmp_path / "ir.csv", GRID, 5 * curve(molecules(), molecule))
        candidates = match(aligned, tmp_path, "--ir", query, *ranges[:2], "--candidates",
                           shard)[0]["candidates"]
        (place,) = (c["rank"] for c in candidates if c["name"].endswith(f" molecule {molecule}"))
        ranks.append(place)
    assert found["all"]["network"]["mean_reciprocal_rank"] == pytest.approx(
        np.mean(1 / np.array(ranks)))
    absolute, result = match(aligned, tmp_path, "--held-back", shard, "--absolute", *ranges)
    assert absolute["ranges"]["raman"] == [500, 2500] and absolute["absolute"] is True
    assert "each scaled" not in result.stdout


def formula_only(arrays):
    """Expected top-1 and mean of 1/rank for a random order within each formula."""
    offsets = arrays["atom_offset"]
    formulas = [tuple(sorted(arrays["z"][a:b])) for a, b in zip(offsets, offsets[1:])]
    sizes = np.array([formulas.count(f) for f in formulas])
    return (1 / sizes).mean(), np.mean([sum(1 / np.arange(1, n + 1)) / n for n in sizes])


def test_held_back_molecules_are_found_beside_the_formula(tmp_path, aligned, shard):
    found, result = match(aligned, tmp_path, "--held-back", shard)
    assert found["molecules"] == MOLECULES and found["kinds"] == ["ir", "raman"]
    assert found["formulas"] == 3
    top1, reciprocal = formula_only(molecules())
    assert found["all"]["formula"]["top1"] == pytest.approx(top1)
    assert found["all"]["formula"]["mean_reciprocal_rank"] == pytest.approx(reciprocal)
    assert found["isomers"]["molecules"] == MOLECULES
    assert found["isomers"]["mean_group"] == pytest.approx(MOLECULES / 3)
    assert found["isomers"]["formula"] == found["all"]["formula"]
    assert found["all"]["network"]["top1"] > 0.6 > 2 * top1
    for measure in ("top1", "top10", "mean_reciprocal_rank"):
        assert found["isomers"]["network"][measure] >= found["all"]["network"][measure]
    assert "among isomers" in result.stdout


def test_kinds_and_number_of_held_back_molecules_can_be_limited(tmp_path, aligned, shard):
    found, result = match(aligned, tmp_path, "--held-back", shard, "--kinds", "raman")
    assert found["molecules"] == MOLECULES // 2
    assert found["left_out"]["without_spectra"] == MOLECULES // 2
    assert "8 molecules without spectra" in result.stderr
    draws = [match(aligned, tmp_path, "--held-back", shard, "--molecules", 6, "--seed", seed)[0]
             for seed in (1, 1, 2)]
    assert [d["molecules"] for d in draws] == [6, 6, 6]
    assert draws[0] == draws[1] and draws[0] != draws[2]


def test_reconstruction_fills_hidden_patches(tmp_path, aligned, shard):
    path = tmp_path / "shown.json"
    arguments = ["reconstruct", "--model", aligned, "--data", shard, "--index", 4,
                 "--mask-ratio", 0.2, "--threads", 1]
    result = run(*arguments, "--json", path)
    assert result.returncode == 0, result.stderr
    content = json.loads(path.read_text())
    assert content["molecule"] == 4
    assert [s["kind"] for s in content["spectra"]] == ["ir", "raman"]
    patches = (POINTS - 10) // 5 + 1
    for spectrum in content["spectra"]:
        y = curve(molecules(), 4, spectrum["kind"])
        rest = (10**np.array(spectrum["values"]) - 1) / y
        assert np.ptp(rest[y > 0.05]) < 1e-3 * rest.max()
        assert len(spectrum["masked"]) == patches - int(patches * 0.8)
        for (first, last), (begin, values) in zip(spectrum["masked"], spectrum["reconstruction"]):
            assert first == begin and last == first + 9 and len(values) == 10
    assert json.loads(run(*arguments).stdout) == content
    assert json.loads(run(*arguments, "--seed", 2).stdout) != content


def test_command_lines_that_contradict_themselves_are_refused(tmp_path, aligned, shard):
    query = write_csv(tmp_path / "ir.csv", GRID, curve(molecules(), 0))
    base = ["match", "--model", aligned]
    assert "no spectrum is named" in refused(*base, "--candidates", shard)
    assert "--candidates is missing" in refused(*base, "--ir", query)
    assert "--ir was given together with --held-back" in refused(*base, "--ir", query,
                                                                 "--held-back", shard)
    assert "--kinds belongs to --held-back" in refused(*base, "--ir", query, "--candidates", shard,
                                                       "--kinds", "ir")
    assert "expected one of ir, raman" in refused(*base, "--held-back", shard, "--kinds", "uv")
    assert "--uv was given, but the SpecFormer" in refused(*base, "--uv", query,
                                                           "--candidates", shard)
    for text in ("650", "650:x", "3600:650", "1:2:3"):
        assert f"--ir-range: found '{text}', expected LOW:HIGH" in refused(
            *base, "--ir", query, "--candidates", shard, "--ir-range", text)
    assert "--raman-range was given, but the spectra compared are ir" in refused(
        *base, "--ir", query, "--candidates", shard, "--raman-range", "1:2")
    for ends in ("10:20", "1000:1200"):  # patches are of 10 points, 250 1/cm
        assert "and has no patch of 10 whole, expected a wider range" in refused(
            *base, "--held-back", shard, "--ir-range", ends)
    assert "has no patch of 10 whole" in refused(*base, "--ir", query, "--candidates", shard,
                                                 "--ir-range", "1000:1200")
    assert "--raman-laser was given without --raman" in refused(
        *base, "--ir", query, "--candidates", shard, "--raman-laser", 785)
    assert "--raman-laser was given together with --absolute" in refused(
        *base, "--raman", query, "--candidates", shard, "--raman-laser", 785, "--absolute")
    assert "--raman-laser: found 12, expected 0, or 200 to 1600 nm" in refused(
        *base, "--raman", query, "--candidates", shard, "--raman-laser", 12)
    assert "--frequency-scale: found 965" in refused(*base, "--ir", query, "--candidates", shard,
                                                     "--frequency-scale", 965)
    assert "there is no molecule 99" in refused("reconstruct", "--model", aligned, "--data", shard,
                                                "--index", 99)
    assert "--mask-ratio: found 1," in refused("reconstruct", "--model", aligned, "--data", shard,
                                               "--mask-ratio", 1)


def test_files_of_two_runs_are_refused(tmp_path, aligned, shard):
    other = tmp_path / "other"
    shutil.copytree(aligned, other)
    assert run("pretrain", "--data", shard, "--model", aligned / "model.pt", "--output",
               tmp_path / "further", "--steps", 1, "--batch", 4, "--validation", 2).returncode == 0
    shutil.copy(tmp_path / "further" / "model.pt", other / "model.pt")
    sentence = refused("match", "--model", other, "--held-back", shard)
    assert "aligned with a model file of SHA-256" in sentence
    assert "take both files from one run" in sentence
