#!/usr/bin/env python3
"""Compiles every CUDA source of a folder for one card with clusters and one without.

SPDX-License-Identifier: MIT

    compile.py NVCC FOLDER
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ARCHITECTURES = ("compute_80", "compute_90a")
# What each card's code must hold: products of matrices everywhere, clusters where there are any.
EXPECTED = {"compute_80": ["mma.sync"], "compute_90a": ["mma.sync", "barrier.cluster.arrive",
                                                         "st.async", "griddepcontrol.wait"]}


def compiled(nvcc, source, architecture, folder):
    """PTX of a source; empty after a failure, which the compiler has told."""
    target = Path(folder) / f"{source.stem}.ptx"
    done = subprocess.run([nvcc, "-std=c++20", f"-arch={architecture}", "-ptx", source, "-o",
                           target])
    return target.read_text() if done.returncode == 0 else ""


def main(nvcc, folder):
    sources = sorted(Path(folder).glob("*.cu"))
    failed = 0 if sources else 1
    for architecture in ARCHITECTURES:
        with tempfile.TemporaryDirectory() as made:
            texts = [compiled(nvcc, source, architecture, made) for source in sources]
        failed += texts.count("")
        missing = [word for word in EXPECTED[architecture] if word not in "".join(texts)]
        print(f"{architecture}: {len(texts)} sources; missing in them: {missing or 'nothing'}")
        failed += len(missing)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
