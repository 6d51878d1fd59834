"""The peer's data: shards read whole, spectra on their grids, a Dataset that draws the noise.

SPDX-License-Identifier: MIT

Spectra are broadened and their logarithm taken once, before anything is timed.
"""

import numpy as np
import torch

SIGMA = 0.04  # A, of the noise
GRIDS = {"uv": (1.0, 0.02, 701), "ir": (500.0, 1.0, 3501), "raman": (500.0, 1.0, 3501)}
WIDTHS = {"uv": 0.3, "ir": 12.0, "raman": 12.0}  # full widths at half maximum
LINES = {"uv": ("state_offset", "uv_ev", "uv_f"), "ir": ("mode_offset", "freq", "ir"),
         "raman": ("mode_offset", "freq", "raman")}


def broadened(positions, intensities, kind):
    """log10(1 + curve) [points] of lines, each a Lorentzian whose area is its intensity."""
    start, step, points = GRIDS[kind]
    half = 0.5 * WIDTHS[kind]
    real = positions > 0.0
    distance = start + step * np.arange(points)[:, None] - positions[None, real]
    curve = (intensities[real] * half / np.pi / (distance**2 + half**2)).sum(axis=1)
    return np.log10(1.0 + curve).astype(np.float32)


class Molecules(torch.utils.data.Dataset):
    """Molecules of shards with lines: atomic numbers, noisy positions, the noise, the spectra."""

    def __init__(self, paths, withSpectra):
        self.rows = []
        for path in paths:
            with np.load(path) as file:
                arrays = {name: file[name] for name in file.files}
            for m in range(len(arrays["atom_offset"]) - 1):
                self.rows.append(self.row(arrays, m, withSpectra))

    @staticmethod
    def row(arrays, m, withSpectra):
        def part(offset):
            return slice(arrays[offset][m], arrays[offset][m + 1])

        atoms = part("atom_offset")
        spectra = [broadened(arrays[positions][part(offset)], arrays[intensities][part(offset)],
                             kind)
                   for kind, (offset, positions, intensities) in LINES.items() if withSpectra]
        return (torch.from_numpy(arrays["z"][atoms].astype(np.int64)),
                torch.from_numpy(arrays["pos"][atoms].astype(np.float32)),
                [torch.from_numpy(spectrum) for spectrum in spectra])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        numbers, positions, spectra = self.rows[index]
        noise = SIGMA * torch.randn_like(positions)
        return numbers, positions + noise, noise, spectra


def collate(rows):
    """-> numbers [N], noisy positions [N,3], noise [N,3], molecule of each atom [N], spectra"""
    numbers, positions, noise, spectra = zip(*rows)
    counts = torch.tensor([len(each) for each in numbers])
    return (torch.cat(numbers), torch.cat(positions), torch.cat(noise),
            torch.arange(len(rows)).repeat_interleave(counts),
            [torch.stack(kind) for kind in zip(*spectra)])


def batches(dataset, size, workers):
    """Batches without end, shuffled anew every epoch."""
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=size, shuffle=True, drop_last=True, collate_fn=collate,
        num_workers=workers, persistent_workers=workers > 0)
    while True:
        yield from loader
