#!/usr/bin/env python3
"""Tells which tests were skipped and why, a line a reason; `make test` ends with it.

SPDX-License-Identifier: MIT

    skipped.py FOLDER    # FOLDER: of reports as JUnit XML, by GoogleTest, pytest and CTest
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def reason(case, skipped):
    """Of a skipped test: for CTest the last line that it printed."""
    text = skipped.get("message") or ""
    if text.startswith("SKIP_"):
        text = ((case.findtext("system-out") or "").strip() or text).splitlines()[-1]
    return re.sub(r"^\S+:\d+\s*\n", "", text).strip()  # GoogleTest begins with the source's line


def skippedTests(report):
    """Reason -> names of the tests in a report that were skipped for it."""
    reasons = {}
    for case in xml.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        if skipped is not None:
            reasons.setdefault(reason(case, skipped), []).append(case.get("name"))
    return reasons


def main():
    for report in sorted(Path(sys.argv[1]).glob("*.xml")):
        for why, names in skippedTests(report).items():
            others = f" and {len(names) - 1} more" if len(names) > 1 else ""
            print(f"skipped: {report.stem}: {names[0]}{others}: {why}")


if __name__ == "__main__":
    main()
