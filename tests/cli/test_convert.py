"""The converters of other programs' containers: QM9S, QM9SP and ANI-1x, in miniature.

SPDX-License-Identifier: MIT
"""

import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from conftest import run

SCRIPTS = Path(__file__).parents[2] / "scripts"
WATER = [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]
METHANE = [[0, 0, 0], [0.63, 0.63, 0.63], [-0.63, -0.63, 0.63], [-0.63, 0.63, -0.63],
           [0.63, -0.63, -0.63]]


def convert(script, *arguments):
    return subprocess.run([sys.executable, str(SCRIPTS / script), *map(str, arguments)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)


def inspected(folder):
    result = run("data", folder, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def refused(result, *words):
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert all(str(word) in result.stderr for word in words), result.stderr


@pytest.fixture
def geometric(monkeypatch):
    """Classes of PyTorch Geometric's names that pickle as its own do: a store that holds the
    fields and points back."""
    module = types.ModuleType("torch_geometric.data.data")
    storage = types.ModuleType("torch_geometric.data.storage")

    class Data:
        def __init__(self, **held):
            self.__dict__["_store"] = storage.GlobalStorage(self, held)

    class GlobalStorage:
        def __init__(self, parent, held):
            self.__dict__.update(_mapping=held, _parent=parent)

    for cls, home in ((Data, module), (GlobalStorage, storage)):
        cls.__module__, cls.__qualname__ = home.__name__, cls.__name__
        setattr(home, cls.__name__, cls)
    for name in ("torch_geometric", "torch_geometric.data"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for home in (module, storage):
        monkeypatch.setitem(sys.modules, home.__name__, home)
    return module


def test_list_of_molecules_becomes_shards(tmp_path, geometric):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    held = [geometric.Data(z=torch.tensor([8, 1, 1]), pos=torch.tensor(WATER), number=[1],
                           smile="O", energy=np.float64(-76.0)),
            geometric.Data(z=torch.tensor([8, 1]), pos=torch.tensor(WATER)),
            geometric.Data(z=torch.tensor([6, 1, 1, 1, 1]), pos=torch.tensor(METHANE))]
    torch.save(held, tmp_path / "qm9s.pt")
    result = convert("convert_qm9s.py", tmp_path / "qm9s.pt", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "1 molecules were left out" in result.stderr and "molecule 1: " in result.stderr
    assert inspected(tmp_path / "out")["elements"] == {"H": 2, "C": 1, "O": 1}
    assert np.load(tmp_path / "out" / "shard-00000.npz")["index"].tolist() == [0, 2]


def test_collated_molecules_keep_their_spectra(tmp_path, geometric):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    curves = {kind: torch.rand(2, points) for kind, points in
              (("uv", 701), ("ir", 3501), ("raman", 3501))}
    data = geometric.Data(z=torch.tensor([8, 1, 1, 6, 1, 1, 1, 1]),
                          pos=torch.tensor(WATER + METHANE), **curves)
    slices = {"z": torch.tensor([0, 3, 8]), "pos": torch.tensor([0, 3, 8]),
              **{kind: torch.tensor([0, 1, 2]) for kind in curves}}
    torch.save((data, slices), tmp_path / "data.pt")
    result = convert("convert_qm9s.py", tmp_path / "data.pt", tmp_path / "out", "--shard-size", 1)
    assert result.returncode == 0, result.stderr
    assert "2 molecules in 2 shards" in result.stdout
    spectra = inspected(tmp_path / "out")["spectra"]
    assert [spectra[kind]["curves"] for kind in ("uv", "ir", "raman")] == [2, 2, 2]
    assert spectra["uv"]["grids"] == [{"start": 1, "step": 0.02, "points": 701}]
    shard = np.load(tmp_path / "out" / "shard-00001.npz")
    assert (shard["raman_curve"][0] == curves["raman"][1].numpy()).all()


def test_spectra_of_the_wrong_length_are_left_out(tmp_path, geometric):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    data = geometric.Data(z=torch.tensor([8, 1, 1]), pos=torch.tensor(WATER),
                          ir=torch.rand(1, 3500))
    torch.save((data, {key: torch.tensor([0, 3 if key != "ir" else 1])
                       for key in ("z", "pos", "ir")}), tmp_path / "data.pt")
    result = convert("convert_qm9s.py", tmp_path / "data.pt", tmp_path / "out")
    assert result.returncode == 1
    assert "ir has 3500 points, expected 3501" in result.stderr
    assert "no molecule was found" in result.stderr


class Harmful:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_files_that_name_anything_else_are_refused_and_not_executed(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.save([Harmful(tmp_path / "made")], tmp_path / "bad.pt")
    refused(convert("convert_qm9s.py", tmp_path / "bad.pt", tmp_path / "out"), "bad.pt", "open")
    assert not (tmp_path / "made").exists()


def test_files_that_are_none_are_refused(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    (tmp_path / "text.pt").write_text("once upon a time")
    refused(convert("convert_qm9s.py", tmp_path / "text.pt", tmp_path / "out"), "text.pt")
    refused(convert("convert_qm9s.py", tmp_path / "absent.pt", tmp_path / "out"), "no such file")


@pytest.fixture
def ani(monkeypatch):
    """The converter as a module, and two formulas as its file has them."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    spec = importlib.util.spec_from_file_location("convert_ani1x", SCRIPTS / "convert_ani1x.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    frames = np.array(WATER) + 0.01 * np.arange(10)[:, None, None]
    broken = np.array([METHANE, METHANE])
    broken[1, 2] = np.nan
    return module, {"H2O1": {"atomic_numbers": np.array([8, 1, 1]), "coordinates": frames},
                    "C1H4": {"atomic_numbers": np.array([6, 1, 1, 1, 1]), "coordinates": broken}}


def test_formulas_become_shards(tmp_path, ani):
    module, groups = ani
    writer = module.ShardWriter(tmp_path / "out", 4)
    failures = module.convert(groups, writer, most=5)
    writer.close()
    assert failures == ["group C1H4 frame 1: a coordinate is not finite"]
    assert inspected(tmp_path / "out")["molecules"] == 6
    indices = np.concatenate([np.load(path)["index"]
                              for path in sorted((tmp_path / "out").glob("*.npz"))])
    assert indices.tolist() == [0, 2, 4, 6, 9, 11]


def test_hdf5_files_are_read_or_the_missing_package_is_named(tmp_path, ani):
    _, groups = ani
    path = tmp_path / "ani.h5"
    if importlib.util.find_spec("h5py") is None:
        refused(convert("convert_ani1x.py", path, tmp_path / "out"), "h5py is missing")
        return
    import h5py
    with h5py.File(path, "w") as file:
        for name, arrays in groups.items():
            for key, values in arrays.items():
                file[f"{name}/{key}"] = values
    result = convert("convert_ani1x.py", path, tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert inspected(tmp_path / "out")["molecules"] == 11
