"""The whole way on the sample of examples/spectra: shards, two stages, match, picture's numbers.

SPDX-License-Identifier: MIT
"""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SHORT, TINY, run

SAMPLE = Path(__file__).parents[2] / "examples" / "spectra"
SPECFORMER = ["--spectra-channels", "16", "--spectra-heads", "2", "--spectra-layers", "1",
              "--spectra-hidden", "16"]
FEW = ["--steps", "6", "--warmup", "2", "--batch", "8", "--validation", "20", "--threads", "1"]


def works(*arguments):
    result = run(*arguments)
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """Folders of shards and of both stages."""
    folder = tmp_path_factory.mktemp("sample")
    shards, first, second = folder / "shards", folder / "stage1", folder / "stage2"
    works("data", SAMPLE / "spectra.npz", "--output", shards, "--shard-size", "40")
    works("pretrain", "--data", shards, "--output", first, *TINY, *FEW)
    works("pretrain", "--data", shards, "--preset", "spectra", "--model", first / "model.pt",
          "--output", second, *SPECFORMER, *FEW)
    return shards, first, second


def test_sample_has_all_spectra_and_no_duplicates():
    found = json.loads(works("data", SAMPLE / "spectra.npz", "--json").stdout)
    names = (SAMPLE / "molecules.smi").read_text().splitlines()
    with np.load(SAMPLE / "spectra.npz") as arrays:
        count = len(arrays["atom_offset"]) - 1
        spectra = [arrays[key].min() for key in ("ir", "raman", "uv_f")]
    assert found["molecules"] == count == len([n for n in names if not n.startswith("#")])
    assert found["duplicates"] == 0
    assert min(spectra) >= 0


def test_networks_go_on_to_energies(stages, data, tmp_path):
    shards, first, second = stages
    works("finetune", "--data", data, "--model", second / "model.pt", "--output", tmp_path / "run",
          *SHORT)
    works("evaluate", "--data", data, "--model", tmp_path / "run" / "model.pt", "--threads", "1")
    refused = run("evaluate", "--data", data, "--model", second / "model.pt", "--threads", "1")
    assert refused.returncode == 1
    assert "pre-trained only" in refused.stderr


def test_match_ranks_the_sample(stages, tmp_path):
    shards, first, second = stages
    found = tmp_path / "match.json"
    works("match", "--model", second, "--held-back", shards, "--molecules", "60", "--json", found,
          "--threads", "1")
    figures = json.loads(found.read_text())
    assert figures["molecules"] == 60 and figures["kinds"] == ["uv", "ir", "raman"]
    for part in ("all", "isomers"):
        for by in ("network", "formula"):
            one = figures[part][by]
            assert 0 <= one["top1"] <= one["mean_reciprocal_rank"] + 1e-9 <= 1 + 2e-9
            assert one["top1"] <= one["top10"] <= 1 + 1e-9


def test_reconstruction_covers_the_masked_patches(stages, tmp_path):
    shards, first, second = stages
    found = tmp_path / "reconstruction.json"
    works("reconstruct", "--model", second, "--data", shards, "--index", "3", "--json", found,
          "--threads", "1")
    spectra = json.loads(found.read_text())["spectra"]
    assert [each["kind"] for each in spectra] == ["uv", "ir", "raman"]
    for each in spectra:
        assert len(each["values"]) == each["grid"]["points"]
        assert len(each["masked"]) == len(each["reconstruction"]) > 0
        for (first, last), (start, values) in zip(each["masked"], each["reconstruction"]):
            assert start == first and len(values) == last - first + 1
