"""Times pre-training steps of `molspectra pretrain` against the same steps in eager PyTorch.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/pretrain/run.py [--program build/bin/molspectra] [--data SHARDS]

Stage 1 (denoising, batches of 70) and stage 2 (denoising, reconstruction and contrast, batches of
128), data reading included: the same shards and the same sizes of network on both sides, turn by
turn, each side at its best of one and two threads. Writes docs/results/pretrain.json. In stage 2
the peer needs ten gigabytes of memory and a quarter of an hour.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import (ROOT, SETTLE, THREADS, Worker, fastest, machine,  # noqa: E402
                    printTable, writeRows)

BATCHES = {"denoise": 70, "spectra": 128}  # molecules a step
STEPS = {"denoise": 10, "spectra": 2}  # of a turn
COLUMNS = ["stage", "batch", "threads", "peer_threads", "ours", "peer", "ratio", "ours_median",
           "peer_median", "ours_ms", "peer_ms", "load"]


def command(given, stage, batch, steps, threads):
    """What is timed on our side: the one place that knows the program's options. Averages of
    weights and clipping, which the peer has not, are off; what is left is the same work."""
    line = [str(given.program), "pretrain", "--data", *map(str, given.data), "--preset", stage,
            "--batch", str(batch), "--channels", str(given.channels),
            "--layers", str(given.layers), "--heads", str(given.heads),
            "--radial-functions", str(given.radial), "--vector-norm", "none",
            "--average-decay", "0", "--gradient-clip", "0", "--seed", "1", "--validation", "4",
            "--threads", str(threads), "--benchmark", str(steps)]
    return line + (["--form", given.form] if stage == "spectra" else [])


class Side:
    """Milliseconds of the steps of one side at one number of threads."""

    def __init__(self, threads):
        self.threads, self.milliseconds, self.medians = threads, [], []

    def keep(self, shortest, median, threads):
        if threads != self.threads:
            raise SystemExit(f"running {self.name}: it used {threads} threads, expected "
                             f"{self.threads}")
        self.milliseconds.append(shortest)
        self.medians.append(median)


class Program(Side):
    """Our side: a fresh process a turn."""

    name = "molspectra pretrain"

    def __init__(self, given, stage, batch, steps, threads):
        super().__init__(threads)
        self.command = command(given, stage, batch, steps, threads)
        self.environment = dict(os.environ, OMP_NUM_THREADS=str(threads),
                                MKL_NUM_THREADS=str(threads), CUDA_VISIBLE_DEVICES="")

    def turn(self):
        done = subprocess.run(self.command, env=self.environment, text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"running {' '.join(self.command)}: it returned {done.returncode}\n"
                             f"{done.stderr}")
        result = json.loads(done.stdout.splitlines()[-1])
        self.keep(result["ms_per_step"]["min"], result["ms_per_step"]["median"],
                  result["threads"])

    def close(self):
        pass


class Peer(Side):
    """Eager PyTorch: one process that waits between turns."""

    name = "the peer's pre-training"

    def __init__(self, given, stage, batch, steps, threads):
        super().__init__(threads)
        sizes = [given.channels, given.layers, given.heads, given.radial]
        self.worker = Worker(ROOT / ".venv-peers/bin/python", HERE / "peer.py",
                             [stage, batch, *sizes, *given.data], threads)
        self.steps, self.facts = steps, {}
        self.worker.ask(steps=0)  # it chooses its ways while nobody else runs

    def turn(self):
        self.facts = self.worker.ask(steps=self.steps)
        if not np.isfinite(self.facts["loss"]):
            raise SystemExit(f"running {self.name}: found {self.facts}, expected a finite loss")
        self.keep(self.facts["min"], self.facts["median"], self.facts["threads"])

    def close(self):
        self.worker.close()


def measure(given, stage, batch, steps):
    """The row of one stage."""
    sides = [side(given, stage, batch, steps, threads)
             for threads in given.threads for side in (Program, Peer)]
    for number in range(given.rounds):
        for side in sides:
            time.sleep(SETTLE)
            side.turn()
        told = ", ".join(f"{side.name} {side.milliseconds[-1]:.1f} ms with {side.threads} "
                         "thread(s)" for side in sides)
        print(f"{stage}, round {number + 1} of {given.rounds}: {told}", flush=True)
    for side in sides:
        side.close()
    return row(given, stage, batch, fastest(sides[0::2]), fastest(sides[1::2]))


def row(given, stage, batch, us, peer):
    ours, theirs = min(us.milliseconds), min(peer.milliseconds)
    medians = [statistics.median(side.medians) for side in (us, peer)]
    rates = [round(1000.0 * batch / span, 2) for span in (ours, theirs, *medians)]
    return dict(stage=stage, batch=batch, threads=us.threads, peer_threads=peer.threads,
                ours=rates[0], peer=rates[1], ratio=round(theirs / ours, 3),
                ours_median=rates[2], peer_median=rates[3], ours_ms=round(ours, 2),
                peer_ms=round(theirs, 2), ours_median_ms=round(medians[0], 2),
                peer_median_ms=round(medians[1], 2), channels=given.channels,
                layers=given.layers, heads=given.heads, radial_functions=given.radial,
                form=given.form if stage == "spectra" else "",
                peer_workers=peer.facts["workers"],
                peer_neighbors=peer.facts["neighbors"]) | machine()


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build/bin/molspectra")
    parser.add_argument("--data", type=Path, nargs="+",
                        default=[ROOT / "examples/spectra/spectra.npz"], help="shards with lines")
    parser.add_argument("--stages", nargs="+", choices=list(BATCHES),
                        default=list(BATCHES))
    parser.add_argument("--batches", type=int, nargs="+", help="of the stages, in their order")
    parser.add_argument("--form", choices=["published", "own"], default="published",
                        help="of our SpecFormer; the peer's is the published one")
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--radial", type=int, default=32, help="radial functions")
    parser.add_argument("--threads", type=int, nargs="+", default=list(THREADS))
    parser.add_argument("--rounds", type=int, default=3, help="turns of every side")
    parser.add_argument("--steps", type=int, nargs="+",
                        help="training steps in a turn, of the stages in their order")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/pretrain.json")
    given = parser.parse_args()
    given.batches = given.batches or [BATCHES[stage] for stage in given.stages]
    given.steps = given.steps or [STEPS[stage] for stage in given.stages]
    if not len(given.stages) == len(given.batches) == len(given.steps):
        parser.error("--batches and --steps need a number for every stage")
    return given


def main():
    given = options()
    rows = [measure(given, *settings)
            for settings in zip(given.stages, given.batches, given.steps)]
    printTable(rows, COLUMNS)
    writeRows(given.output, rows, rounds=given.rounds, steps=given.steps,
              what="molecules a second of training steps, data reading included (AdamW, float32); "
                   "ratio = peer_ms / ours_ms, both minima over all steps; peer: TorchMD-Net "
                   "3.1.0's equivariant transformer and a SpecFormer in eager PyTorch 2.9",
              data=[path.name for path in given.data])


if __name__ == "__main__":
    main()
