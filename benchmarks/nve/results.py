"""Statistics, table and figure of the NVE benchmark, from the files that its productions left.

SPDX-License-Identifier: MIT
"""

import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np

import produce

import common
import report

EVALUATORS = ("native", "torchscript")
NOTE = """# Energy conservation

One molecule in vacuum, velocity Verlet without CMMotionRemover. 300 K start, Langevin
equilibration; both evaluators begin with the same positions and velocities. Made by
`benchmarks/nve/run.py`, whose head has the commands, those for the networks included; network: the
first digits of its file's SHA-256. `ecd96f292cc4` is that of `make demo` before its `start.pt` had
learned GFN2-xTB forces; today's demo makes another.

Drift of one trajectory is the least-squares slope of the total energy's block means, its standard
error the larger of those from the scatter of ten blocks and of five about the line. Of several
starts the drift is the mean; its standard error is the larger of that from the scatter between the
starts and that from the errors of each. Swing is the standard deviation of the total energy. All
are of one atom. The time of a step leaves the observations out. Waves of the energy longer than a
twentieth of a trajectory make its own standard error too small.
"""
COLUMNS = ("| molecule | network | evaluator | platform | precision | starts | ps | step (fs) "
           "| drift (kJ/mol/ps) | swing (kJ/mol) | ms a step |")


def observations(settings, evaluator, start):
    """Times ps [T], total energies of one atom less the first kJ/mol [T], and the checkpoint."""
    place = produce.folder(settings, evaluator, start)
    facts = produce.load(place / "checkpoint.npz")
    count = produce.steps(settings) // produce.OBSERVE
    energies = np.loadtxt(place / "energies.txt", max_rows=count, ndmin=2).sum(axis=1)
    times = np.arange(1, count + 1) * produce.OBSERVE * settings["step_fs"] / 1000
    return times, (energies - energies[0]) / facts["atoms"], facts


def productions(settings, evaluator):
    """Observations of all starts from the first on that are finished."""
    starts = itertools.takewhile(lambda start: produce.finished(settings, evaluator, start),
                                 itertools.count())
    return [observations(settings, evaluator, start) for start in starts]


def combined(slopes, errors):
    """Mean slope, and the larger of its standard errors from the scatter and from `errors`."""
    count = len(slopes)
    own = math.sqrt(sum(error**2 for error in errors)) / count
    scatter = float(np.std(slopes, ddof=1)) / math.sqrt(count) if count > 1 else 0.0
    return float(np.mean(slopes)), max(own, scatter)


def only(values, what):
    """The one value that all have."""
    found = sorted(set(values))
    if len(found) != 1:
        sys.exit(f"nve: combining productions: found {what} {', '.join(map(str, found))}, expected "
                 "one; give those of another machine another folder with --work")
    return found[0]


def measure(settings, evaluator, made):
    """The row of all of an evaluator's productions."""
    drifts = [report.drift(times, energies) for times, energies, _ in made]
    slope, error = combined(*zip(*drifts))
    facts = [facts for _, _, facts in made]
    inUse = only((each["evaluator"] for each in facts), "evaluators")
    return {"molecule": settings["molecule"], "model": produce.identity(settings)["model"][:12],
            "evaluator": inUse, "platform": settings["platform"],
            "precision": "single" if "single" in inUse else "double",
            "threads": only((each["threads"] for each in facts), "threads"), "starts": len(made),
            "picoseconds": float(made[0][0][-1]), "step_fs": settings["step_fs"],
            "drift": slope, "drift_error": error, "drifts": [float(each) for each, _ in drifts],
            "fluctuation": float(np.mean([energies.std() for _, energies, _ in made])),
            "ms_per_step": round(1000 * sum(each["seconds"] for each in facts)
                                 / sum(each["step"] for each in facts), 4),
            "date": max(each["date"] for each in facts),
            "processor": only((each["processor"] for each in facts), "processors")}


def kind(row):
    return row["evaluator"].split(":")[0]


def key(row):
    return row["molecule"], row["platform"], kind(row)


def merge(old, new):
    """Old rows stay, unless measured anew or of another model of the same molecule."""
    measured, models = {key(row) for row in new}, {row["molecule"]: row["model"] for row in new}
    kept = [row for row in old if key(row) not in measured
            and models.get(row["molecule"], row["model"]) == row["model"]]
    return sorted(kept + new, key=key)


def oldRows(path):
    return json.loads(path.read_text()).get("rows", []) if path.exists() else []


def sentence(native, torch):
    """Whether the native drift is no larger, as far as the two standard errors can tell."""
    error = math.hypot(native["drift_error"], torch["drift_error"])
    allowed = abs(torch["drift"]) + 2 * error
    verdict = "holds" if abs(native["drift"]) <= allowed else "does not hold"
    note = ("" if native["picoseconds"] == torch["picoseconds"] else
            " The two trajectories are not of the same length.")
    return (f"{native['molecule'].capitalize()}, {native['platform']} platform: that the native "
            f"evaluator in {native['precision']} precision drifts no more than TorchScript in "
            f"{torch['precision']} and two standard errors of the difference, "
            f"|{native['drift']:+.2e}| ≤ |{torch['drift']:+.2e}| + 2 · {error:.1e}, "
            f"**{verdict}**.{note}")


def sentences(rows):
    found = {key(row): row for row in rows}
    return [sentence(row, found[(*key(row)[:2], "torchscript")]) for row in rows
            if kind(row) == "native" and (*key(row)[:2], "torchscript") in found]


def text(rows, figures):
    lines = [NOTE, COLUMNS, "|---" * (COLUMNS.count("|") - 1) + "|"]
    lines += [f"| {row['molecule']} | {row['model']} | {row['evaluator']} | {row['platform']} "
              f"| {row['precision']} | {row['starts']} "
              f"| {row['picoseconds']:g} | {row['step_fs']:g} "
              f"| {row['drift']:+.2e} ± {row['drift_error']:.1e} | {row['fluctuation']:.2e} "
              f"| {row['ms_per_step']:.2f} |" for row in rows]
    for line in sentences(rows):
        lines += ["", line]
    for figure in figures:
        lines += ["", f"![total energy]({figure.name})"]
    return "\n".join(lines) + "\n"


def draw(rows, made, path):
    """The total energies of each evaluator's productions over time, with the line of their mean."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(len(rows), 1, sharex=True, sharey=True, squeeze=False,
                                  figsize=(7, 0.8 + 2.4 * len(rows)))
    for axes, row, all_ in zip(panels[:, 0], rows, made):
        for times, energies, _ in all_:
            axes.plot(times, energies, linewidth=0.3, alpha=0.7)
        middle = np.mean([energies.mean() for _, energies, _ in all_])
        axes.plot(times, middle + row["drift"] * (times - times.mean()), color="black",
                  label=f"drift {row['drift']:+.1e} ± {row['drift_error']:.0e} kJ/mol/ps")
        axes.set_title(f"{row['molecule']}, {kind(row)}, {row['precision']} precision, "
                       f"starts: {row['starts']}", fontsize="medium")
        axes.legend(loc="upper right", fontsize="small")
    panels[-1, 0].set_xlabel("time (ps)")
    figure.supylabel("total energy less its start (kJ/mol an atom)", fontsize="medium")
    report.save_figure(figure, path)


def write(settings):
    """Rows, text and figure of all productions of this molecule that are long enough."""
    if produce.steps(settings) // produce.OBSERVE < report.BLOCKS:
        sys.exit(f"nve: measuring the drift: found {settings['picoseconds']:g} ps, expected at "
                 f"least {report.BLOCKS} observations; give a larger --picoseconds")
    results = Path(settings["results"])
    results.mkdir(parents=True, exist_ok=True)
    found = {each: productions(settings, each) for each in EVALUATORS}
    made = {each: all_ for each, all_ in found.items() if all_}
    new = [measure(settings, each, all_) for each, all_ in made.items()]
    rows = merge(oldRows(results / "nve.json"), new)
    name = "nve.png" if settings["molecule"] == "ethanol" else f"nve_{settings['molecule']}.png"
    draw(new, made.values(), results / name)
    common.writeRows(results / "nve.json", rows, units="kJ/mol, ps, of one atom")
    figures = sorted(results.glob("nve*.png"))
    (results / "nve.md").write_text(text(rows, figures), encoding="utf-8")
    print("\n".join(f"{row['molecule']}, {row['evaluator']}: {row['drift']:+.2e} ± "
                    f"{row['drift_error']:.1e} kJ/mol/ps an atom" for row in rows))
