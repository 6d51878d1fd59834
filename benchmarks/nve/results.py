"""Statistics, table and figure of the NVE benchmark, from the files that its productions left.

SPDX-License-Identifier: MIT
"""

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
`benchmarks/nve/run.py`.

Drift is the least-squares slope of the total energy's block means, ± the larger of its standard
errors from the scatter of ten blocks and of five about the line; swing is the standard deviation of
the total energy. Both are of one atom. The time of a step leaves the observations out. Waves of the
energy longer than a twentieth of the trajectory make the standard error too small.
"""
COLUMNS = ("| molecule | evaluator | platform | precision | ps | step (fs) | drift (kJ/mol/ps) "
           "| swing (kJ/mol) | ms a step |")


def observations(settings, evaluator):
    """Times ps [T], total energies of one atom less the first kJ/mol [T], and the checkpoint."""
    place = produce.folder(settings, evaluator)
    facts = produce.load(place / "checkpoint.npz")
    count = produce.steps(settings) // produce.OBSERVE
    energies = np.loadtxt(place / "energies.txt", max_rows=count, ndmin=2).sum(axis=1)
    times = np.arange(1, count + 1) * produce.OBSERVE * settings["step_fs"] / 1000
    return times, (energies - energies[0]) / facts["atoms"], facts


def measure(settings, evaluator):
    times, energies, facts = observations(settings, evaluator)
    slope, error = report.drift(times, energies)
    return {"molecule": settings["molecule"], "model": produce.identity(settings)["model"][:12],
            "evaluator": facts["evaluator"], "platform": settings["platform"],
            "precision": "single" if "single" in facts["evaluator"] else "double",
            "threads": facts["threads"], "picoseconds": float(times[-1]),
            "step_fs": settings["step_fs"], "drift": float(slope), "drift_error": float(error),
            "fluctuation": float(energies.std()),
            "ms_per_step": round(1000 * facts["seconds"] / facts["step"], 4),
            "date": facts["date"], "processor": facts["processor"]}


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
    lines += [f"| {row['molecule']} | {row['evaluator']} | {row['platform']} | {row['precision']} "
              f"| {row['picoseconds']:g} | {row['step_fs']:g} "
              f"| {row['drift']:+.2e} ± {row['drift_error']:.1e} | {row['fluctuation']:.2e} "
              f"| {row['ms_per_step']:.2f} |" for row in rows]
    for line in sentences(rows):
        lines += ["", line]
    for figure in figures:
        lines += ["", f"![total energy]({figure.name})"]
    return "\n".join(lines) + "\n"


def draw(settings, rows, path):
    """The total energy of each evaluator over time, with its line."""
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(len(rows), 1, sharex=True, sharey=True, squeeze=False,
                                  figsize=(7, 0.8 + 2.4 * len(rows)))
    for axes, row in zip(panels[:, 0], rows):
        times, energies, _ = observations(settings, kind(row))
        axes.plot(times, energies, linewidth=0.3, color="tab:blue")
        axes.plot(times, energies.mean() + row["drift"] * (times - times.mean()), color="black",
                  label=f"drift {row['drift']:+.1e} ± {row['drift_error']:.0e} kJ/mol/ps")
        axes.set_title(f"{row['molecule']}, {kind(row)}, {row['precision']} precision",
                       fontsize="medium")
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
    new = [measure(settings, evaluator) for evaluator in EVALUATORS
           if produce.finished(settings, evaluator)]
    rows = merge(oldRows(results / "nve.json"), new)
    name = "nve.png" if settings["molecule"] == "ethanol" else f"nve_{settings['molecule']}.png"
    draw(settings, new, results / name)
    common.writeRows(results / "nve.json", rows, units="kJ/mol, ps, of one atom")
    figures = sorted(results.glob("nve*.png"))
    (results / "nve.md").write_text(text(rows, figures), encoding="utf-8")
    print("\n".join(f"{row['molecule']}, {row['evaluator']}: {row['drift']:+.2e} ± "
                    f"{row['drift_error']:.1e} kJ/mol/ps an atom" for row in rows))
