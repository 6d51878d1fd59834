"""Which task is free, who is at it, and the loop of those that work.

SPDX-License-Identifier: MIT

A claim is a lock on a file that the started program inherits: it ends by itself when both the
script and the program have ended, however they ended. The file names the script's process.
"""

import datetime
import fcntl
import os
import signal
import threading
import time

PATIENCE = 15  # seconds between looks at what others do


class Failed(Exception):
    """A task did not finish; the text says why."""


class Stopped(Exception):
    """The invocation was asked to end."""


class Schedule:
    """Deals tasks to workers. A subclass says what is done(task, content) and can perform(task,
    claim), which raises Failed or Stopped."""

    def __init__(self, folder, results, tasks, every):
        self.folder, self.results, self.tasks, self.every = folder, results, tasks, every
        self.failed, self.children = {}, []
        self.guard, self.stopping = threading.Lock(), threading.Event()

    def locked(self, task, kind):
        """An open file with that lock, or None if another worker has the claim."""
        path = self.folder / "claims" / task.name
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a")
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def claim(self, task):
        file = self.locked(task, fcntl.LOCK_EX)
        if file is not None:
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
        return file

    def claimed(self, task):
        file = self.locked(task, fcntl.LOCK_SH)
        if file is not None:
            file.close()
        return file is None

    def underWay(self, task, content):
        """Whether somebody is at it, or at something that it waits for."""
        needs = (self.every.named(name) for name in task.needs)
        return self.claimed(task) or any(self.underWay(need, content) for need in needs
                                         if not self.done(need, content))

    def pick(self):
        """A free task and its claim; None if none is left that could become free."""
        while not self.stopping.is_set():
            content, refused = self.results.read(), False
            left = [task for task in self.tasks
                    if task.name not in self.failed and not self.done(task, content)]
            for task in left:
                if not self.ready(task, content):
                    continue
                claim = self.claim(task)
                if claim is not None and not self.done(task, self.results.read()):
                    return task, claim
                refused = True  # another has it, or had it until now
                if claim is not None:
                    claim.close()
            if not refused and not any(self.underWay(task, content) for task in left):
                return None
            self.stopping.wait(PATIENCE)
        return None

    def ready(self, task, content):
        return all(self.done(self.every.named(name), content) for name in task.needs)

    def state(self, task, content):
        if self.done(task, content):
            return "done"
        if self.claimed(task):
            return "running"
        return "ready" if self.ready(task, content) else "waiting"

    def loop(self):
        while (found := self.pick()) is not None:
            task, claim = found
            self.say(f"begins {task.name}")
            try:
                with claim:
                    self.perform(task, claim)
                self.say(f"finished {task.name}")
            except (Failed, OSError, ValueError, LookupError) as error:
                self.failed[task.name] = str(error)
                self.say(f"failed {task.name}: {error}")
            except Stopped:
                return

    def say(self, text):
        print(f"{datetime.datetime.now():%m-%d %H:%M:%S} {text}", flush=True)

    def stop(self, *_):
        self.stopping.set()
        with self.guard:
            for child in self.children:
                child.send_signal(signal.SIGTERM)


def workUntilDone(schedule, jobs):
    """Workers are threads; signals reach the first one only, which waits for the others."""
    workers = [threading.Thread(target=schedule.loop, daemon=True) for _ in range(jobs)]
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, schedule.stop)
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        time.sleep(0.2)
