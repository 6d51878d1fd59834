"""Steps: time limits, order, groups, and that a failing one stops no other."""
# SPDX-License-Identifier: MIT
import sys

import pytest
import steps

PATIENCE = 60  # seconds that a step may take on a busy machine


def step(name, code, **more):
    """A step that runs Python code."""
    return steps.Step(name, f"title of {name}", [sys.executable, "-c", code],
                      **{"limit": PATIENCE, **more})


@pytest.fixture
def run(tmp_path):
    def runSteps(*chosen, seconds=2 * PATIENCE):
        runner = steps.Runner(tmp_path / "log", seconds, tell=lambda *words, **more: None)
        return runner.run(chosen)
    return runSteps


def test_exit_status_decides(run):
    good, bad = run(step("good", ""), step("bad", "print('why'); raise SystemExit(3)"))
    assert (good.result, bad.result) == ("pass", "fail")
    assert bad.reason == "exit status 3" and bad.tail == "why"


def test_a_failing_step_stops_no_other(run):
    results = [outcome.result for outcome in run(step("a", "1/0"), step("b", ""))]
    assert results == ["fail", "pass"]


def test_a_step_beyond_its_limit_is_ended_with_its_children(run, tmp_path):
    marker = tmp_path / "marker"
    child = f"import time; time.sleep(3); open({str(marker)!r}, 'w')"
    [outcome] = run(step("slow", "import subprocess, sys, time\n"
                         f"subprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(60)",
                         limit=1))
    assert outcome.result == "fail" and outcome.reason == "not ended after 1 s"
    [waited] = run(step("wait", "import time; time.sleep(4)"))
    assert waited.result == "pass" and not marker.exists()


def test_steps_of_one_group_run_at_the_same_time(run, tmp_path):
    """Each ends only when the other has begun."""
    code = ("import pathlib, time\npathlib.Path({own!r}).touch()\n"
            "while not pathlib.Path({other!r}).exists(): time.sleep(0.05)")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    outcomes = run(step("a", code.format(own=a, other=b), group="both"),
                   step("b", code.format(own=b, other=a), group="both"))
    assert [outcome.result for outcome in outcomes] == ["pass", "pass"]


def test_a_limit_holds_while_neighbors_go_on(run):
    short, longer = run(step("short", "import time; time.sleep(60)", limit=1, group="both"),
                        step("longer", "import time; time.sleep(6)", group="both"))
    assert (short.result, longer.result) == ("fail", "pass")
    assert short.seconds < longer.seconds


def test_what_cannot_start_says_why(run, tmp_path):
    outcomes = run(step("told", "", obstacle="no device"),
                   step("early", "", requires=(tmp_path / "program",)),
                   steps.Step("absent", "", [tmp_path / "nothing"], PATIENCE))
    assert {outcome.result for outcome in outcomes} == {"not run"}
    assert outcomes[0].reason == "no device"
    assert outcomes[1].reason == "there is no program, which an earlier step makes"
    assert outcomes[2].reason.endswith("No such file or directory")


def test_nothing_starts_when_the_time_is_used_up(run):
    [outcome] = run(step("late", ""), seconds=steps.LEAST - 1)
    assert outcome.result == "not run" and "used up" in outcome.reason


def test_a_reader_judges_and_may_say_that_nothing_ran(run):
    def refused(code, log, folder):
        return steps.Reading(False, notRun=f"refused: {log.strip()}")

    def wrong(code, log, folder):
        return steps.Reading(False, "2 of 3", [{"value": 1}])

    first, second = run(step("a", "print('device')", read=refused), step("b", "", read=wrong))
    assert (first.result, first.reason) == ("not run", "refused: device")
    assert (second.result, second.figures, second.rows) == ("fail", "2 of 3", [{"value": 1}])
    assert second.reason == "by what it wrote"


def test_a_step_has_its_own_variables_and_folder(run, tmp_path):
    [outcome] = run(step("own", "import os, pathlib; pathlib.Path(os.environ['MADE']).touch()",
                         variables={"MADE": "file"}))
    assert outcome.result == "pass" and (tmp_path / "log/own/file").exists()
