#!/usr/bin/env python3
"""Turns ANI-1x's HDF5 file (a group a formula, with atomic_numbers [N] and coordinates
[frames, N, 3] in angstrom) into shards of geometries for molspectra, to pre-train by denoising.

    python scripts/convert_ani1x.py ani1x-release.h5 ani1x --per-formula 100

One formula is in memory at a time. The index of a geometry is its place in the file, formulas by
name; --per-formula takes that many of each, evenly spread.

SPDX-License-Identifier: MIT
"""

import argparse
import sys

import numpy as np

from shards import ShardWriter, report, unfit


def geometries(groups, most=0):
    """Yields index, numbers and positions, or index and a sentence on what is wrong.

    `groups` is an open file, or any mapping of names to mappings of arrays.
    """
    start = 0
    for name in sorted(groups):
        group = groups[name]
        if "coordinates" not in group or "atomic_numbers" not in group:
            yield start, None, f"group {name}: no coordinates or no atomic_numbers"
            continue
        numbers, frames = np.asarray(group["atomic_numbers"]), np.asarray(group["coordinates"])
        count = len(frames)
        picked = np.arange(count)
        if 0 < most < count:
            picked = np.unique(np.linspace(0, count - 1, most).round().astype(int))
        for frame in picked:
            reason = unfit(numbers, frames[frame])
            if reason:
                yield start + int(frame), None, f"group {name} frame {frame}: {reason}"
            else:
                yield start + int(frame), numbers, frames[frame]
        start += count


def convert(groups, writer, most=0):
    """Writes all geometries; returns sentences on those left out."""
    failures = []
    for index, numbers, content in geometries(groups, most):
        if numbers is None:
            failures.append(content)
        else:
            writer.add(numbers, content, index)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("output", help="folder to write")
    parser.add_argument("--per-formula", type=int, default=0, metavar="N",
                        help="geometries of each formula; 0 is all")
    parser.add_argument("--shard-size", type=int, default=2000)
    options = parser.parse_args()
    try:
        import h5py
    except ImportError:
        sys.exit("reading HDF5: the package h5py is missing; pip install h5py")
    try:
        file = h5py.File(options.file, "r")
    except OSError as error:
        sys.exit(f"reading {options.file}: {str(error).splitlines()[0]}")
    with file:
        writer = ShardWriter(options.output, options.shard_size)
        report(convert(file, writer, options.per_formula), "geometries")
    writer.close()


if __name__ == "__main__":
    main()
