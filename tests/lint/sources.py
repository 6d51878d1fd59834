"""Which files of the project the lints look at, and how a lint tells what it found.

SPDX-License-Identifier: MIT
"""

import os
import sys
from pathlib import Path

MADE = {"build", "demo"}  # at the top only
CPP = {".h", ".cpp", ".cu", ".cuh"}
KERNELS = {".cc", ".cl"}
SCRIPTS = {".py", ".pyi", ".sh", ".i"}
BUILD = {".cmake"}
TEXTS = {".md", ".txt", ".json", ".yml"}
ALL = CPP | KERNELS | SCRIPTS | BUILD | TEXTS


def files(root, suffixes):
    """Files of these suffixes as paths relative to `root`, sorted; hidden and made ones are left
    out."""
    found = []
    for folder, subfolders, names in os.walk(root):
        made = MADE if Path(folder) == Path(root) else set()
        subfolders[:] = [s for s in subfolders
                         if s not in made and s != "__pycache__" and not s.startswith(".")]
        found += [(Path(folder) / name).relative_to(root) for name in names
                  if Path(name).suffix in suffixes]
    return sorted(found)


def run(suffixes, check):
    """Runs check(root, path, text) -> list of (line, sentence) over the files below argv[1], prints
    what was found and ends with 1 if anything was."""
    root = Path(sys.argv[1]).resolve()
    paths = files(root, suffixes)
    if not paths:
        sys.exit(f"{root}: no file with one of {sorted(suffixes)}")
    count = 0
    for path in paths:
        for line, sentence in check(root, path, (root / path).read_text(encoding="utf-8")):
            print(f"{path}:{line}: {sentence}")
            count += 1
    print(f"{len(paths)} files, {count} findings")
    sys.exit(1 if count else 0)
