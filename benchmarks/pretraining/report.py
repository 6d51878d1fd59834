"""docs/results/pretraining.md: tables and sentences made of the rows that are there.

SPDX-License-Identifier: MIT

What stands below the heading "What was tried" is written by people; it is kept.
"""

import collections
import statistics

import figures
import matrix
import prepare
from results import (bestValidation, beyondSpread, cellRows, chosenRate, errorsOf, gains,
                     meanInterval, trialsOf)

BY_HAND = "## What was tried"
FORCE_OPTIONS = matrix.PRETRAINING["forces"].options
NONE = "not run yet"
GOAL = 25  # percent, at 200 frames


def title(kind):
    return matrix.TITLES.get(kind, kind.replace("-", " "))


def comparison(kind, other):
    return f"{title(kind)} against {'scratch' if other == 'scratch' else title(other)}"


def cellTitle(cell):
    molecule, frames, budget = cell
    return f"{molecule}, {frames} frames, {matrix.stepsOf(budget):,} steps"


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines] + [""]


def seedsText(count):
    return "" if count == len(matrix.SEEDS) else f" ({count} of {len(matrix.SEEDS)} seeds)"


def errorText(errors):
    """Mean, standard deviation and range over the seeds."""
    values = list(errors.values())
    if not values:
        return NONE
    if len(values) == 1:
        return f"{values[0]:.3f}{seedsText(1)}"
    return (f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f} "
            f"[{min(values):.3f}, {max(values):.3f}]{seedsText(len(values))}")


def gainText(before, after):
    """Mean gain over the seeds that both have, with its interval."""
    found = gains(before, after)
    if not found:
        return NONE
    mean, half = meanInterval(found)
    return (f"{mean:.1f} %" + (f" ± {half:.1f}" if half is not None else "")
            + seedsText(len(found)))


def gainSentence(rows, kind, other, cell):
    before, after = errorsOf(rows, other, cell), errorsOf(rows, kind, cell)
    text = f"{comparison(kind, other)}: {gainText(before, after)}"
    if len(before) == len(after) == len(matrix.SEEDS):
        text += (", beyond the spread of the seeds" if beyondSpread(before, after)
                 else ", within the spread of the seeds")
    return text


def headline(rows):
    """The question that the matrix is for, at 200 frames of ethanol."""
    lines = ["Smaller test force MAE, 95 % interval over the seeds, at 200 frames of ethanol "
             f"(the aim is {GOAL} % against a network from scratch):", ""]
    for budget in matrix.BUDGETS:
        cell = ("ethanol", 200, budget)
        lines.append(f"- {matrix.stepsOf(budget):,} steps:")
        lines += [f"  - {gainSentence(rows, kind, other, cell)}"
                  for kind, other in (("denoise", "scratch"), ("spectra", "scratch"),
                                      ("spectra", "denoise"), ("spectra", matrix.CONTROL),
                                      ("spectra-forces-long", "scratch"))
                  if {kind, other} <= {*matrix.kindsOf(cell)} or cell == matrix.CHOICE]
    return [*lines, ""]


def settingLines(content):
    counts = {row["name"]: row["molecules"] for row in content["data"]}
    known = {name: f"{counts[name]:,}" if name in counts else "(not made yet)"
             for name in matrix.DATA}
    patches = " ".join(matrix.PATCHES)
    frames = next((row["frames"] for row in content["data"] if row["name"] == matrix.LABELLED), 0)
    return [
        f"Pre-training: {known['equilibrium']} molecules near their minima (gdb7) and "
        f"{known['spectra']} with UV, IR and Raman spectra (bigQM7w); {known['heldback']} more "
        "with spectra are held back for `molspectra match` and are in neither. "
        f"{' and '.join(matrix.MOLECULES).capitalize()} are left out, in every conformer, and "
        "molecules that come again in a set. "
        "Each network is pre-trained with seed 1 alone, so the spreads below are of fine-tuning: "
        "frames, order and energy head (and of a network that was trained again after its first "
        "was lost, see Doubts).", "",
        f"The SpecFormer has coarser patches than the program's default, `{patches}`, for less "
        "work; all else is the default. *Longer denoising* goes on with "
        "denoising alone on the molecules of the spectra, as many epochs, the same batch and "
        "rates: what spectra add over it is not just longer training; with the longer "
        "budget it is fine-tuned on 200 frames of ethanol alone. *GFN2-xTB forces* are of "
        f"{'{:,}'.format(frames) if frames else '(not made yet)'} frames of short dynamics of the "
        f"molecules with spectra (made of {matrix.FORCES.rsplit('/', 1)[-1]}), of which "
        f"{int(matrix.valueOf(FORCE_OPTIONS, '--train')):,} are learned, without energies; the "
        "energy head is kept.", "",
        f"Fine-tuning: MD17, batches of 8, {matrix.VALIDATION} frames to validate, "
        f"{matrix.TEST:,} to test (fewer where the file has fewer: 750 of uracil); "
        f"{len(matrix.SEEDS)} seeds, each with frames and a training seed of its own that all "
        "kinds share, and smaller training sets are parts of larger ones. Learning rates were "
        "chosen for each kind by validation error at 200 frames of ethanol, "
        f"{matrix.stepsOf('short'):,} steps, seed {matrix.SEEDS[0]}, and kept everywhere else, the "
        "longer budget included; kinds without trials of their own take that of "
        f"*{title(matrix.WHOLE)}*. The tested weights are the best by validation.", ""]


def mainTable(text):
    """Of the main kinds in all cells; a dash where there is nothing to be run."""
    return table(["", *map(title, matrix.MAIN)],
                 [[cellTitle(cell), *(text(kind, cell) if kind in matrix.kindsOf(cell) else "–"
                                      for kind in matrix.MAIN)] for cell in matrix.CELLS])


def errorTable(rows):
    lines = ["## Test force MAE (kcal/mol/Å)", "",
             "Mean ± standard deviation [smallest, largest] over the seeds.", ""]
    return lines + mainTable(lambda kind, cell: errorText(errorsOf(rows, kind, cell)))


def energyTable(rows):
    def text(kind, cell):
        return errorText({seed: row["test_energy_mae"]
                          for seed, row in cellRows(rows, kind, cell).items()})
    return ["## Test energy MAE (kcal/mol)", "", *mainTable(text)]


def gainTable(rows, heading, text, pairs):
    lines = []
    for cell in matrix.CELLS:
        lines.append([cellTitle(cell), *(gainText(errorsOf(rows, other, cell),
                                                  errorsOf(rows, kind, cell))
                                         if {kind, other} <= {*matrix.kindsOf(cell)} else "–"
                                         for kind, other in pairs)])
    heads = ["", *(comparison(kind, other) for kind, other in pairs)]
    return [f"## {heading}", "", text, "", *table(heads, lines)]


def gainTables(rows):
    interval = ("Mean over the seeds of the percentage by which the test force MAE is smaller with "
                "the same frames, ± half the width of its 95 % interval (paired by seed, "
                "Student's t).")
    return [*gainTable(rows, "Gain over a network from scratch", interval,
                       [(kind, "scratch") for kind in matrix.MAIN[1:]]),
            *gainTable(rows, "What the spectra add", "The same, against denoising.",
                       [("spectra", "denoise"), ("spectra", matrix.CONTROL)])]


def choiceTable(rows, heading, kinds):
    """The main kinds and some more where their learning rates were chosen."""
    cell = matrix.CHOICE
    scratch, whole = (errorsOf(rows, kind, cell) for kind in ("scratch", "spectra"))
    lines = []
    for kind in (*matrix.MAIN, *kinds):
        errors = errorsOf(rows, kind, cell)
        lines.append([title(kind), errorText(errors),
                      "" if kind == "scratch" else gainText(scratch, errors),
                      "" if kind == "spectra" else gainText(whole, errors)])
    return [f"## {heading}", "", f"{cellTitle(cell).capitalize()}; test force MAE, and gains in "
            "the sense above.", "", *table(["", "force MAE (kcal/mol/Å)", "against scratch",
                                            f"against {title('spectra')}"], lines)]


def rateTable(rows):
    lines = []
    for kind in matrix.RATED:
        tried = trialsOf(rows, kind)
        cells = [NONE if rate not in tried else "diverged" if tried[rate]["diverged"]
                 else f"{bestValidation(tried[rate]):.3f}" for rate in matrix.RATES]
        lines.append([title(kind), *cells, chosenRate(rows, kind) or "not chosen yet"])
    return ["## Learning rates", "", "Best validation force MAE of each, kcal/mol/Å.", "",
            *table(["", *matrix.RATES, "chosen"], lines)]


def pretrainingTable(content):
    found = {row["name"]: row for row in content["pretraining"]}
    lines = []
    for kind in matrix.PRETRAINING:
        if kind not in found:
            lines.append([title(kind), NONE] + [""] * 5)
            continue
        row = found[kind]
        shown = ", ".join(f"{key} {value:.3f}" for key, value in row["figures"].items())
        lines.append([title(kind), f"{row['molecules']:,}", row["epochs"], f"{row['steps']:,}",
                      shown, f"{row['steps'] / row['seconds']:.2f}",
                      f"{row['seconds'] / 3600:.2f}"])
    frames = matrix.valueOf(FORCE_OPTIONS, "--validation")
    return ["## Pre-training", "", "Figures are of the weights that were taken, on the molecules "
            f"held back to validate (contrast and top1: a tenth of the patches masked, which the "
            f"program does no longer); with forces on {frames} frames held back, most of them of "
            "molecules that were trained on (kcal/mol/Å).", "",
            *table(["", "molecules", "epochs", "steps", "figures", "steps/s", "hours"],
                   lines)]


def timeLines(content):
    rows, before = content["rows"], content["pretraining"]
    hours = [sum(row["seconds"] for row in each) / 3600 for each in (before, rows)]
    threads = sorted({row["threads"] for row in rows + before})
    lines = ["## Time", "", f"{len(before)} pre-trainings in {hours[0]:.1f} h, {len(rows)} "
             f"fine-tunings in {hours[1]:.1f} h by their own clocks, on a shared machine; threads "
             f"of a run: {' or '.join(map(str, threads)) or 'none yet'}."]
    for molecule in matrix.MOLECULES:
        speeds = [row["steps"] / row["seconds"] for row in rows if row["molecule"] == molecule
                  and row["seconds"] > 0]
        if speeds:
            lines.append(f"Fine-tuning {molecule}: {statistics.median(speeds):.1f} steps/s "
                         "(median of the runs).")
    return [*lines, ""]


def others(content):
    """What began from a network that has been trained again since."""
    now = {row["name"]: row["sha256"] for row in content["pretraining"]}
    began = [(row["name"], row["start"], row) for row in content["pretraining"] if row["start"]]
    began += [(row["kind"], matrix.networkOf(row["kind"]), row) for row in content["rows"]
              if row["start_sha256"]]
    earlier = collections.defaultdict(collections.Counter)
    for kind, start, row in began:
        if row["start_sha256"] != now.get(start):
            earlier[start][title(kind)] += 1
    return [f"- *{title(start)}* was trained again with the same options and seed. From the "
            "earlier network began, in runs: " + ", ".join(f"*{kind}* {runs}" for kind, runs
                                                           in kinds.items()) + "."
            for start, kinds in earlier.items()]


def doubts(content):
    """Runs that must not be compared without a word."""
    lines, rows = others(content), content["rows"]
    for kind in matrix.KINDS:
        mine = [row for row in rows if row["kind"] == kind]
        if len({row["start_sha256"] for row in mine}) > 1:
            lines.append(f"- Runs of *{title(kind)}* began from different networks.")
        lines += [f"- {row['name']} diverged and is left out." for row in mine
                  if row["diverged"] and row["name"] not in
                  {task.name for task in matrix.trials("", kind)}]
    return ["## Doubts", "", *lines, ""] if lines else []


def commandLines(content):
    """One command of each sort, with the options that the rows were made with."""
    lines = ["## Commands", "",
             "All of it: `.venv/bin/python benchmarks/pretraining/run.py DATA_FOLDER`, which goes "
             "on where it stopped; this page: the same with `report` in the place of the folder. "
             "What it calls, with its folders left out:", "", "```"]
    left = " ".join(path.rsplit("/", 1)[-1] for path in matrix.MOLECULES.values())
    for folder, (source, excluded, options) in matrix.DATA.items():
        head = " ".join([source.rsplit("/", 1)[-1], "--unique", *options])
        lines.append(f"molspectra data {head} --exclude {' '.join([left, *excluded])} "
                     f"--output {folder}")
    made = {row["name"]: row for row in content["pretraining"]}
    for row in (made[kind] for kind in matrix.PRETRAINING if kind in made):
        start = f"--model {row['start']}/model.pt " if row["start"] else ""
        recipe = matrix.PRETRAINING[row["name"]]
        data = [f"{matrix.LABELLED}/{prepare.FRAMES}" if name == matrix.LABELLED else name
                for name in row["shards"]]
        lines.append(f"molspectra {recipe.command} --data {' '.join(data)} {start}"
                     f"{row['options']} --output {row['name']}")
    for budget in matrix.BUDGETS:
        options = " ".join([*matrix.EVERY_FINETUNING, *matrix.BUDGETS[budget]])
        lines.append("molspectra finetune --data MOLECULE --split SPLIT --model KIND/model.pt "
                     f"{options} --learning-rate RATE --seed SEED --output RUN")
    return [*lines, "molspectra evaluate --model RUN/model.pt --data MOLECULE --split SPLIT "
            "--part test --json RUN/test.json", "```", ""]


def kept(path):
    """What people wrote at the end of the page."""
    if not path.exists():
        return []
    _, mark, rest = path.read_text().partition(f"\n{BY_HAND}\n")
    return [BY_HAND + "\n" + rest.rstrip(), ""] if mark else []


def write(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    rows, path = content["rows"], folder / "pretraining.md"
    lines = ["# What pre-training buys", "", *headline(rows), *settingLines(content),
             *errorTable(rows), "![errors against frames](pretraining_frames.png)", "",
             "![learning curves](pretraining_curves.png)", "", *gainTables(rows),
             *choiceTable(rows, "Other ways to begin", matrix.TRIED),
             *choiceTable(rows, "Ablations", matrix.ABLATIONS), *rateTable(rows),
             *energyTable(rows), *pretrainingTable(content), *timeLines(content), *doubts(content),
             *commandLines(content), *kept(path)]
    path.write_text("\n".join(lines))
    figures.drawAll(folder, rows)
    print(f"wrote {path}")
