"""Which files of the project the lints look at, and how a lint tells what it found.

SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MADE = {"build", "demo"}  # at the top only
CPP = {".h", ".cpp", ".cu", ".cuh"}
KERNELS = {".cc", ".cl"}
SCRIPTS = {".py", ".pyi", ".sh", ".i"}
BUILD = {".cmake"}
TEXTS = {".md", ".txt", ".json", ".yml"}
ALL = CPP | KERNELS | SCRIPTS | BUILD | TEXTS


def known(root):
    """Files that git knows, and sources that it does not know yet, relative to `root`; none without
    a repository. Texts that nobody has added are somebody's results."""
    listed = []
    if not shutil.which("git"):
        return listed
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for which in (["--cached"], ["--others", "--exclude-standard"]):
        run = subprocess.run(["git", "-C", root, "ls-files", "-z", *which], capture_output=True,
                             env=own)  # a hook's variables name another repository
        names = os.fsdecode(run.stdout).split("\0") if run.returncode == 0 else []
        listed += [Path(name) for name in names
                   if which == ["--cached"] or Path(name).suffix not in TEXTS]
    return listed


def walked(root):
    """All files relative to `root` but hidden and made ones."""
    for folder, subfolders, names in os.walk(root):
        made = MADE if Path(folder) == Path(root) else set()
        subfolders[:] = [s for s in subfolders if s not in made and s != "__pycache__"
                         and not s.startswith((".", "build-"))]
        yield from ((Path(folder) / name).relative_to(root) for name in names)


def files(root, suffixes):
    """Files of these suffixes as paths relative to `root`, sorted."""
    return sorted(path for path in set(known(root) or walked(root))
                  if path.suffix in suffixes and (root / path).is_file())


def findings(root, path, check):
    """What check(root, path, text) finds in a file, or that it is no text."""
    content = (root / path).read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return [(content.count(b"\n", 0, error.start) + 1, "a byte that is not UTF-8")]
    return check(root, path, text)


def run(suffixes, check):
    """Runs check(root, path, text) -> list of (line, sentence) over the files below argv[1], prints
    what was found and ends with 1 if anything was."""
    root = Path(sys.argv[1]).resolve()
    paths = files(root, suffixes)
    if not paths:
        sys.exit(f"{root}: no file with one of {sorted(suffixes)}")
    count = 0
    for path in paths:
        for line, sentence in findings(root, path, check):
            print(f"{path}:{line}: {sentence}")
            count += 1
    print(f"{len(paths)} files, {count} findings")
    sys.exit(1 if count else 0)
