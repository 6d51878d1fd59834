"""What the side-by-side benchmarks share: workers, alternation, the machine, tables, results.

SPDX-License-Identifier: MIT

A worker is a program of its own in its own environment. It answers every line of JSON on its
standard input with one line of JSON; whatever else its libraries print goes to a log.
"""

import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
THREADS = (1, 2)
SETTLE = 0.05  # seconds between two sides' turns, in which OpenMP's threads go to sleep


class Worker:
    """One side at one number of threads. It sees a GPU only if `device` is true."""

    def __init__(self, python, script, arguments, threads, device=False, variables=None):
        count = str(threads)
        environment = dict(os.environ, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count,
                           OPENMM_CPU_THREADS=count, **(variables or {}))
        if not device:
            environment["CUDA_VISIBLE_DEVICES"] = ""
        self.threads, self.milliseconds = threads, []
        self.name = f"{Path(script).name} {' '.join(map(str, arguments))}, {threads} thread(s)"
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(python), str(script), *map(str, arguments)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.log.seek(0)
            raise SystemExit(f"running {self.name}: it ended without an answer\n{self.log.read()}")
        return json.loads(answer)

    def time(self, steps, seconds):
        """Appends the milliseconds of one step, averaged over `steps` of them again and again until
        the seconds are over."""
        self.milliseconds.append(self.ask(steps=steps, seconds=seconds)["ms_per_step"])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


def serve(answer):
    """The worker's half: calls answer(request) for each line until the input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    handler = answer()
    for line in sys.stdin:
        replies.write(json.dumps(handler(json.loads(line))) + "\n")
        replies.flush()


def alternate(workers, rounds, steps, seconds=0):
    """A B A B ...: each worker has its turn once a round. With `seconds` turns are as long for all:
    caches are cold after those of others, and a quick side would be done before they are warm."""
    for _ in range(rounds):
        for worker in workers:
            time.sleep(SETTLE)
            worker.time(steps, seconds)


def fastest(workers):
    """The one whose best turn was shortest: each side runs at its best number of threads."""
    return min(workers, key=lambda worker: min(worker.milliseconds))


def compared(ours, peers):
    """The columns of a result: ratio of minima, medians beside."""
    us, peer = fastest(ours), fastest(peers)
    return dict(threads=us.threads, peer_threads=peer.threads,
                ours_ms=round(min(us.milliseconds), 4),
                peer_ms=round(min(peer.milliseconds), 4),
                ratio=round(min(peer.milliseconds) / min(us.milliseconds), 3),
                ours_median_ms=round(statistics.median(us.milliseconds), 4),
                peer_median_ms=round(statistics.median(peer.milliseconds), 4))


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def machine():
    """The columns that say where and when: load average over the last minute."""
    return dict(load=round(os.getloadavg()[0], 2), date=datetime.date.today().isoformat(),
                processor=processor(), cores=os.cpu_count())


def printTable(rows, columns):
    cells = [[str(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells)]
    for line in [columns, *cells]:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


def writeRows(path, rows, **facts):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n")
    print(f"wrote {path}")
