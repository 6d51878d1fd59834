"""What the logs and files of the steps' programs say.

SPDX-License-Identifier: MIT

Each reader gets the exit status, the log's text and the step's folder, and returns a Reading.
"""

import json
import re
import xml.etree.ElementTree as xml

from steps import Reading

JUNIT = "junit.xml"  # that GoogleTest and pytest write into the step's folder
ROWS = "rows.json"   # that the measurements write there
UNSUPPORTED = "Device not supported"  # what compute-sanitizer says of a device it refuses


def counts(folder):
    """-> tests that ran, failures, skipped ones"""
    root = xml.parse(folder / JUNIT).getroot()
    cases = list(root.iter("testcase"))
    failed = [case for case in cases
              if case.find("failure") is not None or case.find("error") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None
               or case.get("status") == "notrun" or case.get("result") in ("skipped", "suppressed")]
    return len(cases) - len(skipped), [case.get("name") for case in failed], len(skipped)


def tests(code, log, folder):
    """Tests that passed; that there were some matters as much."""
    if not (folder / JUNIT).exists():
        return Reading(False, "no list of tests was written")
    ran, failed, skipped = counts(folder)
    figures = f"{ran} tests, {len(failed)} failed, {skipped} skipped"
    if failed:
        figures += f": {', '.join(failed[:5])}"
    return Reading(code == 0 and ran > 0 and not failed, figures)


def ctest(code, log, folder):
    found = re.search(r"(\d+) tests failed out of (\d+)", log)
    if not found:
        return Reading(False, "no tests were found")
    failed, every = map(int, found.groups())
    skipped = len(re.findall(r"\*\*\*Skipped", log))
    return Reading(code == 0 and every > skipped,
                   f"{every - skipped} tests, {failed} failed, {skipped} skipped")


def sanitizer(code, log, folder):
    if UNSUPPORTED in log:
        return Reading(False, notRun="compute-sanitizer does not support this device")
    found = re.search(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", log)
    ran = re.search(r"\[==========\] (\d+) tests? from .* ran", log)
    if not found:
        return Reading(False, "compute-sanitizer wrote no summary")
    tests = int(ran.group(1)) if ran else None
    figures = found.group(1) + (f" in {tests} tests" if ran else "")
    clean = re.match(r"0 (errors|hazards)", found.group(1)) is not None
    return Reading(code == 0 and clean and tests != 0, figures)


def rowsOf(folder):
    path = folder / ROWS
    return json.loads(path.read_text())["rows"] if path.exists() else []


def measurement(code, log, folder):
    """Rows of gpu_measure and of empty_force.py."""
    rows = rowsOf(folder)
    measured = [row for row in rows if row["value"] is not None]
    figures = f"{len(measured)} of {len(rows)} figures"
    wrong = [row["what"] for row in rows if row["check"].startswith("wrong")]
    if wrong:
        figures += f"; wrong: {', '.join(wrong)}"
    return Reading(code == 0 and bool(measured) and not wrong, figures, rows)


def peers(code, log, folder):
    """Rows of benchmarks/peers/run.py."""
    rows = rowsOf(folder)
    ratios = [f"{row['side']} {row['ratio']:.2f}" for row in rows if "ratio" in row]
    figures = "times as fast as " + ", ".join(ratios) if ratios else "no side was timed"
    return Reading(code == 0 and bool(ratios), figures, rows)


def lastSentence(code, log, folder):
    """Of programs that print one line at their end."""
    lines = log.strip().splitlines()
    return Reading(code == 0, lines[-1] if lines else "")


def checkCommand(code, log, folder):
    """Of python -m molspectra.check: its line about CUDA, and what evaluated the model there."""
    lines = [line for line in log.splitlines()
             if line.startswith("platform CUDA:") or "on CUDA: evaluated by" in line]
    ready = any(line.startswith("platform CUDA: ready") for line in lines)
    return Reading(code == 0 and ready and len(lines) > 1, "; ".join(lines))
