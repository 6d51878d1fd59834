"""Installs what packing.py brought together, without touching the Python it is for.

SPDX-License-Identifier: MIT

    python bringing.py FOLDER WORK      # makes WORK/site, WORK/peers and WORK/native
"""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path


def install(wheels, target):
    if not wheels or target.exists():
        return
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                    "--no-compile", "--no-cache-dir", "--disable-pip-version-check",
                    "--target", unfinished, *wheels], check=True)
    unfinished.rename(target)


def main(brought, work):
    brought, work = Path(brought), Path(work)
    install(sorted((brought / "wheels").glob("*.whl")), work / "site")
    install(sorted((brought / "peers").glob("*.whl")), work / "peers")
    with tarfile.open(brought / "native.tar.gz") as archive:
        archive.extractall(work / "native")


if __name__ == "__main__":
    main(*sys.argv[1:3])
