"""What is read out of logs and lists of tests."""
# SPDX-License-Identifier: MIT
import json

import pytest
import reading

GOOGLE = """<testsuites><testsuite name="All">
<testcase name="A/CUDAsingle" status="run" result="completed"/>
<testcase name="B/CUDAsingle" status="run" result="skipped"><skipped message="m"/></testcase>
{more}</testsuite></testsuites>"""
FAILED = '<testcase name="C/CUDAsingle" status="run"><failure message="m"/></testcase>'
ALL_SKIPPED = ('<testsuites><testsuite name="pytest"><testcase name="a"><skipped/></testcase>'
               '</testsuite></testsuites>')


def measured(folder, *rows):
    (folder / reading.ROWS).write_text(json.dumps({"rows": rows}))
    return reading.measurement(0, "", folder)


def row(value=1.0, check="right", what="a case"):
    return dict(measurement="graph", what=what, value=value, unit="us", check=check, note="")


def test_tests_that_ran_are_counted(tmp_path):
    (tmp_path / reading.JUNIT).write_text(GOOGLE.format(more=""))
    found = reading.tests(0, "", tmp_path)
    assert found.right and found.figures == "1 tests, 0 failed, 1 skipped"


def test_a_failed_test_is_named(tmp_path):
    (tmp_path / reading.JUNIT).write_text(GOOGLE.format(more=FAILED))
    found = reading.tests(1, "", tmp_path)
    assert not found.right and "C/CUDAsingle" in found.figures


@pytest.mark.parametrize("text", ["<testsuites/>", ALL_SKIPPED])
def test_no_test_at_all_is_no_pass(tmp_path, text):
    (tmp_path / reading.JUNIT).write_text(text)
    assert not reading.tests(0, "", tmp_path).right


def test_a_missing_list_of_tests_is_no_pass(tmp_path):
    assert not reading.tests(0, "", tmp_path).right


@pytest.mark.parametrize("code, summary, right", [
    (0, "100% tests passed, 0 tests failed out of 48", True),
    (8, "98% tests passed, 1 tests failed out of 48", False),
    (0, "1/1 Test #1: a ***Skipped\n100% tests passed, 0 tests failed out of 1", False),
    (0, "No tests were found!!!", False)])
def test_the_summary_of_ctest_is_read(tmp_path, code, summary, right):
    assert reading.ctest(code, summary, tmp_path).right == right


@pytest.mark.parametrize("code, log, right", [
    (0, "[==========] 3 tests from 1 test suite ran.\n========= ERROR SUMMARY: 0 errors", True),
    (0, "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)", True),
    (99, "========= ERROR SUMMARY: 2 errors", False),
    (99, "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)", False),
    (0, "[==========] 0 tests from 0 test suites ran.\n========= ERROR SUMMARY: 0 errors", False),
    (0, "the program's own words", False)])
def test_the_summary_of_the_sanitizer_is_read(tmp_path, code, log, right):
    assert reading.sanitizer(code, log, tmp_path).right == right


def test_a_device_that_the_sanitizer_refuses_is_no_failure(tmp_path):
    found = reading.sanitizer(1, "========= Error: Device not supported.", tmp_path)
    assert "does not support" in found.notRun


def test_measurements_are_right_if_no_check_is_wrong(tmp_path):
    found = measured(tmp_path, row(), row(value=None, check=""))
    assert found.right and found.figures == "1 of 2 figures" and len(found.rows) == 2
    wrong = measured(tmp_path, row(), row(check="wrong: 3 of 4 values", what="16 blocks"))
    assert not wrong.right and "wrong: 16 blocks" in wrong.figures


def test_measurements_without_a_figure_are_no_pass(tmp_path):
    assert not measured(tmp_path, row(value=None, check="")).right
    assert not measured(tmp_path).right


def test_ratios_to_the_peers_are_told(tmp_path):
    rows = [dict(side="network", ratio=3.456), dict(side="peer", note="it ended")]
    (tmp_path / reading.ROWS).write_text(json.dumps({"rows": rows}))
    found = reading.peers(0, "", tmp_path)
    assert found.right and found.figures == "times as fast as network 3.46"


def test_the_check_command_must_find_CUDA_ready_and_used(tmp_path):
    ready = "platform CPU: ready\nplatform CUDA: ready (a card)\n"
    used = "m.pt on CUDA: evaluated by torchscript: single precision\n"
    assert reading.checkCommand(0, ready + used, tmp_path).right
    assert not reading.checkCommand(0, ready, tmp_path).right
    assert not reading.checkCommand(0, "platform CUDA: not usable: x\n" + used, tmp_path).right
