#!/usr/bin/env python3
"""How often spectra find their molecule among held-back ones, used as measured ones would be.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/match/run.py RUN SHARDS... [--molecules 1000] [--seed 1]

RUN is the folder of `molspectra pretrain --preset spectra`; SHARDS are molecules that it was not
trained on. Each row is one search among all of them, and among those of one formula, beside what
the formula alone would find: by all kinds with intensities as computed, and scaled each, as those
of measured spectra have to be; by the parts of the axes that usual instruments measure; and by
fewer kinds. Writes docs/results/match.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import ROOT, machine, printTable, writeRows  # noqa: E402

PROGRAM = ROOT / ".venv" / "bin" / "molspectra"
MEASURES = ("top1", "top10", "mean_reciprocal_rank")
COLUMNS = ["kinds", "intensities", "ranges", "among", "molecules", *MEASURES,
           *(f"{m} by formula" for m in MEASURES)]
# What usual instruments measure: down to 200 nm, and 1/cm of FTIR and Raman spectrometers.
MEASURED = {"uv": "1.5:6.2", "ir": "650:4000", "raman": "500:3400"}


def search(options, kinds=None, absolute=False, ranges=()):
    """What the program writes of one search; `kinds` None is all of the run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "match.json"
        limits = ["--kinds", ",".join(kinds)] if kinds else []
        limits += ["--absolute"] if absolute else []
        for kind in ranges:
            limits += [f"--{kind}-range", MEASURED[kind]]
        command = [options.program, "match", "--model", options.run, "--held-back",
                   *options.shards, "--molecules", options.molecules, "--seed", options.seed,
                   "--threads", options.threads, "--json", path, *limits]
        if subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL).returncode:
            sys.exit("match: molspectra match failed; its message stands above")
        return json.loads(path.read_text())


def rows(found):
    """A row among all molecules, and one among isomers where there are any."""
    ranges = " ".join(f"{kind} {low:g}-{high:g}"
                      for kind, (low, high) in found["ranges"].items())
    facts = dict(kinds=" ".join(found["kinds"]), ranges=ranges or "all",
                 intensities="computed" if found["absolute"] else "scaled",
                 formulas=found["formulas"], left_out=found["left_out"])
    everything = dict(found["all"], molecules=found["molecules"], among="all")
    parts = [everything]
    if found["isomers"]:
        parts.append(dict(found["isomers"], among="isomers"))
    for part in parts:
        row = dict(facts, among=part["among"], molecules=part["molecules"])
        if "mean_group" in part:
            row["mean_group"] = part["mean_group"]
        for measure in MEASURES:
            row[measure] = round(part["network"][measure], 4)
            row[f"{measure} by formula"] = round(part["formula"][measure], 4)
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("shards", nargs="+", type=Path)
    parser.add_argument("--molecules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "results" / "match.json")
    options = parser.parse_args()
    first = search(options, absolute=True)
    kinds = first["kinds"]
    vibrational = [kind for kind in kinds if kind != "uv"]
    searches = [dict(), dict(ranges=kinds)]
    if len(vibrational) == 2 < len(kinds):
        searches += [dict(kinds=vibrational), dict(kinds=vibrational, ranges=vibrational)]
    if len(kinds) > 1:
        searches += [dict(kinds=[kind], absolute=absolute)
                     for kind in kinds for absolute in (True, False)]
    found = list(rows(first))
    for each in searches:
        found += rows(search(options, **each))
    printTable(found, COLUMNS)
    writeRows(options.output, found, seed=options.seed, drawn=options.molecules, **machine())


if __name__ == "__main__":
    main()
