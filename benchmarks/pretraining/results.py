"""The results file, which several invocations write, and what its rows say together.

SPDX-License-Identifier: MIT
"""

import fcntl
import json
import math
import os
import statistics
from contextlib import contextmanager

import matrix

# Student's t for an interval of 95 %, by degrees of freedom.
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
LISTS = ("data", "pretraining", "rows")


class Results:
    """One JSON file: lists of rows, each with a name that is in its list once."""

    def __init__(self, folder, lock):
        self.path, self.lock = folder / "pretraining.json", lock

    def read(self):
        if not self.path.exists():
            return {key: [] for key in LISTS}
        return json.loads(self.path.read_text())

    def add(self, key, row):
        with self.locked():
            content = self.read()
            rows = [old for old in content[key] if old["name"] != row["name"]]
            content[key] = sorted([*rows, row], key=lambda each: each["name"])
            self.write(content)

    @contextmanager
    def locked(self):
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with open(self.lock, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def write(self, content):
        """A row a line, so that a finished run changes one line; beside, then renamed."""
        lists = ",\n".join(f' "{key}": [' + ",".join("\n  " + json.dumps(row) for row in
                                                    content[key]) + "]" for key in LISTS)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".json.part")
        beside.write_text("{\n" + lists + "\n}\n")
        os.replace(beside, self.path)


def bestValidation(row):
    """Infinite for a run that diverged."""
    return min((error for _, error in row["validation"]), default=math.inf) \
        if row["test_force_mae"] is not None else math.inf


def trialsOf(rows, kind):
    """Learning rate -> row, of the runs among which the kind's rate is chosen."""
    names = {task.name: task.rate for task in matrix.trials("", kind)}
    return {names[row["name"]]: row for row in rows if row["name"] in names}


def chosenRate(rows, kind):
    """The rate of the smallest validation error; None until all were tried. Kinds that have
    no trials take that of another one."""
    tried = trialsOf(rows, matrix.rated(kind))
    if len(tried) < len(matrix.RATES):
        return None
    return min(matrix.RATES, key=lambda rate: bestValidation(tried[rate]))


def cellRows(rows, kind, cell):
    """Seed -> row of the runs that count; those that diverged are left out."""
    wanted = {matrix.runName(kind, cell, seed): seed for seed in matrix.SEEDS}
    if cell == matrix.CHOICE and kind in matrix.RATED:
        rate = chosenRate(rows, kind)
        name = matrix.runName(kind, cell, matrix.SEEDS[0])
        wanted = {key: seed for key, seed in wanted.items() if key != name}
        wanted[f"{name}-rate{rate}"] = matrix.SEEDS[0]
    found = {wanted[row["name"]]: row for row in rows
             if row["name"] in wanted and row["test_force_mae"] is not None}
    return dict(sorted(found.items()))


def errorsOf(rows, kind, cell):
    """Seed -> test force MAE."""
    return {seed: row["test_force_mae"] for seed, row in cellRows(rows, kind, cell).items()}


def meanInterval(values):
    """Mean, and half the width of its 95 % interval by Student's t; None of a single value."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, None
    return mean, T95[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values))


def gains(before, after):
    """Percent by which each seed's error is smaller after than before, for seeds that both have:
    they share their frames."""
    return [100 * (1 - after[seed] / before[seed]) for seed in before if seed in after]


def beyondSpread(before, after):
    """Whether the worst seed of one is better than the best seed of the other."""
    return max(after.values()) < min(before.values())
