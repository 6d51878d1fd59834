#!/usr/bin/env python3
"""What pre-training buys: networks from scratch, denoised, and denoised with spectra, fine-tuned.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/pretraining/run.py DATA_FOLDER [--threads 1] [--jobs 2]
    .venv/bin/python benchmarks/pretraining/run.py DATA_FOLDER --only first,spectra
    .venv/bin/python benchmarks/pretraining/run.py report

DATA_FOLDER holds spectra/bigqm7w_spectra.npz, equilibrium/gdb7.sdf.gz, offeq/xtb_md.npz,
md17/md17_ethanol.npz and md17/md17_uracil.npz. The matrix is in matrix.py; all of it takes days of
one core, so it goes on where it stopped, a finished run is a line of docs/results/pretraining.json
at once, and several invocations may work at the same time: no two do the same run. `report` writes
docs/results/pretraining.md and its pictures from the lines that are there. To do it all anew, name
another --work and --results.
"""

import argparse
import fnmatch
import shlex
import signal
import sys
from pathlib import Path

import matrix
import report
from matrix import Matrix, Pretraining, Shards
from results import Results, chosenRate
from schedule import workUntilDone
from work import Work

ROOT = Path(__file__).resolve().parents[2]


def options(every):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="data folder, or the word report")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "pretraining")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results")
    parser.add_argument("--program", type=Path, default=ROOT / ".venv" / "bin" / "molspectra")
    parser.add_argument("--only", help="parts or patterns of names with commas between; parts: "
                                       + ", ".join(every.parts))
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    parser.add_argument("--threads", type=int, default=1, help="of each run")
    parser.add_argument("--device", default="cpu", help="as of molspectra finetune")
    parser.add_argument("--dry-run", action="store_true", help="print the commands, do nothing")
    parser.add_argument("--list", action="store_true", help="print all runs and their states")
    return parser


def select(every, only):
    """The tasks that a part or a pattern names."""
    if not only:
        return every.tasks
    words = [word.strip() for word in only.split(",") if word.strip()]

    def fits(task, word):
        return word == task.part or fnmatch.fnmatchcase(task.name, word)

    for word in words:
        if not any(fits(task, word) for task in every.tasks):
            sys.exit(f"--only: found '{word}', expected one of {', '.join(every.parts)}, or a "
                     "pattern of names that --list shows")
    return [task for task in every.tasks if any(fits(task, word) for word in words)]


def checkData(folder, tasks):
    wanted = [matrix.SPECTRA, matrix.EQUILIBRIUM, *matrix.MOLECULES.values()]
    if any(task.name == f"data-{matrix.LABELLED}" for task in tasks):
        wanted.append(matrix.FORCES)
    for name in wanted:
        if not (folder / name).is_file():
            sys.exit(f"reading {folder}: found no {name}; give the folder that holds it")


def commands(work, task, rows):
    """What the program is called with, as in a first call."""
    if isinstance(task, Shards):
        return [] if task.folder == matrix.LABELLED else [work.shardsArguments(task)]
    if isinstance(task, Pretraining):
        return [[task.recipe.command, *work.pretrainArguments(task), "--output", work.run(task),
                 *work.device()]]
    rate = task.rate or chosenRate(rows, task.kind) or "RATE"
    return [["finetune", *work.finetuneArguments(task, rate), "--output", work.run(task),
             *work.device()],
            [*work.evaluateArguments(task), *work.device()]]


def show(work, dryRun):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader may have seen enough
    content = work.results.read()
    for task in work.tasks:
        if not dryRun:
            print(f"{work.state(task, content):8} {task.part:12} {task.name}")
            continue
        for command in commands(work, task, content["rows"]):
            print(shlex.join(["molspectra", *map(str, command)]))


def finish(work):
    """The last words, and the exit status."""
    content = work.results.read()
    left = [task.name for task in work.tasks if not work.done(task, content)]
    for name, reason in work.failed.items():
        print(f"{name}: {reason}", file=sys.stderr)
    if work.stopping.is_set():
        print(f"stopped with {len(left)} left; the same command goes on", file=sys.stderr)
    elif left:
        print(f"{len(left)} could not be done: {', '.join(left[:5])}"
              f"{', ...' if len(left) > 5 else ''}; what they need failed or was not asked for",
              file=sys.stderr)
    return 1 if left else 0


def main():
    every = Matrix()
    given = options(every).parse_args()
    given.work, given.results = given.work.resolve(), given.results.resolve()
    results = Results(given.results, given.work / "results.lock")
    if given.data == "report":
        report.write(given.results, results.read())
        return 0
    given.data = Path(given.data).resolve()
    tasks = select(every, given.only)
    checkData(given.data, tasks)
    work = Work(given, results, tasks, every)
    if given.list or given.dry_run:
        show(work, given.dry_run)
        return 0
    if not given.program.exists():
        sys.exit(f"found no program {given.program}; build it, or name it by --program")
    workUntilDone(work, given.jobs)
    return finish(work)


if __name__ == "__main__":
    sys.exit(main())
