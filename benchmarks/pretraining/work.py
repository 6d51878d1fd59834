"""What a task is: its commands, its folders, and the row that comes out of it.

SPDX-License-Identifier: MIT
"""

import datetime
import functools
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import matrix
import prepare
from matrix import Pretraining, Shards
from results import chosenRate
from schedule import Failed, Schedule, Stopped

ROOT = Path(__file__).resolve().parents[2]
DIVERGED = re.compile(r"(loss|norm of the gradient) became")
MADE = ("heldback.npz", "rest.npz")  # of the files in matrix.DATA, those that cutSpectra writes


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def keptSum(path):
    """Of a file that does not change while this works; asked again and again."""
    return sha256(path)


class Work(Schedule):
    """`given` holds data, work, program, threads and device of the command line."""

    def __init__(self, given, results, tasks, every):
        super().__init__(given.work, results, tasks, every)
        self.given = given

    def shards(self, name):
        return self.folder / "shards" / name

    def dataOf(self, name):
        """What --data is given."""
        return self.shards(name) / prepare.FRAMES if name == matrix.LABELLED else self.shards(name)

    def run(self, task):
        return self.folder / "runs" / task.name

    def kept(self, kind, content):
        """The project's copy of the network in the results, or None."""
        if kind not in matrix.NETWORKS:
            return None
        path = ROOT / matrix.NETWORKS[kind]
        sums = {row["sha256"] for row in content["pretraining"] if row["name"] == kind}
        return path if sums and path.is_file() and keptSum(path) in sums else None

    def model(self, kind):
        return (self.kept(kind, self.results.read())
                or self.folder / "runs" / f"pretrain-{kind}" / "model.pt")

    def done(self, task, content):
        """Results outlive the work folder; shards and networks that others need do not, except for
        the few networks that are kept."""
        if isinstance(task, Shards):
            counted = any(row["name"] == task.folder for row in content["data"])
            return counted and self.dataOf(task.folder).exists()
        if isinstance(task, Pretraining):
            return (self.run(task) / "finished.json").exists() or bool(
                self.kept(task.kind, content))
        return any(row["name"] == task.name for row in content["rows"])

    def perform(self, task, claim):
        if isinstance(task, Shards):
            self.makeShards(task, claim)
        elif isinstance(task, Pretraining):
            self.pretrain(task, claim)
        else:
            self.finetune(task, claim)

    def call(self, task, claim, arguments):
        """Runs the program to its end. Returns whether it gave up because it diverged."""
        log = self.folder / "logs" / f"{task.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        count = str(self.given.threads)
        environment = dict(os.environ, OMP_NUM_THREADS=count, MKL_NUM_THREADS=count)
        with open(log, "ab") as file:
            start = file.tell()
            with self.guard:
                if self.stopping.is_set():
                    raise Stopped
                child = subprocess.Popen([str(self.given.program), *map(str, arguments)],
                                         stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                         env=environment, pass_fds=(claim.fileno(),))
                self.children.append(child)
            status = child.wait()
            with self.guard:
                self.children.remove(child)
        if self.stopping.is_set():
            raise Stopped
        text = log.read_bytes()[start:].decode(errors="replace")
        if status and not DIVERGED.search(text):
            last = (text.strip().splitlines() or ["it said nothing"])[-1]
            raise Failed(f"molspectra {arguments[0]} ended with {status}: {last} ({log})")
        return status != 0

    def device(self):
        return ["--threads", self.given.threads, "--device", self.given.device]

    def train(self, task, claim, command, arguments, facts):
        """Begins a run, or goes on with it. Returns whether it diverged."""
        folder = self.run(task)
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / "begun.json"
        if note.exists() and json.loads(note.read_text()) != facts:
            raise Failed(f"{folder} was begun with other options or another network; remove it to "
                         "begin anew, or name the kind otherwise")
        prepare.writeText(note, json.dumps(facts))
        if (folder / "checkpoint.pt").exists():
            arguments = ["--resume", folder]
        else:
            arguments = [*arguments, "--output", folder]
        return self.call(task, claim, [command, *arguments, *self.device()])

    def metrics(self, task):
        lines = (self.run(task) / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if "validation_" in line]

    def shardsArguments(self, task):
        source, excluded, options = matrix.DATA[task.folder]
        files = [self.shards(name) if name in MADE else self.given.data / name
                 for name in (source, *matrix.MOLECULES.values(), *excluded)]
        return ["data", files[0], "--unique", *options, "--exclude", *files[1:], "--output",
                self.shards(task.folder)]

    def makeShards(self, task, claim):
        folder = self.shards(task.folder)
        if task.folder == matrix.LABELLED:
            counts = prepare.writeForces(self.given.data / matrix.FORCES, self.shards("spectra"),
                                         folder)
            self.results.add("data", {"name": task.folder, **counts})
            return
        if task.folder == "heldback" and not folder.is_dir():
            prepare.cutSpectra(self.given.data / matrix.SPECTRA, folder.parent)
        if not folder.is_dir():
            self.call(task, claim, self.shardsArguments(task))
        self.results.add("data", {"name": task.folder, **prepare.countMolecules(folder)})

    def pretrainArguments(self, task):
        recipe = task.recipe
        start = ["--model", self.model(recipe.start)] if recipe.start else []
        return ["--data", *map(self.dataOf, recipe.shards), *start, *task.options]

    def pretrain(self, task, claim):
        recipe = task.recipe
        facts = {"options": " ".join(task.options), "start": recipe.start,
                 "start_sha256": sha256(self.model(recipe.start)) if recipe.start else None}
        if self.train(task, claim, recipe.command, self.pretrainArguments(task), facts):
            raise Failed(f"it diverged; see {self.folder / 'logs' / task.name}.log")
        lines = self.metrics(task)
        counted, length = task.length
        if lines[-1][counted] < length:
            raise Failed(f"it ended at {counted} {lines[-1][counted]} of {length}")
        known = {row["name"]: row for row in self.results.read()["data"]}
        row = {"name": task.kind, **facts, "shards": list(recipe.shards),
               "molecules": sum(known[name]["molecules"] for name in recipe.shards),
               "epochs": task.epochsAt(lines[-1]),
               "steps": lines[-1]["step"], "seconds": round(lines[-1]["seconds"], 1),
               "figures": {name: round(value, 5) for name, value in task.figures(lines).items()},
               "sha256": sha256(self.run(task) / "model.pt"), **self.when()}
        self.results.add("pretraining", row)
        prepare.writeText(self.run(task) / "finished.json", json.dumps(row))

    def when(self):
        return {"threads": self.given.threads, "date": datetime.date.today().isoformat()}

    def splitFile(self, task):
        molecule, frames, _ = task.cell
        return self.folder / "splits" / f"{molecule}-{frames}-seed{task.seed}.npz"

    def finetuneArguments(self, task, rate):
        start = [] if task.network == "scratch" else ["--model", self.model(task.network)]
        return ["--data", self.given.data / matrix.MOLECULES[task.cell[0]], "--split",
                self.splitFile(task), *start, *task.options(rate)]

    def evaluateArguments(self, task):
        return ["evaluate", "--model", self.run(task) / "model.pt", "--data",
                self.given.data / matrix.MOLECULES[task.cell[0]], "--split",
                self.splitFile(task), "--part", "test", "--json", self.run(task) / "test.json"]

    def finetune(self, task, claim):
        rate = task.rate or chosenRate(self.results.read()["rows"], task.kind)
        prepare.writeSplit(self.given.data / matrix.MOLECULES[task.cell[0]],
                           self.splitFile(task), task.cell[1], task.seed)
        scratch = task.network == "scratch"
        facts = {"options": " ".join(task.options(rate)), "split_sha256": sha256(
                     self.splitFile(task)),
                 "start_sha256": None if scratch else sha256(self.model(task.network))}
        diverged = self.train(task, claim, "finetune", self.finetuneArguments(task, rate), facts)
        lines = self.metrics(task)
        if not diverged:
            self.finish(task, claim, lines)
        self.results.add("rows", self.row(task, rate, lines, facts, diverged))

    def finish(self, task, claim, lines):
        steps = matrix.stepsOf(task.cell[2])
        if lines[-1]["step"] < steps:
            raise Failed(f"it ended at step {lines[-1]['step']} of {steps}")
        self.call(task, claim, [*self.evaluateArguments(task), *self.device()])

    def row(self, task, rate, lines, facts, diverged):
        test = {} if diverged else json.loads((self.run(task) / "test.json").read_text())
        molecule, frames, budget = task.cell
        errors = {f"test_{name}_mae": round(test[key]["mae"], 6) if test else None
                  for name, key in (("force", "forces"), ("energy", "energy"))}
        return {"name": task.name, "kind": task.kind, "molecule": molecule, "frames": frames,
                "budget": budget, "seed": task.seed, "learning_rate": float(rate),
                **errors, "diverged": diverged, "steps": lines[-1]["step"],
                "seconds": round(lines[-1]["seconds"], 1),
                "validation": [[line["step"], round(line["validation_forces_mae"], 5)]
                               for line in lines],
                "start_sha256": facts["start_sha256"], "options": facts["options"],
                **self.when()}
