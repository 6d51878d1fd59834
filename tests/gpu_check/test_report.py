"""The report: what it says of steps that ran, that failed, and that could not run."""
# SPDX-License-Identifier: MIT
import json

import commandline
import pytest
import report
import steps

FACTS = dict(card={"name": "NVIDIA H200", "driver_version": "580.1", "compute_cap": "9.0",
                   "memory.total": "143771 MiB"},
             torch=dict(version="2.11.0", cuda="13.0", folder="/opt/torch/site-packages/torch"),
             nvcc="/usr/local/cuda/bin/nvcc", nvccVersion="V13.0", compiler="c++ 13", cores=16,
             python="Python 3.12.3")


def outcome(name, result="pass", **more):
    return steps.Outcome(name, f"title of {name}", result, seconds=1.4, **more)


def measured(what, value, unit, check="right"):
    return dict(measurement="m", what=what, value=value, unit=unit, check=check, note="")


def peer(side, ratio):
    return dict(side=side, ratio=ratio, ours_ms=0.5, peer_ms=0.5 * ratio, peer="words",
                evaluator="torchscript: CUDA graph")


def page(*outcomes):
    return report.page(report.gather(FACTS, outcomes))


@pytest.fixture
def blank(tmp_path):
    assert commandline.main(["blank", str(tmp_path)]) == 0
    return tmp_path


def test_a_blank_report_says_of_every_line_that_it_is_unmeasured(blank):
    text = (blank / "gpu.md").read_text()
    content = json.loads((blank / "gpu.json").read_text())
    assert "Every line of this page is unmeasured" in text and report.COMMAND in text
    assert len(content["steps"]) > 20
    for step in content["steps"]:
        assert f"| {step['title']} | unmeasured |" in text
    for side in report.SIDES.values():
        assert f"| {side} | unmeasured |" in text


def test_the_page_follows_from_the_figures_alone(blank):
    before = (blank / "gpu.md").read_text()
    (blank / "gpu.md").unlink()
    assert commandline.main(["report", str(blank)]) == 0
    assert (blank / "gpu.md").read_text() == before


def test_the_project_has_the_page_of_its_figures(root):
    content = json.loads((root / "docs/results/gpu.json").read_text())
    assert (root / "docs/results/gpu.md").read_text() == report.page(content)


def test_device_and_results_are_told():
    text = page(outcome("a", figures="12 tests"), outcome("b", "not run", reason="no nvcc"))
    assert "on NVIDIA H200: 1 steps pass, 0 fail, 1 were not run" in text
    assert "| title of a | passes | 1 | 12 tests |" in text
    assert "| title of b | not run: no nvcc | - |  |" in text
    assert "| LibTorch | 2.11.0, CUDA 13.0 |" in text and "| driver | 580.1 |" in text


def test_a_failing_step_shows_the_end_of_its_log():
    text = page(outcome("a", "fail", reason="exit status 1", tail="the last words"))
    assert "**fails**: exit status 1" in text and "```\nthe last words\n```" in text


def test_folders_of_the_machine_are_left_out():
    words = "at /opt/x/y/main.cpp:3, https://a/b/c"
    content = report.gather(FACTS, [outcome("a", "fail", tail=words)])
    assert content["steps"][0]["tail"] == "at main.cpp:3, https://a/b/c"
    assert content["machine"]["torch"]["folder"] == "torch"


def test_ratios_are_judged_by_what_is_wanted():
    rows = [peer("network", 3.5), peer("network-with-graph", 1.2),
            dict(side="peer", note="no torchmdnet")]
    text = page(outcome("peers", rows=rows))
    assert "| 3.50 | 3: **holds** |" in text and "| 1.20 | 1.3: **does not hold** |" in text
    assert "does not run: no torchmdnet" in text and "Ours: torchscript: CUDA graph." in text


def test_measurements_are_listed_and_gaps_are_told():
    text = page(outcome("measure-graph", rows=[measured("16 blocks", 1.25, "us a node")]),
                outcome("measure-gather", "not run", reason="no device"))
    assert "| m | 16 blocks | 1.25 | us a node | right |  |" in text
    assert "| gather | title of measure-gather | unmeasured |" in text


def test_the_design_is_decided_by_nodes_and_exchanges():
    node, exchange = 1.5, 0.75
    rows = [measured("132 blocks, plain edges", node, "us a node"),
            measured("132 blocks, plain edges, cudaGraphLaunch on the CPU", 0.1, "us a launch")]
    gathers = [measured("cluster of 16, st.async", exchange, "us"),
               measured("cluster of 16, cp.async.bulk", 0.1, "us", "wrong: 1 of 2 values"),
               measured("16 blocks without cluster, through L2", 0.2, "us")]
    text = page(outcome("measure-graph", rows=rows), outcome("measure-gather", rows=gathers))
    longest = exchange + report.CLUSTER_WORK / report.EXCHANGES - node
    assert f"more than **{longest:.2f} us**" in text
    assert "is open: unmeasured" in page(outcome("measure-graph", rows=rows))
