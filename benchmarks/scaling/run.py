"""Times an OpenMM step of this project and of openmm-torch from 9 atoms to 5,000, same weights.

SPDX-License-Identifier: MIT

    .venv/bin/python benchmarks/scaling/run.py

Molecules of tests/golden, and periodic boxes of water at 1 g/cm3, on OpenMM's CPU platform with all
threads; the two sides take turns. Where the peer would not fit into the memory, or cannot simulate
a system, the row says why. Writes docs/results/scaling.json.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "peers")]
from common import ROOT, Worker, alternate, machine, printTable, writeRows  # noqa: E402

import sides  # noqa: E402
import systems  # noqa: E402

SYSTEMS = ["ethanol", "aspirin"] + [f"water-{n}" for n in (32, 64, 125, 216, 512, 1000, 1666)]
COLUMNS = ["system", "atoms", "pairs", "ours_ms", "ours_us_per_pair", "peer_ms",
           "peer_us_per_pair", "ratio", "load", "note"]
MEMORY_SHARE = 0.8  # of what is available that the peer may be expected to take
MOST_STEPS = 20  # in a turn


def availableMemory():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024
    raise SystemExit("reading /proc/meminfo: found no MemAvailable, expected a Linux system")


class PeerMemory:
    """Foretells what the peer takes: a part of its own, and one that grows with the pairs."""

    def __init__(self):
        self.seen = []  # pairs, bytes

    def add(self, pairs, memory):
        self.seen.append((pairs, memory))

    def expected(self, pairs):
        if len(self.seen) < 2:
            return 0
        (fewest, least), (most, largest) = self.seen[0], self.seen[-1]
        return largest + (pairs - most) * (largest - least) / (most - fewest)


def obstacle(atoms, pairs, cell, cutoff, memory, given):
    """Why the peer does not simulate a system, or None."""
    if atoms > given.largest_peer:
        return f"peer: not asked beyond {given.largest_peer} atoms"
    if cell is not None and cell.diagonal().min() < 2 * cutoff:
        return "peer: boxes must be twice as wide as the cutoff"
    needed, available = memory.expected(pairs), availableMemory()
    if needed > MEMORY_SHARE * available:
        return f"peer: would take {needed / 1e9:.0f} GB, {available / 1e9:.0f} GB are available"
    return None


def begin(side, model, name, threads):
    worker = Worker(sides.PYTHONS[side], sides.HERE / "worker.py", [side, model, name, "CPU"],
                    threads)
    return worker, worker.ask(state=True)


def beginPeer(model, name, reason, threads):
    """-> worker, state and None; or None, None and why there is no peer"""
    if reason:
        return None, None, reason
    try:
        return *begin("peer", model, name, threads), None
    except SystemExit as failure:
        return None, None, "peer: " + str(failure).strip().splitlines()[-1]


def timeTurns(workers, given):
    """Turns of at least --seconds on every side, and of about that on the slowest."""
    alternate(workers, 1, 1)
    slowest = max(worker.milliseconds.pop() for worker in workers)
    steps = max(1, min(MOST_STEPS, int(1000 * given.seconds / slowest)))
    alternate(workers, given.rounds, steps, given.seconds)


def columnsOf(side, worker, pairs):
    best = min(worker.milliseconds) if worker else None
    return {f"{side}_ms": worker and round(best, 4),
            f"{side}_us_per_pair": worker and round(1000 * best / pairs, 4)}


def measure(model, name, memory, given):
    numbers, positions, cell = systems.atoms(name)
    cutoff = sides.configuration(model)["cutoff"]
    pairs = systems.pairCount(positions, cell, cutoff)
    print(f"{name}: {len(numbers)} atoms, {pairs} pairs")
    ours, ourState = begin("ours", model, name, given.threads)
    print(f"  ours is {ourState['evaluator']}")
    reason = obstacle(len(numbers), pairs, cell, cutoff, memory, given)
    peer, peerState, reason = beginPeer(model, name, reason, given.threads)
    workers = [worker for worker in (ours, peer) if worker]
    row = dict(system=name, atoms=len(numbers), pairs=pairs)
    differences = sides.agreement(ourState, peerState) if peer else {}
    timeTurns(workers, given)
    row |= columnsOf("ours", ours, pairs) | columnsOf("peer", peer, pairs)
    row["ratio"] = round(row["peer_ms"] / row["ours_ms"], 3) if peer else None
    row |= dict(threads=given.threads, note=reason or "", evaluator=ourState["evaluator"],
                ours_bytes=ourState["memory"]) | machine() | differences
    if peer:
        memory.add(pairs, peerState["memory"])
        row["peer_bytes"] = peerState["memory"]
    sides.close(workers)
    return row


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a model file instead of an untrained network")
    parser.add_argument("--size", default="128x6x32",
                        help="of the untrained network: channels x layers x radial functions")
    parser.add_argument("--systems", nargs="+", default=SYSTEMS,
                        help="molecules, and water-N for N molecules of water; the smallest first")
    parser.add_argument("--largest-peer", type=int, default=10**9, metavar="ATOMS")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=10, help="turns of every side")
    parser.add_argument("--seconds", type=float, default=1.0, help="about a turn's length")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/scaling.json")
    return parser.parse_args()


def main():
    given = options()
    memory = PeerMemory()
    with tempfile.TemporaryDirectory() as folder:
        model = given.model or sides.untrained(folder, given.size)
        config = sides.configuration(model)
        rows = [measure(model, name, memory, given) for name in given.systems]
    printTable(rows, COLUMNS)
    writeRows(given.output, rows, rounds=given.rounds, channels=config["channels"],
              layers=config["layers"],
              what="milliseconds of one OpenMM step (Verlet, 0.5 fs) on the CPU platform, minima "
                   "over the rounds; pairs are ordered; ratio = peer_ms / ours_ms; ours: native "
                   "kernels; peer: openmm-torch 1.5 with TorchMD-Net 3.1.0, room for 128 neighbors")


if __name__ == "__main__":
    main()
