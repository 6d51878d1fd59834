#!/usr/bin/env python3
"""Runs an OpenCL program under Oclgrind, which watches every access of every work item.

SPDX-License-Identifier: MIT

    oclgrind.py OCLGRIND PROGRAM [ARGUMENT...]                # nothing may be found
    oclgrind.py --finds TEXT OCLGRIND PROGRAM [ARGUMENT...]   # TEXT must be found

Found are reads and writes outside of a buffer, reads of what nobody wrote, and work items that use
one place without order, even if they write the same there.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

WATCHED = ["--data-races", "--uniform-writes", "--uninitialized"]
SHOWN = 40  # lines of what was found


def watch(oclgrind, program):
    """Output of the program, and what Oclgrind has to say about its kernels."""
    if not Path(oclgrind).is_file():
        raise SystemExit(f"watching kernels: found {oclgrind}, expected the program oclgrind; "
                         "install the packages of requirements/debian.txt and configure again")
    with tempfile.NamedTemporaryFile(mode="r") as log:
        run = subprocess.run([oclgrind, *WATCHED, "--log", log.name, *program],
                             capture_output=True, text=True)
        return run, log.read().strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--finds", metavar="TEXT", help="what Oclgrind must say")
    parser.add_argument("oclgrind")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    run, found = watch(given.oclgrind, given.program)
    print(run.stdout + run.stderr)
    print("\n".join(found.splitlines()[:SHOWN]) or "Oclgrind found nothing")
    if run.returncode != 0 or "[  SKIPPED ]" in run.stdout:
        print(f"the program ended with {run.returncode}, expected 0 and no test left out")
        return 1
    if given.finds:
        return 0 if given.finds in found else 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
