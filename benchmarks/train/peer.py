"""Whole fine-tuning steps of TorchMD-Net in eager PyTorch, timed one by one, for run.py.

SPDX-License-Identifier: MIT

    peer.py DATA.npz CHANNELS LAYERS RADIAL BATCH    # in the environment of requirements/peers.txt

A step: positions in, energies and forces with their graph kept, squared losses weighted 0.2 and
0.8, the backward pass through both, AdamW. The batch is cut out of tensors that are there already.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import GOLDEN, serve  # noqa: E402

sys.path.insert(0, str(GOLDEN))
import torchmdnet_names  # noqa: E402
import weights  # noqa: E402

ENERGY_WEIGHT, FORCES_WEIGHT = 0.2, 0.8
LEARNING_RATE = 1e-4
WARMUP = 5


class Training:
    def __init__(self, data, channels, layers, radial, batch):
        # Not at the top: what it prints while it loads must not get among the answers.
        from torchmdnet.models.model import create_model

        self.generator, self.size = np.random.default_rng(1), int(batch)
        frames = np.load(data)
        self.numbers = torch.tensor(frames["z"], dtype=torch.long)
        self.positions = torch.tensor(frames["R"], dtype=torch.float32)
        energies = frames["E"] - frames["E"].mean()
        self.energies = torch.tensor(energies, dtype=torch.float32).reshape(-1, 1)
        self.forces = torch.tensor(frames["F"], dtype=torch.float32)
        atoms = len(self.numbers)
        self.batch = torch.arange(self.size).repeat_interleave(atoms)
        config = weights.configuration(channels=int(channels), layers=int(layers),
                                       radialFunctions=int(radial))
        torch.manual_seed(1)
        self.network = create_model(
            torchmdnet_names.arguments(config, maxNeighbors=max(atoms, 32), precision=32),
            mean=torch.tensor(0.0), std=torch.tensor(float(energies.std())))
        self.network.train()
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=LEARNING_RATE,
                                           weight_decay=0.0)
        for _ in range(WARMUP):
            self.step()

    def step(self):
        """-> milliseconds of one step, loss"""
        begin = time.perf_counter()
        chosen = torch.tensor(self.generator.permutation(len(self.positions))[:self.size])
        self.optimizer.zero_grad()
        energy, forces = self.network(self.numbers.repeat(self.size),
                                      self.positions[chosen].reshape(-1, 3), self.batch)
        loss = (ENERGY_WEIGHT * torch.nn.functional.mse_loss(energy, self.energies[chosen])
                + FORCES_WEIGHT * torch.nn.functional.mse_loss(
                    forces, self.forces[chosen].reshape(-1, 3)))
        loss.backward()
        self.optimizer.step()
        return 1000.0 * (time.perf_counter() - begin), float(loss.detach())

    def __call__(self, request):
        times, losses = zip(*(self.step() for _ in range(request["steps"])))
        return {"min": min(times), "median": float(np.median(times)), "loss": losses[-1],
                "threads": torch.get_num_threads()}


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # as ours does; Intel's processors are slow with them
    serve(lambda: Training(*sys.argv[1:6]))
