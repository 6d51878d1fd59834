"""The examples and README's lines of Python, with few steps in a folder of their own.

SPDX-License-Identifier: MIT
"""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from openmm import unit

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAM = Path(os.environ["PROGRAM"]).resolve()
FRAMES = 12  # of the held-back ones, which are tested twice
LANGEVIN, NVE = 200, 400  # steps


def program(*arguments):
    subprocess.run([PROGRAM, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def called(folder, name, arguments, **changes):
    """Runs a script of the examples as from the command line, some of its constants changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        patch.syspath_prepend(EXAMPLES / folder)
        script = importlib.import_module(name)
        for key, value in {"PROGRAM": PROGRAM, **changes}.items():
            patch.setattr(script, key, value)
        script.main()


@pytest.fixture(scope="module")
def ethanol(tmp_path_factory):
    """The folder of a short demo."""
    folder = tmp_path_factory.mktemp("ethanol")
    with np.load(EXAMPLES / "ethanol" / "held_back.npz") as arrays:
        frames = len(arrays["R"])
        np.savez(folder / "few.npz", **{name: values[:FRAMES] if len(values) == frames else values
                                        for name, values in arrays.items() if values.ndim})
    arguments = ["--output", folder / "demo", "--steps", 4, "--device", "cpu", "--threads", 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES / "ethanol")
        dynamics = importlib.import_module("dynamics")
        patch.setattr(dynamics, "LANGEVIN_STEPS", LANGEVIN)
        patch.setattr(dynamics, "NVE_STEPS", NVE)
        called("ethanol", "demo", arguments, HELD_BACK=folder / "few.npz", TRAIN=16, VALIDATION=8)
    return folder / "demo"


@pytest.fixture(scope="module")
def spectra(tmp_path_factory):
    """The folder of a short run of the example of spectra."""
    folder = tmp_path_factory.mktemp("spectra") / "out"
    called("spectra", "run", ["--output", folder, "--denoise-steps", 2, "--spectra-steps", 2],
           NETWORK={"channels": 16, "layers": 1, "heads": 2, "radial-functions": 8},
           SPEC_FORMER={"spectra-channels": 16, "spectra-layers": 1, "spectra-heads": 2,
                        "spectra-hidden": 16},
           BATCHES={"denoise": 4, "spectra": 4}, VALIDATION=4)
    return folder


def isPicture(path):
    return path.read_bytes().startswith(b"\x89PNG\r\n")


def test_demo_writes_its_report(ethanol):
    report = (ethanol / "report.md").read_text()
    assert "4 steps on 16 DFT frames" in report
    figures = re.findall(r"!\[.*?\]\((.*?)\)", report)
    assert len(figures) == 4
    assert all(isPicture(ethanol / name) for name in figures)
    errors = [json.loads((ethanol / name / "held_back.json").read_text())
              for name in ("finetuned", "from_nothing")]
    assert [each["frames"] for each in errors] == [FRAMES, FRAMES]
    started, fresh = (f"| {each['forces']['mae']:.3f} |" for each in errors)
    assert started != fresh and started in report and fresh in report


def test_demo_keeps_what_is_done(ethanol, capfd):
    before = {path: path.stat().st_mtime_ns for path in ethanol.rglob("*.pt")}
    assert len(before) == 4
    called("ethanol", "demo", ["--output", ethanol, "--steps", 4, "--device", "cpu"],
           HELD_BACK=ethanol.parent / "few.npz")
    assert capfd.readouterr().out.count("done before") == 6
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_lines_of_python_in_the_readme(ethanol):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    (code,) = [block for block in blocks if '"demo/' in block]
    names = {}
    exec(code.replace('"demo/', f'"{ethanol}/'), names)
    simulation = names["simulation"]
    simulation.context.setPositions(names["pdb"].positions)
    simulation.step(2)
    energy = simulation.context.getState(getEnergy=True).getPotentialEnergy()
    assert energy.value_in_unit(unit.kilojoule_per_mole) < -4e5, "the atoms' energies are in it"


def test_spectra_are_learnt_of_all_molecules_but_the_held_back(spectra):
    parts = [np.load(spectra / name)["index"] for name in ("train.npz", "held_back.npz")]
    lines = (EXAMPLES / "spectra" / "molecules.smi").read_text().splitlines()
    count = len([line for line in lines if not line.startswith("#")])
    assert sorted(np.concatenate(parts)) == list(range(count)) and len(parts[1]) == count // 10
    assert isPicture(spectra / "reconstruction.png")
    log = (spectra / "spectra" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(log[0])["header"]["data"]["molecules"] == len(parts[0])
    assert json.loads(log[-1])["step"] == 2


def test_pictures_of_spectra(tmp_path, spectra, monkeypatch):
    import matplotlib
    from molspectra import spectra_plots

    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")
    found, smiles = tmp_path / "match.json", tmp_path / "c.smi"
    smiles.write_text("CCO\nCOC\nCC=O\n")
    (tmp_path / "ir.csv").write_text("".join(f"{x},{1 + x % 7}\n" for x in range(500, 4001, 5)))
    program("match", "--model", spectra / "spectra", "--ir", tmp_path / "ir.csv", "--candidates",
            smiles, "--json", found)
    spectra_plots.plotMatch(found, tmp_path / "match.svg")
    text = (tmp_path / "match.svg").read_text()
    candidates = json.loads(found.read_text())["candidates"]
    for each in candidates:
        assert f">{each['rank']}. {each['name']}<" in text and f">{each['score']:.3f}<" in text
    assert ">IR<" in text and "among 3 candidates" in text
    rebuilt = spectra / "reconstruction.json"
    spectra_plots.plotReconstruction(rebuilt, tmp_path / "rebuilt.svg", title="by its own name")
    text = (tmp_path / "rebuilt.svg").read_text()
    assert all(f">{word}<" in text for word in ("UV", "IR", "Raman", "hidden", "by its own name"))
    with pytest.raises(ValueError, match="reconstruction.json has no 'query'"):
        spectra_plots.plotMatch(rebuilt, tmp_path / "none.svg")
