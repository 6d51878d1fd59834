"""Times a fine-tuning step of `molspectra finetune` against TorchMD-Net in eager PyTorch.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/train/run.py [--program build/bin/molspectra]

Ethanol, batches of 8, energies and forces, AdamW: the same frames and the same network size on both
sides, turn by turn, each side at its best of one and two threads. Writes docs/results/train.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from common import (GOLDEN, ROOT, SETTLE, THREADS, Worker, fastest, machine,  # noqa: E402
                    printTable, writeRows)

sys.path.insert(0, str(GOLDEN))
import golden  # noqa: E402

FRAMES, VALIDATION = 72, 8
DISPLACEMENT = 0.1  # angstrom
COLUMNS = ["molecule", "atoms", "batch", "channels", "layers", "threads", "peer_threads",
           "ours_ms", "peer_ms", "ratio", "ours_median_ms", "peer_median_ms", "load"]


def writeFrames(path):
    """Distorted ethanol in MD17's layout, with the labels of springs to the first geometry."""
    numbers, positions, _ = golden.geometry("ethanol")
    noise = np.random.default_rng(3).normal(0.0, DISPLACEMENT, (FRAMES, *positions.shape))
    stiffness = 300.0  # kcal/mol/A^2
    np.savez(path, z=numbers, R=positions + noise, F=-stiffness * noise,
             E=0.5 * stiffness * (noise**2).sum((1, 2)))
    return len(numbers)


def command(program, data, steps, threads, given):
    """What is timed on our side: the one place that knows the program's options. Averages of
    weights and clipping, which the peer has not, are off; what is left is the same work."""
    return [str(program), "finetune", "--data", str(data), "--energy-unit", "kcal/mol",
            "--train", str(FRAMES - VALIDATION), "--validation", str(VALIDATION),
            "--batch", str(given.batch), "--channels", str(given.channels),
            "--layers", str(given.layers), "--radial-functions", str(given.radial),
            "--loss", "squared", "--energy-weight", "0.2", "--forces-weight", "0.8",
            "--average-decay", "0", "--gradient-clip", "0", "--seed", "1",
            "--threads", str(threads), "--benchmark", str(steps)]


class Program:
    """Our side at one number of threads: a fresh process a turn."""

    def __init__(self, program, data, threads, given):
        self.arguments = (program, data, given.steps, threads, given)
        self.environment = dict(os.environ, OMP_NUM_THREADS=str(threads),
                                MKL_NUM_THREADS=str(threads), CUDA_VISIBLE_DEVICES="")
        self.threads, self.milliseconds, self.medians = threads, [], []

    def turn(self):
        done = subprocess.run(command(*self.arguments), env=self.environment, text=True,
                              capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"running {' '.join(done.args)}: it returned {done.returncode}\n"
                             f"{done.stderr}")
        result = json.loads(done.stdout.splitlines()[-1])
        if result["threads"] != self.threads:
            raise SystemExit(f"running molspectra finetune: it used {result['threads']} threads, "
                             f"expected {self.threads}")
        self.milliseconds.append(result["ms_per_step"]["min"])
        self.medians.append(result["ms_per_step"]["median"])


class Peer:
    """TorchMD-Net at one number of threads: one process that waits between turns."""

    def __init__(self, data, threads, given):
        sizes = [given.channels, given.layers, given.radial, given.batch]
        self.worker = Worker(ROOT / ".venv-peers/bin/python", HERE / "peer.py", [data, *sizes],
                             threads)
        self.steps, self.threads, self.milliseconds, self.medians = given.steps, threads, [], []

    def turn(self):
        result = self.worker.ask(steps=self.steps)
        if result["threads"] != self.threads or not np.isfinite(result["loss"]):
            raise SystemExit(f"running the peer's training: found {result}, expected "
                             f"{self.threads} threads and a finite loss")
        self.milliseconds.append(result["min"])
        self.medians.append(result["median"])

    def close(self):
        self.worker.close()


def measure(given):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "ethanol.npz"
        atoms = writeFrames(data)
        ours = [Program(given.program, data, count, given) for count in THREADS]
        peers = [Peer(data, count, given) for count in THREADS]
        for number in range(given.rounds):
            for side in [side for pair in zip(ours, peers) for side in pair]:
                time.sleep(SETTLE)
                side.turn()
            print(f"round {number + 1} of {given.rounds}: ours "
                  f"{[round(side.milliseconds[-1], 2) for side in ours]} ms, peer "
                  f"{[round(side.milliseconds[-1], 2) for side in peers]} ms", flush=True)
        for side in peers:
            side.close()
    us, peer = fastest(ours), fastest(peers)
    row = dict(molecule="ethanol", atoms=atoms, batch=given.batch, channels=given.channels,
               layers=given.layers, radial_functions=given.radial, precision="single",
               peer_precision="single", threads=us.threads, peer_threads=peer.threads,
               ours_ms=round(min(us.milliseconds), 3), peer_ms=round(min(peer.milliseconds), 3),
               ratio=round(min(peer.milliseconds) / min(us.milliseconds), 3),
               ours_median_ms=round(statistics.median(us.medians), 3),
               peer_median_ms=round(statistics.median(peer.medians), 3))
    return row | machine()


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build/bin/molspectra")
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--radial", type=int, default=32, help="radial functions")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5, help="turns of every side")
    parser.add_argument("--steps", type=int, default=40, help="training steps in a turn")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/train.json")
    return parser.parse_args()


def main():
    given = options()
    row = measure(given)
    printTable([row], COLUMNS)
    writeRows(given.output, [row], rounds=given.rounds, steps=given.steps,
              what="milliseconds of one training step (energies and forces, AdamW); ratio = "
                   "peer_ms / ours_ms, both minima over all steps; peer: TorchMD-Net 3.1.0 in "
                   "eager PyTorch 2.9, its network and optimiser without Lightning")


if __name__ == "__main__":
    main()
