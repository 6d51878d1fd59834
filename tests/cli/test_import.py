"""molspectra import: from a checkpoint to a model that evaluates and trains; bad files.

SPDX-License-Identifier: MIT
"""

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import SHORT, run, spectra

DATA = Path(__file__).parents[1] / "import" / "data"
EXPECTED = np.load(DATA / "expected.npz")
SPECIES = ["--species", "H,C,N,O", "--energy-unit", "kcal/mol"]
TOLERANCE = 1e-5  # of single precision, relative to the largest


def imported(path, checkpoint, *more):
    return run("import", "--checkpoint", checkpoint, "--output", path, *SPECIES, *more)


def refused(tmp_path, checkpoint, *words, more=()):
    output = tmp_path / "model.pt"
    result = imported(output, checkpoint, *more)
    assert result.returncode == 1, result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    for word in (Path(checkpoint).name, *words):
        assert str(word) in result.stderr
    assert not output.exists()


def repacked(tmp_path, change, name="historic"):
    """A checkpoint whose pickle went through `change`."""
    path = tmp_path / "changed.ckpt"
    with zipfile.ZipFile(DATA / f"{name}.ckpt") as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member.endswith("data.pkl") else content)
    return path


def renamed(tmp_path, old, new):
    """A checkpoint with another text in place of a key; texts have their length before them."""
    before, after = (b"X" + struct.pack("<I", len(text)) + text.encode() for text in (old, new))
    return repacked(tmp_path, lambda pickle: pickle.replace(before, after))


@pytest.mark.parametrize("name", ["smooth", "double", "historic"])
def test_imported_model_evaluates_as_the_original(tmp_path, name):
    assert imported(tmp_path / "model.pt", DATA / f"{name}.ckpt").returncode == 0
    energy, forces = (EXPECTED[f"{name}_ethanol_{key}"] for key in ("energy", "forces"))
    np.savez(tmp_path / "frame.npz", z=EXPECTED["ethanol_z"], R=EXPECTED["ethanol_pos"][None],
             E=energy, F=forces[None])
    result = run("evaluate", "--model", tmp_path / "model.pt", "--data", tmp_path / "frame.npz",
                 "--energy-unit", "kcal/mol", "--predictions", tmp_path / "found.npz")
    assert result.returncode == 0, result.stderr
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_allclose(found["energy"], energy, rtol=TOLERANCE)
    np.testing.assert_allclose(found["forces"], forces, rtol=0,
                               atol=TOLERANCE * np.abs(forces).max())


def test_imported_model_says_where_it_came_from(tmp_path):
    result = imported(tmp_path / "model.pt", DATA / "coord.ckpt")
    assert result.returncode == 0
    assert "warning:" in result.stderr and "vector_cutoff" in result.stderr
    shown = json.loads(run("inspect", tmp_path / "model.pt", "--json").stdout)
    assert shown["provenance"]["importedFrom"]["file"] == "coord.ckpt"
    assert shown["config"]["noiseHead"] and shown["config"]["vectorNorm"] == "whitened-anisotropic"
    assert shown["species"] == [1, 6, 7, 8]


def test_training_goes_on_from_an_imported_model(tmp_path, data):
    assert imported(tmp_path / "model.pt", DATA / "smooth.ckpt").returncode == 0
    result = run("finetune", "--model", tmp_path / "model.pt", "--data", data, "--output",
                 tmp_path / "run", *SHORT)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "model.pt").exists()


def test_imported_specformer_is_searched_with(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    assert imported(folder / "model.pt", DATA / "molspectra.ckpt").returncode == 0
    assert not (folder / "spectra.pt").exists()
    result = imported(folder / "model.pt", DATA / "molspectra.ckpt", "--spectra-output",
                      folder / "model.pt")
    assert result.returncode == 2 and "expected two files" in result.stderr
    result = imported(folder / "model.pt", DATA / "molspectra.ckpt", "--spectra-output",
                      folder / "spectra.pt")
    assert result.returncode == 0 and f"wrote {folder}/model.pt and {folder}/spectra.pt" in \
        result.stderr
    arrays = {key: value for key, value in spectra(24, complete=True).items()
              if not key.startswith("raman")}
    np.savez(tmp_path / "lines.npz", **arrays, raman=arrays["ir"])
    result = run("match", "--model", folder, "--held-back", tmp_path / "lines.npz", "--json",
                 tmp_path / "match.json", "--threads", 1)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "match.json").read_text())
    assert found["kinds"] == ["uv", "ir", "raman"] and found["molecules"] == 24


def test_truncated_checkpoint(tmp_path):
    whole = (DATA / "smooth.ckpt").read_bytes()
    for part in (1, 2, 3):
        path = tmp_path / "short.ckpt"
        path.write_bytes(whole[: len(whole) * part // 4])
        refused(tmp_path, path, "cut off")


def test_damaged_weights(tmp_path):
    content = bytearray((DATA / "smooth.ckpt").read_bytes())
    with zipfile.ZipFile(DATA / "smooth.ckpt") as archive:
        name = next(name for name in archive.namelist() if name.endswith("data/2"))
        content[content.find(archive.read(name))] ^= 1
    path = tmp_path / "damaged.ckpt"
    path.write_bytes(content)
    refused(tmp_path, path, "checksum")


def test_missing_file_and_file_of_another_kind(tmp_path, trained):
    refused(tmp_path, tmp_path / "absent.ckpt", "No such file")
    refused(tmp_path, trained / "model.pt", "TorchScript")
    (tmp_path / "old.ckpt").write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")
    refused(tmp_path, tmp_path / "old.ckpt", "before version 1.6", "torch.save")


def test_class_that_is_no_tensor_is_named(tmp_path):
    path = repacked(tmp_path, lambda pickle: pickle.replace(b"_rebuild_tensor_v2",
                                                            b"_rebuild_qtensor"))
    refused(tmp_path, path, "torch._utils._rebuild_qtensor")


def test_hyper_parameters_of_an_unknown_class_are_not_needed_to_be_known(tmp_path):
    path = repacked(tmp_path, lambda pickle: pickle.replace(b"cargparse\nNamespace",
                                                            b"celsewhere\nOptions"))
    assert imported(tmp_path / "model.pt", path).returncode == 0


def test_unknown_and_missing_tensors_are_named(tmp_path):
    layer = "model.representation_model.attention_layers.1."
    path = renamed(tmp_path, layer + "q_proj.bias", layer + "query.bias")
    refused(tmp_path, path, "attention_layers.1.q_proj.bias [12] is missing",
            "attention_layers.1.query.bias [12] is unknown")


def test_weights_that_are_no_numbers_are_named(tmp_path):
    path = tmp_path / "nan.ckpt"
    with zipfile.ZipFile(DATA / "smooth.ckpt") as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, b"\xff" * len(content) if member.endswith("data/2") else content)
    refused(tmp_path, path, "model.representation_model.embedding.weight", "nan", "finite")


def test_biases_on_vectors_are_refused(tmp_path):
    layer = "model.representation_model.attention_layers.1."
    path = renamed(tmp_path, layer + "o_proj.bias", layer + "vec_proj.bias")
    refused(tmp_path, path, "o_proj.bias [36] is missing", "vec_proj.bias is a bias on vectors")


def test_checkpoint_without_hyper_parameters(tmp_path):
    path = renamed(tmp_path, "hyper_parameters", "options")
    refused(tmp_path, path, "hyper_parameters", "--hparams")


def test_hyper_parameters_from_a_file_name_every_tensor_that_differs(tmp_path):
    shown = imported(tmp_path / "model.pt", DATA / "smooth.ckpt")
    assert shown.returncode == 0
    (tmp_path / "model.pt").unlink()
    hparams = tmp_path / "hparams.yaml"
    text = """model: equivariant-transformer
embedding_dimension: 12
num_layers: 2
num_heads: 3
num_rbf: RADIAL
rbf_type: expnorm
cutoff_lower: 0.0
cutoff_upper: 5.0
max_z: 10
neighbor_embedding: true
vector_cutoff: true
"""
    hparams.write_text(text.replace("RADIAL", "8"))
    refused(tmp_path, DATA / "smooth.ckpt", "distance_expansion.means is [6], expected [8]",
            "attention_layers.1.dv_proj.weight is [36,6], expected [36,8]",
            more=("--hparams", hparams))
    hparams.write_text(text.replace("RADIAL", "6"))
    assert imported(tmp_path / "model.pt", DATA / "smooth.ckpt", "--hparams",
                    hparams).returncode == 0


def test_what_no_checkpoint_says_has_to_be_given(tmp_path):
    arguments = ["import", "--checkpoint", DATA / "smooth.ckpt", "--output", tmp_path / "model.pt"]
    result = run(*arguments)
    assert result.returncode == 2 and "--energy-unit is missing" in result.stderr
    result = run(*arguments, "--energy-unit", "eV")
    assert result.returncode == 1 and "--species" in result.stderr
    result = run(*arguments, "--energy-unit", "calories", "--species", "H")
    assert result.returncode == 1 and "calories" in result.stderr
