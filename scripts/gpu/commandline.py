"""The commands of scripts/gpu-check.

SPDX-License-Identifier: MIT
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import machine
import packing
import plan
import report
import steps

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 570  # a lease of ten minutes, less what starting and copying take


def arguments(given):
    parser = argparse.ArgumentParser(
        prog="gpu-check", description="Checks and measures this project on a GPU, without network.")
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="with a network: bring together what is needed")
    pack.add_argument("folder", type=Path)
    pack.add_argument("--python", default="3.12", help="version on the GPU's machine")
    pack.add_argument("--no-peers", action="store_true", help="leave out what we compare with")
    run = commands.add_parser("run", help="on the GPU's machine: build, check, measure, report")
    run.add_argument("--bring", type=Path, metavar="FOLDER", help="that pack has written; without "
                     "it the Python's own packages and the system's libraries must do")
    run.add_argument("--work", type=Path, default=ROOT / "build/gpu-check",
                     help="folder for what is built, and for the logs")
    run.add_argument("--output", type=Path, default=ROOT / "docs/results",
                     help="folder for gpu.md and gpu.json")
    run.add_argument("--python", default=sys.executable, help="an interpreter with torch")
    run.add_argument("--jobs", type=int, default=os.cpu_count())
    run.add_argument("--seconds", type=float, default=SECONDS, help="for everything together")
    run.add_argument("--patience", type=float, default=1.0, metavar="FACTOR",
                     help="by which the time limit of each step is multiplied")
    run.add_argument("--only", nargs="+", metavar="STEP", help="these steps; names: see steps")
    run.add_argument("--program", action="store_true",
                     help="also build the program and fine-tune a little with it")
    run.add_argument("--no-device", action="store_true", help="build, and use no GPU")
    commands.add_parser("steps", help="names and time limits of the steps of run")
    write = commands.add_parser("report", help="write gpu.md again from gpu.json")
    write.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs/results")
    blank = commands.add_parser("blank", help="write a report in which nothing was measured")
    blank.add_argument("folder", type=Path, nargs="?", default=ROOT / "docs/results")
    return parser.parse_args(given)


def settingsOf(given):
    # Not resolved: a virtual environment's interpreter is a link that must keep its name.
    python = os.path.abspath(shutil.which(given.python) or given.python)
    facts = machine.look(python, useDevice=not given.no_device)
    return plan.Settings(root=ROOT, work=given.work.resolve(), python=python,
                         bring=given.bring and given.bring.resolve(), jobs=given.jobs,
                         facts=facts, program=given.program)


def run(given):
    settings = settingsOf(given)
    print(machine.describe(settings.facts), flush=True)
    chosen = [step for step in plan.steps(settings) if not given.only or step.name in given.only]
    for step in chosen:
        step.limit *= given.patience
    outcomes = steps.Runner(settings.work / "log", given.seconds).run(chosen)
    report.write(given.output, report.gather(settings.facts, outcomes))
    print(f"wrote {given.output / 'gpu.md'}; logs are in {settings.work / 'log'}")
    return 0 if all(outcome.result != "fail" for outcome in outcomes) else 1


def blank(given):
    settings = plan.Settings(root=ROOT, work=ROOT / "build/gpu-check", python=sys.executable)
    outcomes = [steps.Outcome.notRun(step, step.obstacle) for step in plan.steps(settings)
                if step.device]
    report.write(given.folder, report.gather({}, outcomes))
    return 0


def rewrite(given):
    report.write(given.folder, json.loads((given.folder / "gpu.json").read_text()))
    return 0


def listSteps(given):
    for step in plan.steps(plan.Settings(root=ROOT, work=ROOT, python=sys.executable)):
        print(f"{step.name:28} {step.limit:4} s  {step.title}")
    return 0


def main(given=None):
    given = arguments(given)
    if given.command == "pack":
        return packing.pack(ROOT, given.folder, given.python, not given.no_peers)
    return {"run": run, "blank": blank, "report": rewrite, "steps": listSteps}[given.command](given)
