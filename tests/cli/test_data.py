"""molspectra data: what it tells of files, the shards it makes, and bad input.

SPDX-License-Identifier: MIT
"""

import json
import subprocess
import zipfile

import numpy as np
import pytest
from conftest import CPU_ONLY, PROGRAM, peak, run, water

WATER = "3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n"
METHANE = ("5\n\nC 0 0 0\nH 0.63 0.63 0.63\nH -0.63 -0.63 0.63\nH -0.63 0.63 -0.63\n"
           "H 0.63 -0.63 -0.63\n")
GROWTH = 4  # MiB that a run may take more after ten times the rows


def found(*arguments):
    result = run("data", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def refused(*arguments, code=1):
    result = run("data", *arguments)
    assert result.returncode == code, result.stdout + result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr


@pytest.fixture
def molecules(tmp_path):
    """Four frames of two molecules."""
    path = tmp_path / "molecules.xyz"
    path.write_text(WATER + METHANE + WATER.replace("0.96", "0.99") + METHANE)
    return path


def csv(path, rows, grid=(500, 501, 502), first="index"):
    lines = [",".join([first, *map(str, grid)])]
    path.write_text("\n".join(lines + [",".join(map(str, row)) for row in rows]) + "\n")
    return path


def test_summary_counts_what_is_there(molecules):
    text = run("data", molecules).stdout
    assert "molecules     4" in text
    assert "16, 3 to 5 in a molecule" in text
    assert "H 4, C 2, O 2 molecules" in text
    assert "duplicates    2" in text
    assert "failed        0" in text


def test_shards_hold_the_molecules_and_spectra(tmp_path, molecules):
    ir = csv(tmp_path / "ir.csv", [(0, 1, 2, 3), (2, 4, 5, 6), (7, 1, 1, 1)])
    uv = csv(tmp_path / "uv.csv", [(3, 0.5, 0)], grid=(1, 1.02))
    report = found(molecules, "--ir", ir, "--uv", uv, "--output", tmp_path / "out",
                   "--shard-size", 3)
    assert report["shards"] == 2
    assert report["spectra"]["ir"]["rows"]["joined"] == 2
    assert report["spectra"]["ir"]["rows"]["without_molecule"] == 1
    shard = np.load(tmp_path / "out" / "shard-00000.npz")
    assert shard["atom_offset"].tolist() == [0, 3, 8, 11]
    assert shard["z"].dtype == np.uint8 and shard["z"].tolist()[:4] == [8, 1, 1, 6]
    assert shard["pos"].dtype == np.float32 and shard["pos"].shape == (11, 3)
    assert shard["ir_has"].tolist() == [1, 0, 1]
    assert shard["ir_grid"].tolist() == [500, 1]
    assert shard["ir_curve"].tolist() == [[1, 2, 3], [0, 0, 0], [4, 5, 6]]
    last = np.load(tmp_path / "out" / "shard-00001.npz")
    assert last["index"].tolist() == [3] and "ir_curve" not in last
    assert last["uv_curve"].tolist() == [[0.5, 0]]
    again = found(tmp_path / "out")
    assert again["molecules"] == 4 and again["spectra"]["ir"]["curves"] == 2
    assert again["spectra"]["uv"]["grids"] == [{"start": 1, "step": pytest.approx(0.02),
                                               "points": 2}]


def test_spectra_of_all_kinds_are_joined(tmp_path, molecules):
    curves = {kind: [n + 1, 0.5, 2 * n] for n, kind in enumerate(("uv", "ir", "raman"))}
    uv, ir, raman = (csv(tmp_path / f"{kind}.csv", [(2, *curve)], grid=(4, 4.5, 5))
                     for kind, curve in curves.items())
    report = found("--source", molecules, "--uv", uv, "--ir", ir, "--raman", raman, "--output",
                   tmp_path / "out")
    shard = np.load(tmp_path / "out" / "shard-00000.npz")
    for kind, curve in curves.items():
        assert report["spectra"][kind]["rows"]["joined"] == 1
        assert shard[f"{kind}_has"].tolist() == [0, 0, 1, 0]
        assert shard[f"{kind}_curve"][2].tolist() == curve


@pytest.mark.parametrize("columns", ["index,id,smiles", "index,smiles,id", "id,idx,smiles"])
@pytest.mark.parametrize("names", [("a", "b", "c"), (962, 222, 297)])
def test_an_index_is_not_replaced_by_an_id(tmp_path, columns, names):
    rows = [columns]
    for number, (name, smiles) in enumerate(zip(names, ("O", "N", "C")), 1):
        cells = dict(index=number, idx=number, id=name, smiles=smiles)
        rows.append(",".join(str(cells[title]) for title in columns.split(",")))
    path = tmp_path / "a.csv"
    path.write_text("\n".join(rows) + "\n")
    found(path, "--output", tmp_path / "out")
    shard = np.load(tmp_path / "out" / "shard-00000.npz")
    assert shard["index"].tolist() == [1, 2, 3]
    assert shard["z"][shard["atom_offset"][:-1]].tolist() == [8, 7, 6]


def test_rows_numbered_from_one_are_refused_beside_records_that_fail(tmp_path, molecules):
    molecules.write_text(molecules.read_text() + WATER.replace("H", "Qq"))
    ir = csv(tmp_path / "ir.csv", [(n, 1, 2, 3) for n in (1, 2, 4, 5)])
    assert "numbered from 1 to 5 and the molecules from 0 to 4" in refused(molecules, "--ir", ir)
    molecules.write_text(WATER.replace("H", "Qq") + METHANE + WATER)
    ir = csv(tmp_path / "ir.csv", [(n, 1, 2, 3) for n in (1, 2, 3)])
    assert "numbered from 1 to 3 and the molecules from 0 to 2" in refused(molecules, "--ir", ir)


def test_lengths_are_in_the_unit_that_a_file_tells(tmp_path):
    arrays = water(4)
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez(tmp_path / "b.npz", **{**arrays, "R": arrays["R"] / 0.529177210903}, r_unit="bohr")
    shards = []
    for name in "ab":
        found(tmp_path / f"{name}.npz", "--output", tmp_path / name)
        shards.append(np.load(tmp_path / name / "shard-00000.npz")["pos"])
    assert shards[1] == pytest.approx(shards[0], abs=1e-6)


def test_frames_with_other_columns_fail(tmp_path):
    path = tmp_path / "a.xyz"
    plain, other = ("Properties=species:S:1:" + rest for rest in ("pos:R:3", "forces:R:3:pos:R:3"))
    path.write_text(WATER.replace("\n\n", f"\n{plain}\n", 1) +
                    WATER.replace("\n\n", f"\n{other}\n", 1) + WATER)
    report = run("data", path)
    assert "failed        1" in report.stdout
    assert "frame 1: its columns are not those of the first frame" in report.stdout + report.stderr


@pytest.mark.parametrize("pbc, read", [("F F F", 1), ("False False False", 1), ("T F F", 0)])
def test_a_lattice_counts_where_it_is_periodic(tmp_path, pbc, read):
    path = tmp_path / "a.xyz"
    comment = f'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3 pbc="{pbc}"'
    path.write_text(WATER.replace("\n\n", f"\n{comment}\n", 1) + WATER)
    assert found(path)["molecules"] == read + 1


def test_line_ends_of_old_macs_are_told(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_bytes(WATER.replace("\n", "\r").encode())
    assert "its lines end with CR alone" in refused(path)


def test_excluded_and_repeated_molecules_are_left_out(tmp_path, molecules, data):
    report = found(molecules, "--exclude", data, "--unique", "--output", tmp_path / "out")
    assert report["left_out"] == {"excluded": 2, "repeated": 1}
    assert report["molecules"] == 1
    assert np.load(tmp_path / "out" / "shard-00000.npz")["index"].tolist() == [1]


def test_limit_takes_the_first(molecules):
    assert found(molecules, "--limit", 3)["molecules"] == 3


def test_smiles_become_geometries_and_failures_are_listed(tmp_path):
    path = tmp_path / "a.smi"
    path.write_text("CCO\nnot_smiles\nc1ccccc1\nC(C)(C)(C)(C)C\n")
    report = found(path, "--threads", 2)
    assert report["molecules"] == 2 and report["failed"] == 2
    assert [r.split(":")[0] for r in report["sources"][0]["reasons"]] == ["line 2", "line 4"]
    assert "2 molecules could not be read" in run("data", path).stdout


def test_text_shows_some_failures_and_json_all(tmp_path):
    path = tmp_path / "a.smi"
    path.write_text("O\n" + 30 * "not_smiles\n")
    assert len(found(path)["sources"][0]["reasons"]) == 30
    text = run("data", path).stdout
    assert text.count("not_smiles") == 20 and "and 10 more; --json lists them" in text


def test_drawings_are_embedded_if_asked_for(tmp_path):
    path = tmp_path / "a.sdf"
    path.write_text("methanol\n                    2D\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n"
                    "    0.0000    0.0000    0.0000 C   0  0\n"
                    "    1.2990    0.7500    0.0000 O   0  0\n  1  2  1  0\nM  END\n$$$$\n")
    assert found(path, "--embed")["atoms"]["total"] == 6
    assert "--embed" in refused(path)


def test_rows_that_may_be_numbered_from_one_are_refused_beside_a_limit(tmp_path, molecules):
    ir = csv(tmp_path / "ir.csv", [(n, 1, 2, 3) for n in (1, 2, 3, 4)])
    message = refused(molecules, "--ir", ir, "--limit", 3, "--output", tmp_path / "out")
    assert "ir.csv" in message and "begin with 1" in message and "--limit" in message
    assert not list(tmp_path.glob("out*"))
    table = tmp_path / "a.csv"
    table.write_text("index,smiles\n0,O\n1,C\n2,N\n3,O\n")
    assert found(table, "--ir", ir, "--limit", 3)["spectra"]["ir"]["rows"]["joined"] == 2
    ir = csv(tmp_path / "ir.csv", [(n, 1, 2, 3) for n in (0, 1, 2, 3)])
    assert found(molecules, "--ir", ir, "--limit", 3)["spectra"]["ir"]["rows"]["joined"] == 3


def test_nothing_is_left_of_a_conversion_that_fails(tmp_path):
    path = tmp_path / "a.xyz"
    path.write_text(WATER + METHANE)
    ir = csv(tmp_path / "ir.csv", [(1, 1, 2, 3), (2, 1, 2, 3)])
    refused(path, "--ir", ir, "--output", tmp_path / "out", "--shard-size", 1)
    assert not list(tmp_path.glob("out*"))


def test_zip_of_xyz_files_is_read_by_number(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pcqm/0/11.xyz", WATER)
        archive.writestr("pcqm/0/12.xyz", METHANE.replace("\n\n", "\n"))
        archive.writestr("pcqm/0/13.xyz", "3\n\nO 0 0")
    report = found(tmp_path / "a.zip", "--output", tmp_path / "out")
    assert report["failed"] == 1
    assert np.load(tmp_path / "out" / "shard-00000.npz")["index"].tolist() == [11, 12]


def test_bad_rows_of_spectra_are_listed_by_line(tmp_path, molecules):
    path = csv(tmp_path / "ir.csv", [(0, 1, 2), (1, 1, "nan", 1), (2, 1, -1, 1), (3, 1, 1, 1)])
    rows = found(molecules, "--ir", path)["spectra"]["ir"]["rows"]
    assert rows["joined"] == 1 and rows["failed"] == 3
    assert "line 2: it has 2 intensities, expected 3" in rows["reasons"][0]
    assert "line 3: cell 2 is \"nan\"" in rows["reasons"][1]
    assert "line 4: cell 2 is -1" in rows["reasons"][2]
    assert "ir: 3 rows could not be read" in run("data", molecules, "--ir", path).stdout


def test_wrong_grids_are_refused(tmp_path, molecules):
    path = csv(tmp_path / "ir.csv", [(0, 1, 2, 3)], grid=(500, 501, 503))
    assert "the points must be equidistant" in refused(molecules, "--ir", path)
    path = csv(tmp_path / "ir.csv", [(0, 1, 2, 3)], grid=(4000, 3999, 3998))
    assert "goes from 4000 to 3998, expected ascending" in refused(molecules, "--ir", path)
    path.write_text("")
    assert "the file is empty" in refused(molecules, "--ir", path)


def test_spectra_are_not_joined_behind_lines_of_no_frame(tmp_path, molecules):
    molecules.write_text(WATER + "1341.3 1341.4 1625.2\n" + METHANE)
    ir = csv(tmp_path / "ir.csv", [(0, 1, 2, 3), (1, 4, 5, 6)])
    assert "line 6 is no molecule" in refused(molecules, "--ir", ir)
    assert found(molecules)["molecules"] == 2


def test_limit_counts_over_all_sources(tmp_path, molecules):
    others = [tmp_path / "a.xyz", tmp_path / "b.xyz"]
    for path in others:
        path.write_text(WATER)
    assert found(molecules, *others, "--limit", 4)["molecules"] == 4


def test_spectra_go_with_one_source(tmp_path, molecules):
    path = csv(tmp_path / "ir.csv", [(0, 1, 2, 3)])
    assert "one source" in refused(molecules, molecules, "--ir", path, code=2)


def test_truncated_shard_is_refused_and_leaves_no_folder(tmp_path, molecules):
    found(molecules, "--output", tmp_path / "out")
    shard = tmp_path / "out" / "shard-00000.npz"
    shard.write_bytes(shard.read_bytes()[:-100])
    assert "shard-00000.npz" in refused(tmp_path / "out", "--output", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_shard_with_impossible_spectra_is_refused(tmp_path):
    arrays = dict(atom_offset=[0, 1], z=np.array([2], np.uint8), pos=np.zeros((1, 3)),
                  mode_offset=[0, 1], freq=[1000.0], ir=[-5.0])
    np.savez(tmp_path / "a.npz", **arrays)
    assert "array ir: molecule 0" in refused(tmp_path / "a.npz")


def test_file_without_any_molecule_is_refused_with_the_first_reason(tmp_path):
    path = tmp_path / "a.sdf"
    path.write_text("words\n$$$$\n")
    line = refused(path, "--output", tmp_path / "out")
    assert "no molecule is left" in line and "record 0" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name, words", [("absent.sdf", "No such file"), ("a.pdf", "\"pdf\""),
                                         ("train.sdf.tar.gz", "unpack the archive first")])
def test_files_that_cannot_be_read_are_named(tmp_path, name, words):
    assert words in refused(tmp_path / name)


def test_folder_of_shards_is_never_written_over(tmp_path, molecules):
    found(molecules, "--output", tmp_path / "out")
    assert "not empty" in refused(molecules, "--output", tmp_path / "out")


def test_command_lines_without_sense_are_usage_errors(molecules):
    assert "no file of molecules" in refused(code=2)
    assert "--limit is -2" in refused(molecules, "--limit", "-2", code=2)
    assert "--threads is -1" in refused(molecules, "--threads", "-1", code=2)


def test_training_data_are_read_as_geometries(tmp_path):
    arrays = water(frames=5)
    rest = np.array([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    arrays["R"] = rest * np.linspace(1, 1.05, 5)[:, None, None]
    np.savez(tmp_path / "md.npz", **arrays)
    assert found(tmp_path / "md.npz")["duplicates"] == 4


def test_memory_does_not_grow_with_the_files(tmp_path):
    """The rows come as they are read, so that its memory is known after some and after all."""
    few, many, points = 200, 2000, 3501
    (tmp_path / "m.xyz").write_text(WATER * many)
    row = ",1.25" * points + "\n"
    assert 4 * points * (many - few) > 3 * GROWTH * 2**20
    process = subprocess.Popen(
        list(map(str, [PROGRAM, "data", tmp_path / "m.xyz", "--ir", "/dev/stdin", "--output",
                       tmp_path / "out", "--shard-size", 100])), env=CPU_ONLY, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sizes = []
    with process.stdin as file:
        file.write("index," + ",".join(map(str, range(500, 500 + points))) + "\n")
        for index in range(many):
            file.write(str(index) + row)
            if index + 1 in (few, many):
                file.flush()
                sizes.append(peak(process))
    assert process.wait() == 0, process.stderr.read()
    assert sizes[1] < sizes[0] + GROWTH, sizes
    assert len(list((tmp_path / "out").iterdir())) == many // 100
