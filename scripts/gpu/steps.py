"""Steps, each a command with a time limit and a log of its own, and what came of them.

SPDX-License-Identifier: MIT
"""

import itertools
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

LEAST = 5  # seconds below which a step is not started
TAIL = 12  # lines of a failing step's log that the report shows
POLL = 0.2  # seconds


@dataclass
class Reading:
    """What a command's output says."""

    right: bool
    figures: str = ""
    rows: list = field(default_factory=list)
    notRun: str = ""  # why, where the command found that it could not do its work


def byExitStatus(code, log, folder):
    return Reading(code == 0)


@dataclass
class Step:
    """`read` gets the exit status, the log's text and the step's own folder."""

    name: str
    title: str
    command: list
    limit: int
    group: str = ""        # neighbors of one group run at the same time
    device: bool = True    # whether it needs a GPU
    requires: tuple = ()   # paths that earlier steps have made
    obstacle: str = ""     # why it cannot run, where that is known before
    variables: dict = field(default_factory=dict)
    read: Callable = byExitStatus


@dataclass
class Outcome:
    name: str
    title: str
    result: str  # "pass", "fail" or "not run"
    seconds: float = 0.0
    figures: str = ""
    reason: str = ""
    rows: list = field(default_factory=list)
    tail: str = ""

    @staticmethod
    def notRun(step, reason):
        return Outcome(step.name, step.title, "not run", reason=reason)


class Running:
    """A started command, in a process group of its own."""

    def __init__(self, step, folder, limit):
        self.step, self.folder, self.limit = step, folder, limit
        folder.mkdir(parents=True, exist_ok=True)
        self.begin = time.monotonic()
        self.found = None  # the Outcome, once it has ended
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [str(word) for word in step.command], stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, env={**os.environ, **step.variables}, cwd=folder,
                start_new_session=True)

    def goesOn(self):
        """Ends a command that has reached its limit."""
        seconds = time.monotonic() - self.begin
        if self.process.poll() is None and seconds < self.limit:
            return True
        if self.found is None:
            ended = self.process.poll() is not None
            if not ended:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.found = self.judged(seconds, ended)
        return False

    def judged(self, seconds, ended):
        text = (self.folder / "log").read_text(errors="replace")
        step, tail = self.step, "\n".join(text.splitlines()[-TAIL:])
        if not ended:
            return Outcome(step.name, step.title, "fail", seconds, tail=tail,
                           reason=f"not ended after {self.limit:.0f} s")
        reading = step.read(self.process.returncode, text, self.folder)
        if reading.notRun:
            return Outcome(step.name, step.title, "not run", seconds, reason=reading.notRun)
        if reading.right:
            return Outcome(step.name, step.title, "pass", seconds, reading.figures,
                           rows=reading.rows)
        code = self.process.returncode
        return Outcome(step.name, step.title, "fail", seconds, reading.figures,
                       f"exit status {code}" if code else "by what it wrote", reading.rows, tail)


class Runner:
    """Runs steps in order until the time is used up. A failing step stops no other."""

    def __init__(self, folder, seconds, tell=print):
        self.folder, self.tell = Path(folder), tell
        self.end = time.monotonic() + seconds

    def obstacle(self, step):
        if step.obstacle:
            return step.obstacle
        missing = [path for path in step.requires if not Path(path).exists()]
        if missing:
            return f"there is no {Path(missing[0]).name}, which an earlier step makes"
        if self.end - time.monotonic() < LEAST:
            return "the time for everything together was used up"
        return ""

    def start(self, step):
        """-> a Running, or the Outcome of a step that cannot start"""
        reason = self.obstacle(step)
        if not reason:
            try:
                limit = min(step.limit, self.end - time.monotonic())
                return Running(step, self.folder / step.name, limit)
            except OSError as error:
                reason = f"starting {step.command[0]}: {error.strerror}"
        return Outcome.notRun(step, reason)

    def run(self, steps):
        outcomes = []
        for _, group in itertools.groupby(steps, key=lambda step: step.group or step.name):
            every = [self.start(step) for step in group]
            while any([begun.goesOn() for begun in every if isinstance(begun, Running)]):
                time.sleep(POLL)
            for begun in every:
                outcome = begun.found if isinstance(begun, Running) else begun
                outcomes.append(outcome)
                self.tell(f"{outcome.result:8} {outcome.seconds:6.1f} s  {outcome.name}  "
                          f"{outcome.figures or outcome.reason}", flush=True)
        return outcomes
