#!/usr/bin/env python3
"""Checks licence lines, line lengths, tabs, unfinished places and paths of somebody's machine.

SPDX-License-Identifier: MIT
"""

import re

import sources

LICENSED = sources.CPP | sources.KERNELS | {".py", ".sh", ".i"}
NARROW = sources.CPP | sources.KERNELS | sources.SCRIPTS
LICENSE = "SPDX-License-Identifier: MIT"
HEAD = 15  # lines: a Python module may open with a docstring
COLUMNS = 100

# Folders in which people and build machines keep their own files.
PERSONAL = ("home", "root", "work", "mnt", "media", "scratch", "Users", "workspace", "builds")
MACHINE_PATH = re.compile(r"(?<![\w./$}>)\]*-])/(?:%s)/[\w.~-]" % "|".join(PERSONAL))
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")


def check(root, path, text):
    lines = text.splitlines()
    found = []
    if path.suffix in LICENSED and not any(LICENSE in line for line in lines[:HEAD]):
        found.append((1, f"no line '{LICENSE}' among the first {HEAD}"))
    for number, line in enumerate(lines, 1):
        if path.suffix in NARROW and len(line) > COLUMNS:
            found.append((number, f"{len(line)} columns, at most {COLUMNS} are allowed"))
        if path.suffix in NARROW and "\t" in line:
            found.append((number, "a tab; indent by four spaces"))
        if path.suffix in NARROW and UNFINISHED.search(line):
            found.append((number, "an unfinished place; finish it or drop the note"))
        if MACHINE_PATH.search(line):
            found.append((number, "a path of one machine"))
    return found


if __name__ == "__main__":
    sources.run(sources.ALL, check)
