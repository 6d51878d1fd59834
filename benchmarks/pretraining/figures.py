"""Pictures of the report: learning curves, and errors against the number of training frames.

SPDX-License-Identifier: MIT
"""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.ticker import NullFormatter, StrMethodFormatter  # noqa: E402

import matrix  # noqa: E402
from results import cellRows, errorsOf  # noqa: E402

FRAMES = sorted({frames for molecule, frames, _ in matrix.CELLS if molecule == "ethanol"})
STEPS = (250, 500, 1000, 2000, 5000, 10000)
UNIT = "kcal/mol/Å"


def band(axes, color, title, points):
    """Mean line, and a band from the smallest to the largest; points: x -> values of the seeds."""
    xs = sorted(points)
    if not xs:
        return
    means = [sum(points[x]) / len(points[x]) for x in xs]
    axes.plot(xs, means, marker="o", markersize=3, linewidth=1.2, color=color, label=title)
    axes.fill_between(xs, [min(points[x]) for x in xs], [max(points[x]) for x in xs],
                      color=color, alpha=0.15, linewidth=0)


def curvePoints(rows, kind, cell):
    """Step -> validation errors of the seeds; the untrained network is left out."""
    points = {}
    for row in cellRows(rows, kind, cell).values():
        for step, error in row["validation"]:
            if step > 0:
                points.setdefault(step, []).append(error)
    return points


def framePoints(rows, kind, budget):
    """Training frames -> test errors of the seeds."""
    found = {frames: list(errorsOf(rows, kind, ("ethanol", frames, budget)).values())
             for frames in FRAMES}
    return {frames: errors for frames, errors in found.items() if errors}


def logarithmic(axes, ticks):
    axes.set(xscale="log", yscale="log")
    for each in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        each(StrMethodFormatter("{x:.2g}"))
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in ticks if low <= tick <= high])
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def draw(path, points, heading, xlabel, ylabel, ticks):
    """A panel for each budget; points(kind, budget) gives what band() draws."""
    figure, panels = plt.subplots(1, len(matrix.BUDGETS), figsize=(10, 4))
    for axes, budget in zip(panels, matrix.BUDGETS):
        for number, kind in enumerate(matrix.MAIN):
            band(axes, f"C{number}", matrix.TITLES[kind], points(kind, budget))
        axes.set(title=heading.format(steps=f"{matrix.stepsOf(budget):,}"), xlabel=xlabel,
                 ylabel=ylabel)
        if axes.lines:
            logarithmic(axes, ticks)
            axes.legend(fontsize=8)
        else:
            axes.text(0.5, 0.5, "not run yet", ha="center", transform=axes.transAxes)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def drawAll(folder, rows):
    draw(folder / "pretraining_curves.png",
         lambda kind, budget: curvePoints(rows, kind, ("ethanol", 200, budget)),
         "ethanol, 200 frames, {steps} steps", "step", f"validation force MAE ({UNIT})", STEPS)
    draw(folder / "pretraining_frames.png",
         lambda kind, budget: framePoints(rows, kind, budget),
         "ethanol, {steps} steps", "training frames", f"test force MAE ({UNIT})", FRAMES)
