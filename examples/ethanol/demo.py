#!/usr/bin/env python3
"""Fine-tunes a pre-trained network on 800 DFT frames of ethanol, tests it, simulates, reports.

SPDX-License-Identifier: MIT

    make demo              # from the root of the project; or, after `make`:
    .venv/bin/python examples/ethanol/demo.py [--output demo] [--steps 3000] [--device auto]

Trainings, tests and dynamics run on a graphics card where one works, else on the processor.

Stages that are done are not done again. README.md beside this file says what is what.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAM = ROOT / ".venv" / "bin" / "molspectra"
DATA = HERE / "ethanol.npz"
HELD_BACK = HERE / "held_back.npz"
START = HERE / "start.pt"
TRAIN, VALIDATION, SEED = 750, 50, 20261121


class Stages:
    """Runs the stages in order, leaves out those that are done, and keeps the time of each."""

    def __init__(self, folder, total):
        self.record = folder / "stages.json"
        self.seconds = json.loads(self.record.read_text()) if self.record.exists() else {}
        self.total = total
        self.number = 0

    def run(self, name, outputs, action):
        self.number += 1
        label = f"[{self.number}/{self.total}] {name}"
        if name in self.seconds and all(path.exists() for path in outputs):
            print(f"{label}: done before", flush=True)
            return
        print(label, flush=True)
        began = time.time()
        action()
        self.seconds[name] = time.time() - began
        save_json(self.record, self.seconds)
        print(f"{label}: {self.seconds[name]:.0f} s", flush=True)


def save_json(path, content):
    """Writes beside the target and renames, so that an interruption loses nothing."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(beside, path)


def program(*arguments):
    """Runs the program molspectra; its progress goes to the terminal."""
    command = [str(PROGRAM), *map(str, arguments)]
    child = subprocess.Popen(command)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        child.wait()  # it was interrupted as well, and saves what it has
        raise
    if code:
        sys.exit(f"demo: {command[1]} ended with {code}; the message above says why")


def check_inputs():
    if not PROGRAM.exists():
        sys.exit(f"demo: {PROGRAM.relative_to(ROOT)} is not there; run `make` first")
    missing = [path.name for path in (DATA, HELD_BACK, START) if not path.exists()]
    if missing:
        sys.exit(f"demo: examples/ethanol lacks {', '.join(missing)}; get the whole project again")


def check_settings(folder, options):
    """Refuses a folder that holds results of other settings or data."""
    settings = {"steps": options.steps}
    for path in (DATA, HELD_BACK, START):
        settings[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    path = folder / "settings.json"
    if path.exists() and json.loads(path.read_text()) != settings:
        sys.exit(f"demo: {folder} holds results of other settings or data; remove it, or give "
                 "another folder by --output")
    save_json(path, settings)


def finetune(folder, options, model):
    """Both networks get the same data, split, steps and seed; only the start differs. A run that
    was interrupted goes on from its checkpoint."""
    if (folder / "checkpoint.pt").exists():
        program("finetune", "--resume", folder, "--device", options.device)
    else:
        train(folder, options, model)
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    if last["step"] < options.steps:
        sys.exit("demo: the training was interrupted; the same command goes on with it")


def train(folder, options, model):
    start = ["--model", model] if model else []
    program("finetune", "--data", DATA, *start, "--preset", "quick", "--output", folder,
            "--train", TRAIN, "--validation", VALIDATION, "--test", 0, "--seed", SEED,
            "--steps", options.steps, "--device", options.device, "--threads", options.threads)


def evaluate(folder, options):
    program("evaluate", "--model", folder / "model.pt", "--data", HELD_BACK,
            "--json", folder / "held_back.json",
            "--predictions", folder / "held_back_predicted.npz", "--device", options.device,
            "--threads", options.threads)


def simulate(folder, options):
    import dynamics

    dynamics.run(folder.parent / "finetuned" / "model.pt", DATA, folder, options.device,
                 options.threads, SEED)


def where(folder, options):
    """Where a run was trained: "2 threads", or the name of the graphics card."""
    first = (folder / "metrics.jsonl").read_text().splitlines()[0]
    device = json.loads(first)["header"].get("device", "CPU")
    return f"{options.threads} threads" if device == "CPU" else device


def run(folder, options):
    stages = Stages(folder, 6)
    for name, title, model in (("finetuned", "fine-tuning the pre-trained network", START),
                               ("from_nothing", "training a network from nothing", None)):
        stages.run(title, [folder / name / "model.pt", folder / name / "metrics.jsonl"],
                   lambda: finetune(folder / name, options, model))
    for name, title in (("finetuned", "testing the fine-tuned network on 400 held-back frames"),
                        ("from_nothing", "testing the network from nothing on the same frames")):
        stages.run(title, [folder / name / "held_back.json",
                           folder / name / "held_back_predicted.npz"],
                   lambda: evaluate(folder / name, options))
    stages.run("dynamics in OpenMM: minimise, 5 ps Langevin at 500 K, 20 ps NVE",
               [folder / "dynamics" / "observed.npz"],
               lambda: simulate(folder / "dynamics", options))
    stages.run("figures and report", [folder / "report.md"],
               lambda: report.write(folder, HELD_BACK, dict(stages.seconds),
                                    f"{options.steps} steps on {TRAIN} DFT frames "
                                    f"(PBE/def2-SVP), {where(folder / 'finetuned', options)}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "demo", help="folder of the results")
    parser.add_argument("--steps", type=int, default=3000, help="optimiser steps of each network")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    check_inputs()
    options.output.mkdir(parents=True, exist_ok=True)
    check_settings(options.output, options)
    try:
        run(options.output, options)
    except KeyboardInterrupt:
        sys.exit("\ndemo: stopped; the same command goes on with the first unfinished stage")
    print(f"demo: see {os.path.relpath(options.output / 'report.md')}")


if __name__ == "__main__":
    main()
