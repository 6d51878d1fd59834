#!/usr/bin/env python3
"""Checks that code compiled for one instruction set cannot be linked for another.

SPDX-License-Identifier: MIT

    objects.py NM OBJECT...    # NM: the program nm; OBJECT: those of molspectra_cpu

The same source is compiled for several instruction sets. Of a function that several objects define
alike, inline ones and templates, the linker keeps one and drops the others: it could keep the one
with instructions that a processor lacks. So each object may show the linker its two tables and
nothing else. Nor may it run code when the library is loaded, before anybody has asked what the
processor knows.
"""

import re
import subprocess
import sys
from pathlib import Path

OBJECT = re.compile(r"Stages(\w+)\.cpp\.o(bj)?$")
BASELINE = "StagesBaseline.cpp"
# Letters of nm for what the linker sees of an object: lowercase ones are its own, but for these.
SHARED = set("uivw")
STARTERS = ("_GLOBAL__sub_I_", "_GLOBAL__I_", "__static_initialization_and_destruction")
REMEDY = ("put it into the unnamed namespace, or use the compiler's own functions; a table must be "
          "a constant that the compiler can compute")


def tablesOf(path):
    """The names that StagesAvx2.cpp.o may export: avx2Float and avx2Double."""
    stem = OBJECT.search(path.name).group(1)
    stem = stem[0].lower() + stem[1:]
    return {f"molspectra::native::{stem}{kind}" for kind in ("Float", "Double")}


def symbolsOf(nm, path):
    """Letter and name of every symbol that an object defines."""
    listed = subprocess.run([nm, "--demangle", "--defined-only", path],
                            capture_output=True, text=True, check=True)
    return re.findall(r"^[0-9a-f]+ (\S) (.+)$", listed.stdout, re.MULTILINE)


def faultsOf(nm, path):
    """One sentence for each symbol that is too much or missing."""
    tables, symbols = tablesOf(path), symbolsOf(nm, path)
    exported = {name: letter for letter, name in symbols if letter.isupper() or letter in SHARED}
    faults = [f"found {letter} {name}, expected only the tables; {REMEDY}"
              for name, letter in exported.items() if name not in tables]
    faults += [f"found {letter} {name}, expected data that no other object defines; {REMEDY}"
               for name, letter in exported.items() if name in tables and letter not in "DR"]
    faults += [f"found no {name}, expected this table" for name in sorted(tables - exported.keys())]
    faults += [f"found {name}, expected no code that runs on loading; {REMEDY}"
               for _, name in symbols if name.startswith(STARTERS)]
    return faults


def main():
    if len(sys.argv) < 3:
        raise SystemExit("usage: objects.py NM OBJECT...")
    paths = [Path(name) for name in sys.argv[2:]]
    chosen = [path for path in paths if OBJECT.search(path.name)]
    if not any(path.name.startswith(BASELINE) for path in chosen):
        raise SystemExit(f"checking object files: found no {BASELINE} among {len(paths)}, expected "
                         "the stages of every instruction set; correct tests/native/CMakeLists.txt")
    faults = [f"checking {path.name}: {fault}"
              for path in chosen for fault in faultsOf(sys.argv[1], path)]
    print("\n".join(faults) or f"{len(chosen)} objects export their tables and nothing else")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
