"""Fine-tunes a little on the GPU and on the processor, and evaluates what came out on both.

SPDX-License-Identifier: MIT

    python program.py MOLSPECTRA EXAMPLE [--device cuda]     # EXAMPLE: the folder examples/ethanol
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

STEPS = 60
TRAINING = ["--train", 100, "--validation", 20, "--steps", STEPS, "--warmup", 0, "--batch", 8]
# Of one model's force error on two devices, and of the errors of two models trained with the same
# numbers drawn: rounding is carried through the steps.
SAME_MODEL, SAME_TRAINING = 1e-4, 0.05


def run(program, *words):
    subprocess.run([str(word) for word in (program, *words)], check=True, stdin=subprocess.DEVNULL)


def train(program, example, folder, device):
    run(program, "finetune", "--data", example / "ethanol.npz", "--model", example / "start.pt",
        "--output", folder / device, "--device", device, *TRAINING)
    return folder / device / "model.pt"


def forceError(program, example, model, device):
    """Mean absolute error of force components on frames that were held back."""
    errors = model.with_name(f"errors-on-{device}.json")
    run(program, "evaluate", "--model", model, "--data", example / "held_back.npz",
        "--device", device, "--json", errors)
    return json.loads(errors.read_text())["forces"]["mae"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("example", type=Path)
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        models = {device: train(given.program, given.example, Path(name), device)
                  for device in {given.device, "cpu"}}
        there, here = (forceError(given.program, given.example, models[given.device], device)
                       for device in (given.device, "cpu"))
        other = forceError(given.program, given.example, models["cpu"], "cpu")
    model, training = abs(there / here - 1), abs(here / other - 1)
    print(f"force error after {STEPS} steps on {given.device}: {there:.4f} kcal/mol/A there, "
          f"{here:.4f} on the processor; {other:.4f} if trained on the processor")
    return 0 if model < SAME_MODEL and training < SAME_TRAINING else 1


if __name__ == "__main__":
    sys.exit(main())
