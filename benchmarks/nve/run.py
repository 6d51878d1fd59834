#!/usr/bin/env python3
"""Energy conservation of NVE dynamics of one molecule, with one evaluator beside another.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/nve/run.py                                 # the one of make demo
    .venv/bin/python benchmarks/nve/run.py --evaluators native --starts 8  # more of the quick one

    .venv/bin/molspectra finetune --data md17_aspirin.npz --preset quick --channels 64 --layers 4 \
        --train 900 --seed 1 --output aspirin
    .venv/bin/python benchmarks/nve/run.py --molecule aspirin --model aspirin/model.pt \
        --data md17_aspirin.npz                          # and with --evaluators native --starts 4

For each start the first frame is minimised and equilibrated at 300 K by Langevin dynamics with the
native evaluator and random numbers of that start's own; every production, velocity Verlet without
CMMotionRemover, begins with exactly the positions and velocities that this left in the work folder.
A call that was stopped goes on where it was; a call whose productions are finished only writes
docs/results/nve.{json,md,png}, of all productions in the work folder that are long enough.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import produce
import results

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = {"model": ROOT / "demo" / "finetuned" / "model.pt",
            "data": ROOT / "examples" / "ethanol" / "ethanol.npz"}  # for ethanol


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecule", default="ethanol")
    parser.add_argument("--model", type=Path, help="ethanol: that of make demo")
    parser.add_argument("--data", type=Path, help="NPZ with z [N] and R [T,N,3] in A, as in MD17")
    parser.add_argument("--evaluators", nargs="+", choices=results.EVALUATORS,
                        default=list(results.EVALUATORS))
    parser.add_argument("--starts", type=int, default=1, help="productions of each evaluator")
    parser.add_argument("--picoseconds", type=float, default=100.0)
    parser.add_argument("--equilibration", type=float, default=5.0, help="ps")
    parser.add_argument("--step", dest="step_fs", type=float, default=0.5, help="fs")
    parser.add_argument("--platform", choices=["CPU", "Reference"], default="CPU")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "nve")
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results")
    return parser


def settings(parser):
    chosen = parser.parse_args()
    for key, default in DEFAULTS.items():
        given = getattr(chosen, key)
        if given is None and chosen.molecule != "ethanol":
            parser.error(f"--molecule {chosen.molecule}: found no --{key}, expected a file; "
                         "only ethanol has one here")
        setattr(chosen, key, (given or default).resolve())
        if not getattr(chosen, key).is_file():
            parser.error(f"--{key}: found no file {getattr(chosen, key)}")
    return {key: str(value) if isinstance(value, Path) else value
            for key, value in vars(chosen).items()}


def perform(chosen, evaluator, start):
    """A process of its own: the number of threads is decided before any library is loaded."""
    count = str(chosen["threads"])
    environment = dict(os.environ, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count,
                       OPENMM_CPU_THREADS=count)
    arguments = json.dumps({"settings": chosen, "evaluator": evaluator, "start": start})
    command = [sys.executable, produce.__file__, arguments]
    if subprocess.run(command, env=environment).returncode:
        sys.exit(f"nve: production {start} by {evaluator} did not finish; its message stands above")


def main():
    chosen = settings(options())
    for start in range(chosen["starts"]):
        for evaluator in chosen["evaluators"]:
            if not produce.finished(chosen, evaluator, start):
                perform(chosen, evaluator, start)
    results.write(chosen)


if __name__ == "__main__":
    main()
