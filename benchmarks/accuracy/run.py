#!/usr/bin/env python3
"""Trains a network from nothing on MD17 ethanol, 950/50/1000, and reports its test errors.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/accuracy/run.py DATA_FOLDER [--run FOLDER] [--steps 30000]

DATA_FOLDER holds md17/md17_ethanol.npz (z, R, E, F; kcal/mol and A). The run goes on where an
earlier one in --run stopped. Writes docs/results/accuracy.{md,json,png}.
"""

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".venv" / "bin" / "molspectra"
RESULTS = ROOT / "docs" / "results"
OPTIONS = ["--preset", "md17", "--train", "950", "--validation", "50", "--test", "1000",
           "--schedule", "cosine", "--learning-rate", "1e-3", "--gradient-clip", "100"]
PUBLISHED = 0.109  # kcal/mol/A, TorchMD-Net's ET on the same molecule and number of frames
GOAL = 0.20


def call(*arguments):
    if subprocess.run([PROGRAM, *map(str, arguments)]).returncode:
        sys.exit(f"accuracy: molspectra {arguments[0]} failed; its message stands above")


def train(data, folder, options):
    if (folder / "checkpoint.pt").exists():
        call("finetune", "--resume", folder)
    else:
        call("finetune", "--data", data, "--output", folder, *OPTIONS, "--steps", options.steps,
             "--seed", options.seed, "--threads", options.threads)


def curve(folder):
    """Steps, validation force MAE (of the averaged weights) and seconds of a run."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "validation_forces_mae" in row]
    return [[row[key] for row in rows] for key in ("step", "validation_forces_mae", "seconds")]


def draw(steps, errors, test):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    axes.plot(steps[1:], errors[1:], linewidth=0.8, label="validation, 50 frames")
    axes.plot([steps[-1]], [test], "o", label="test, 1000 frames")
    axes.axhline(PUBLISHED, color="gray", linestyle="--", label="published ET (test)")
    axes.set(xscale="log", yscale="log", xlabel="step", ylabel="force MAE (kcal/mol/Å)")
    axes.legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "accuracy.png", dpi=120)


def write(folder, steps, errors, seconds, options):
    test = json.loads((folder / "test.json").read_text())
    facts = json.loads(subprocess.run([PROGRAM, "inspect", folder / "model.pt", "--json"],
                                      capture_output=True, text=True, check=True).stdout)
    result = {"data": "md17_ethanol", "data_sha256": facts["provenance"]["data"][0]["sha256"],
              "split": "950/50/1000, seed 1", "seed": facts["provenance"]["seed"],
              "steps": steps[-1], "hours": seconds[-1] / 3600,
              "test_forces_mae": test["forces"]["mae"], "test_energy_mae": test["energy"]["mae"],
              "published_forces_mae": PUBLISHED, "goal_forces_mae": GOAL,
              "options": " ".join(OPTIONS), "date": datetime.date.today().isoformat()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "accuracy.json").write_text(json.dumps(result, indent=2) + "\n")
    draw(steps, errors, test["forces"]["mae"])
    marks = [step for step in (1000, 2000, 5000, 10000, 20000, 30000, 60000, 100000, 140000)
             if step <= steps[-1]]
    rows = [min(range(len(steps)), key=lambda n: abs(steps[n] - mark)) for mark in marks]
    lines = ["# Accuracy: MD17 ethanol, from nothing", "",
             f"MD17 setting (F 128, L 6, H 8, K 32), split {result['split']}, training seed "
             f"{result['seed']}, {steps[-1]} steps of batch 8 in {result['hours']:.1f} h on one "
             "thread of a shared machine. Options: "
             f"`{result['options']}`. Made by `benchmarks/accuracy/run.py`.", "",
             f"**Test force MAE {result['test_forces_mae']:.3f} kcal/mol/Å**, energy MAE "
             f"{result['test_energy_mae']:.3f} kcal/mol (goal {GOAL:.2f}; the published ET has "
             f"{PUBLISHED}).", "",
             "| step | validation force MAE (kcal/mol/Å) |", "|---|---|"]
    lines += [f"| {steps[n]} | {errors[n]:.3f} |" for n in rows]
    (RESULTS / "accuracy.md").write_text("\n".join(lines + ["", "![curve](accuracy.png)", ""]))
    print(f"test force MAE {result['test_forces_mae']:.4f} kcal/mol/A after {steps[-1]} steps")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with md17/md17_ethanol.npz")
    parser.add_argument("--run", type=Path, default=ROOT / "build" / "accuracy")
    parser.add_argument("--steps", type=int, default=30000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    data = options.data / "md17" / "md17_ethanol.npz"
    train(data, options.run, options)
    call("evaluate", "--model", options.run / "model.pt", "--data", data, "--split",
         options.run / "split.npz", "--part", "test", "--json", options.run / "test.json")
    write(options.run, *curve(options.run), options)


if __name__ == "__main__":
    main()
