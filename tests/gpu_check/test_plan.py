"""The steps as planned, what is packed, and a run without a device."""
# SPDX-License-Identifier: MIT
import json
import re
import sys

import commandline
import packing
import pytest
import plan
import steps

CARD = dict(card={"name": "card", "compute_cap": "9.0"}, torch=dict(cuda="13.0", sees=True),
            nvcc="nvcc", sanitizer="compute-sanitizer", sanitizerLimiter="--kernel-name",
            asked=True)


def settings(root, folder, **facts):
    return plan.Settings(root=root, work=folder, python=sys.executable, bring=folder,
                         facts={**CARD, **facts})


def test_every_step_has_its_own_name_and_a_limit(root, tmp_path):
    planned = plan.steps(settings(root, tmp_path))
    assert len({step.name for step in planned}) == len(planned)
    assert all(0 < step.limit <= 300 for step in planned)


def test_with_a_device_nothing_stands_in_the_way(root, tmp_path):
    assert not [step.obstacle for step in plan.steps(settings(root, tmp_path)) if step.obstacle]


@pytest.mark.parametrize("facts, reason", [
    (dict(asked=False), "no device could be used"), (dict(card={}), "nvidia-smi shows none"),
    (dict(torch={}), "no torch"), (dict(torch=dict(sees=False)), "torch sees no device")])
def test_without_a_device_every_step_that_needs_one_says_why(root, tmp_path, facts, reason):
    planned = plan.steps(settings(root, tmp_path, **facts))
    told = [step for step in planned if step.obstacle]
    assert all(reason in step.obstacle for step in told)
    assert {step.name for step in planned if step.device} == {step.name for step in told}


def test_correctness_comes_before_speed(root, tmp_path):
    names = [step.name for step in plan.steps(settings(root, tmp_path))]
    correct = ["contract-double", "cuda-graphs", "two-contexts", "leak", "racecheck-kernels"]
    assert max(map(names.index, correct)) < min(names.index("peers"), names.index("measure-graph"))


def test_steps_of_a_group_are_neighbors(root, tmp_path):
    groups = [step.group or step.name for step in plan.steps(settings(root, tmp_path))]
    seen = [group for k, group in enumerate(groups) if k == 0 or groups[k - 1] != group]
    assert len(set(seen)) == len(seen)


def test_every_measurement_of_the_program_is_planned(root):
    text = (root / "benchmarks/gpu/gpu_measure.cu").read_text()
    assert set(re.findall(r'\{"([\w-]+)", measure', text)) == set(plan.MEASUREMENTS)


def test_the_sanitizer_watches_every_kernel_of_ours(root, tmp_path):
    names = plan.kernelNames(root)
    assert len(names) > 3
    [step] = [step for step in plan.steps(settings(root, tmp_path))
              if step.name == "memcheck-kernels"]
    assert [f"kns={name}" for name in names] == [w for w in step.command if "kns=" in str(w)]


def test_code_is_for_the_card(root, tmp_path):
    for capability, expected in (("8.6", "86"), ("9.0", "90a"), ("12.0", "120a"), ("", "80;90a")):
        card = {"name": "card", "compute_cap": capability}
        assert plan.architecture(settings(root, tmp_path, card=card)) == expected


def test_versions_that_are_packed_are_those_of_requirements(root):
    chosen = packing.packages(root, peers=True)
    pins = packing.pins(root / "requirements/python.txt")
    assert f"openmm=={pins['openmm']}" in chosen["wheels"]
    assert f"openmm-cuda-13=={pins['openmm-cuda-13']}" in chosen["wheels"]
    assert any(name.startswith("acellera-openmmtorch") for name in chosen["peers"])
    assert list(packing.packages(root, peers=False)) == ["wheels"]


def test_nothing_is_packed_over_other_files(tmp_path, root):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="expected an empty folder"):
        packing.pack(root, tmp_path, "3.12", True)


def test_the_manifest_tells_sizes(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/a.whl").write_bytes(b"12345")
    packing.manifest(tmp_path)
    [row] = json.loads((tmp_path / "manifest.json").read_text())
    assert (row["name"], row["bytes"]) == ("wheels/a.whl", 5) and len(row["sha256"]) == 64


def test_a_run_without_a_device_reports_it(tmp_path):
    assert commandline.main(["run", "--no-device", "--work", str(tmp_path / "work"), "--output",
                             str(tmp_path / "out"), "--only", "install", "contract-single",
                             "measure-graph"]) == 0
    text = (tmp_path / "out/gpu.md").read_text()
    assert text.count("not run: no device could be used") == 2
    assert "not run: nothing was brought" in text and "| device | none |" in text


def test_the_log_folder_holds_a_log_a_step(tmp_path):
    step = steps.Step("said", "title", [sys.executable, "-c", "print(1)"], 60)
    steps.Runner(tmp_path, 60, tell=lambda *words, **more: None).run([step])
    assert (tmp_path / "said/log").read_text() == "1\n"
