#!/usr/bin/env python3
"""Counts the instructions of one evaluation of ethanol and compares them with instructions.json.

SPDX-License-Identifier: MIT

    instructions.py PROGRAM             # PROGRAM: instruction_count
    instructions.py PROGRAM --update    # records what is counted now

Times depend on the machine and on what else it does; counts do not. Three runs under valgrind, with
different numbers of evaluations, are subtracted from each other, so that loading the weights and
filling the tables, nearly all of a run, cancel. A compiler of another version may need others: the
tolerance leaves room for that.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDED = Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.10
REPEATS = 2
SKIPPED = 77  # of the program and for CTest


class Skipped(Exception):
    """The processor lacks what the figures are recorded for."""


def collected(program, forces, energies):
    """Instructions of a whole run."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("counting instructions: found no valgrind, expected it in the path; "
                         "install the packages of requirements/debian.txt")
    with tempfile.NamedTemporaryFile() as profile:
        run = subprocess.run(
            [valgrind, "--tool=callgrind", f"--callgrind-out-file={profile.name}",
             str(program.resolve()), str(forces), str(energies)], capture_output=True, text=True)
    if run.returncode == SKIPPED:
        raise Skipped(run.stdout.strip())
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        raise SystemExit(f"counting instructions: valgrind ended with {run.returncode}, expected 0 "
                         f"and a count\n{run.stdout}{run.stderr}")
    return int(found.group(1))


def measure(program):
    """Instructions of one evaluation with forces, and of one without."""
    once = collected(program, 1, 1)
    return {"forces": (collected(program, 1 + REPEATS, 1) - once) // REPEATS,
            "energy": (collected(program, 1, 1 + REPEATS) - once) // REPEATS}


def compare(counted, recorded):
    """Prints a line a figure; -> whether none has grown."""
    good = True
    for kind, now in counted.items():
        before = recorded[kind]
        change = now / before - 1
        print(f"ethanol, {kind}: {now} instructions, recorded {before} ({change:+.1%})")
        if change > TOLERANCE:
            good = False
            print(f"  an evaluation became more than {TOLERANCE:.0%} dearer; if that is meant, "
                  f"record it by the option --update")
        elif change < -TOLERANCE:
            print("  an evaluation became cheaper: record it by the option --update, so that it "
                  "stays so")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("--update", action="store_true", help="write instructions.json anew")
    given = parser.parse_args()
    try:
        counted = measure(given.program)
    except Skipped as reason:
        print(reason)
        return SKIPPED
    if given.update:
        RECORDED.write_text(json.dumps({"ethanol": counted}, indent=1) + "\n")
    return 0 if compare(counted, json.loads(RECORDED.read_text())["ethanol"]) else 1


if __name__ == "__main__":
    sys.exit(main())
