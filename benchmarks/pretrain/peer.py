"""Whole pre-training steps in eager PyTorch on TorchMD-Net's network, timed one by one, for run.py.

SPDX-License-Identifier: MIT

    peer.py STAGE BATCH CHANNELS LAYERS HEADS RADIAL DATA.npz...   # in requirements/peers.txt's

A step of stage 1: a batch from the loader, TorchMD-Net's equivariant transformer with a vector
head, squared error of the noise, the backward pass, AdamW. Stage 2 adds SpecFormer, its
reconstruction and the contrast. Neighbours and loader are those of two ways each that prove faster
at the start.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
from common import serve  # noqa: E402
from peer_data import Molecules, batches  # noqa: E402
from peer_spectra import SpecFormer, contrast  # noqa: E402

CUTOFF = 5.0  # A
NEIGHBORS = 32
LEARNING_RATE = 4e-4
WORKERS = (0, 2)
TRIALS = 2  # steps with each number of workers after a first one; the faster is kept


class PairsWithinMolecules(torch.nn.Module):
    """All pairs within each molecule of a batch, cut at the cutoff; every atom with itself too."""

    def forward(self, positions, batch, box=None):
        counts = torch.bincount(batch)
        others = counts[batch]
        receivers = torch.arange(len(batch)).repeat_interleave(others)
        first = (counts.cumsum(0) - counts)[batch] - (others.cumsum(0) - others)
        senders = torch.arange(len(receivers)) + first[receivers]
        vectors = positions[receivers] - positions[senders]
        lengths = vectors.norm(dim=1)
        near = lengths < CUTOFF
        return torch.stack([receivers[near], senders[near]]), lengths[near], vectors[near]


class Normalizer:
    """Mean and deviation of the targets of all steps so far, x, y and z apart."""

    def __init__(self):
        self.sum, self.squares, self.count = torch.zeros(3), torch.zeros(3), 0

    def __call__(self, target):
        self.sum += target.sum(0)
        self.squares += target.square().sum(0)
        self.count += len(target)
        mean = self.sum / self.count
        deviation = (self.squares / self.count - mean.square()).clamp(min=0.0).sqrt()
        return (target - mean) / deviation.clamp(min=1e-8)


def shortest(call, times):
    def once():
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    return min(once() for _ in range(times))


class Training:
    def __init__(self, stage, batch, channels, layers, heads, radial, paths):
        # Not at the top: what it prints while it loads must not get among the answers.
        from torchmdnet.models.output_modules import EquivariantVectorOutput
        from torchmdnet.models.torchmd_et import TorchMD_ET

        torch.manual_seed(1)
        withSpectra = stage == "spectra"
        self.network = TorchMD_ET(hidden_channels=channels, num_layers=layers, num_heads=heads,
                                  num_rbf=radial, trainable_rbf=False, cutoff_upper=CUTOFF,
                                  max_num_neighbors=NEIGHBORS)
        self.head = EquivariantVectorOutput(channels)
        self.specFormer = SpecFormer(channels) if withSpectra else None
        self.parts = torch.nn.ModuleList(part for part in (self.network, self.head,
                                                           self.specFormer) if part)
        self.optimizer = torch.optim.AdamW(self.parts.parameters(), lr=LEARNING_RATE,
                                           weight_decay=0.0)
        self.normalized = Normalizer()
        self.choose(Molecules(paths, withSpectra), batch)

    def choose(self, dataset, size):
        """The faster way to the neighbours and the faster loader."""
        _, positions, _, batch, _ = next(batches(dataset, size, 0))
        ways = [self.network.distance, PairsWithinMolecules()]
        self.network.distance = min(ways, key=lambda way: shortest(
            lambda: way(positions, batch, None), 5))
        spans, streams = {}, {}
        for workers in WORKERS:
            self.stream = streams[workers] = batches(dataset, size, workers)
            self.step()
            spans[workers] = shortest(self.step, TRIALS)
        self.workers = min(spans, key=spans.get)
        self.stream = streams[self.workers]

    def loss(self, numbers, positions, noise, batch, spectra):
        scalars, vectors, *rest = self.network(numbers, positions, batch)
        predicted = self.head.pre_reduce(scalars, vectors, numbers, positions, batch)
        loss = torch.nn.functional.mse_loss(predicted, self.normalized(noise))
        if self.specFormer is not None:
            features, reconstruction = self.specFormer(spectra)
            molecules = torch.zeros(len(features), scalars.shape[1]).index_add(0, batch, scalars)
            loss = loss + reconstruction + contrast(molecules, features)
        return loss

    def step(self):
        """-> milliseconds of one step, loss"""
        begin = time.perf_counter()
        self.optimizer.zero_grad()
        loss = self.loss(*next(self.stream))
        loss.backward()
        self.optimizer.step()
        return 1000.0 * (time.perf_counter() - begin), float(loss.detach())

    def __call__(self, request):
        """No steps ask only whether it is ready."""
        if request["steps"] == 0:
            return {}
        times, losses = zip(*(self.step() for _ in range(request["steps"])))
        return {"min": min(times), "median": float(np.median(times)), "loss": losses[-1],
                "threads": torch.get_num_threads(), "workers": self.workers,
                "neighbors": type(self.network.distance).__name__}


if __name__ == "__main__":
    torch.set_flush_denormal(True)  # as ours does; Intel's processors are slow with them
    serve(lambda: Training(sys.argv[1], *map(int, sys.argv[2:7]), sys.argv[7:]))
