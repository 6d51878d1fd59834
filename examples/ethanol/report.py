"""The figures and the report of the ethanol example, from the files that its stages left.

SPDX-License-Identifier: MIT
"""

import json
import os

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib import pyplot as plt

import dynamics

NETWORKS = {"finetuned": "pre-trained, fine-tuned", "from_nothing": "from nothing"}
COLORS = {"finetuned": "tab:blue", "from_nothing": "tab:orange"}
BLOCKS = 10
WARM_UP = 0.2  # share of the Langevin dynamics left out of the distributions
SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O"}


def learning_curve(path):
    """Steps and validation force errors of a metrics file: two lists of the same length."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row for row in rows if "validation_forces_mae" in row]
    return [row["step"] for row in rows], [row["validation_forces_mae"] for row in rows]


def steps_to_reach(curve, error):
    """First step whose validation error is at most `error`, or None."""
    return next((step for step, value in zip(*curve) if value <= error), None)


def slope_of_blocks(times, energies, blocks):
    """Least-squares slope of block means, and its standard error from their scatter about the line:
    blocks are long enough to be nearly independent where neighbouring samples are not."""
    count = len(times) // blocks * blocks
    x = times[:count].reshape(blocks, -1).mean(axis=1)
    y = (energies[:count] - energies[0]).reshape(blocks, -1).mean(axis=1)
    slope, intercept = np.polyfit(x, y, 1)
    scatter = np.sum((y - slope * x - intercept) ** 2) / (blocks - 2)
    return slope, np.sqrt(scatter / np.sum((x - x.mean()) ** 2))


def drift(times, energies):
    """Slope of the energies, and the larger of its standard errors by BLOCKS and half as many.

    Ten blocks alone claim too much of correlated data. On made-up energies with an exponential
    correlation time of 1/500, 1/50, 1/20 and 1/10 of the trajectory (1000 of each) their error was
    0.99, 0.89, 0.73 and 0.61 of the slopes' true scatter; the larger of both 1.11, 1.03, 0.90 and
    0.80. Two of it hold the truth in 93, 92, 88 and 82 of 100."""
    slope, error = slope_of_blocks(times, energies, BLOCKS)
    return slope, max(error, slope_of_blocks(times, energies, BLOCKS // 2)[1])


def bond_lengths(numbers, pairs, frames):
    """Lengths A of all bonds of a kind over all frames: {"C-H": [...]}."""
    kinds = {}
    for i, j in pairs:
        kind = "-".join(sorted(SYMBOLS[int(numbers[k])] for k in (i, j)))
        length = np.linalg.norm(frames[:, i] - frames[:, j], axis=-1)
        kinds.setdefault(kind, []).append(length)
    return {kind: np.concatenate(rows) for kind, rows in sorted(kinds.items())}


def save_figure(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_learning(folder, curves, unit):
    figure, axes = plt.subplots(figsize=(6, 4))
    for name, (steps, errors) in curves.items():
        axes.plot(steps, errors, ".-", color=COLORS[name], label=NETWORKS[name])
    axes.set(yscale="log", xlabel="step", ylabel=f"force MAE, validation frames ({unit}/Å)")
    axes.legend()
    save_figure(figure, folder / "learning.png")


def draw_parity(folder, unit):
    figure, axes = plt.subplots(figsize=(5, 5))
    for name in reversed(NETWORKS):
        with np.load(folder / name / "held_back_predicted.npz") as arrays:
            label, forces = arrays["forces_label"].ravel(), arrays["forces"].ravel()
        axes.plot(label, forces, ".", markersize=1.5, color=COLORS[name], label=NETWORKS[name])
    edge = np.abs(label).max()
    axes.plot([-edge, edge], [-edge, edge], color="black", linewidth=0.7)
    axes.set(xlabel=f"DFT force ({unit}/Å)", ylabel=f"network's force ({unit}/Å)", aspect="equal")
    axes.legend(markerscale=6)
    save_figure(figure, folder / "forces.png")


def draw_energy(folder, seen, slope, error):
    atoms = len(seen["numbers"])
    figure, axes = plt.subplots(figsize=(6, 4))
    total = (seen["nve_energy"] - seen["nve_energy"][0]) / atoms
    axes.plot(seen["nve_time"], total, linewidth=0.7)
    axes.plot(seen["nve_time"], total.mean() + slope * (seen["nve_time"] - seen["nve_time"].mean()),
              color="black", label=f"drift {slope:+.1e} ± {error:.0e} kJ/mol/ps an atom")
    axes.set(xlabel="time (ps)", ylabel="total energy less its start (kJ/mol an atom)")
    axes.legend()
    save_figure(figure, folder / "nve.png")


def draw_bonds(folder, simulated, held_back):
    figure, rows = plt.subplots(2, (len(simulated) + 1) // 2, figsize=(8, 6), squeeze=False)
    for axes, kind in zip(rows.flat, simulated):
        lengths = np.concatenate([simulated[kind], held_back[kind]])
        bins = np.linspace(lengths.min(), lengths.max(), 41)
        axes.hist(held_back[kind], bins, density=True, color="lightgray", label="held-back frames")
        axes.hist(simulated[kind], bins, density=True, histtype="step", color="tab:blue",
                  label="this dynamics")
        axes.set(title=kind, xlabel="length (Å)", yticks=[])
    rows.flat[0].legend(fontsize="small")
    for axes in rows.flat[len(simulated):]:
        axes.axis("off")
    save_figure(figure, folder / "bonds.png")


def error_table(errors):
    """Markdown table of the held-back errors of both networks."""
    forces, energy = errors["finetuned"]["forces"], errors["finetuned"]["energy"]
    lines = [f"| | force MAE ({forces['unit']}) | force RMSE | energy MAE ({energy['unit']}) |",
             "|---|---|---|---|"]
    for name, title in NETWORKS.items():
        row = errors[name]
        lines.append(f"| {title} | {row['forces']['mae']:.3f} | {row['forces']['rmse']:.3f} "
                     f"| {row['energy']['mae']:.3f} |")
    return lines


def gain_sentence(errors, curves):
    """What pre-training bought: error after the same steps, and steps to the same error."""
    before, after = (errors[name]["forces"]["mae"] for name in ("from_nothing", "finetuned"))
    found = (f"What pre-training (denoising, spectra, and GFN2-xTB forces, all of other molecules) "
             f"bought: with the same frames, steps and seed the force error is "
             f"{abs(100 * (1 - after / before)):.0f} % "
             f"{'smaller' if after < before else 'larger'}")
    best = min(curves["from_nothing"][1])
    step = steps_to_reach(curves["finetuned"], best)
    apart = " docs/results/pretraining.md tells what each of the three gives."
    if step is None:
        return found + "; the best validation error of the other network was not reached." + apart
    return (found + f", and the best validation error of the other network ({best:.3f}) was "
            f"reached by step {step} instead of "
            f"{steps_to_reach(curves['from_nothing'], best)}." + apart)


def bond_table(simulated, held_back):
    lines = ["| bond | mean, this dynamics (Å) | held-back frames | spread, this dynamics (Å) "
             "| held-back frames |", "|---|---|---|---|---|"]
    for kind, lengths in simulated.items():
        other = held_back[kind]
        lines.append(f"| {kind} | {lengths.mean():.4f} | {other.mean():.4f} "
                     f"| {lengths.std():.4f} | {other.std():.4f} |")
    return lines


def time_table(seconds, seen):
    steps = len(seen["nve_time"]) * dynamics.OBSERVE
    lines = ["| stage | seconds |", "|---|---|"]
    lines += [f"| {name} | {value:.0f} |" for name, value in seconds.items()]
    lines += ["", f"One step of the dynamics took {1000 * seen['nve_seconds'] / steps:.1f} ms "
              f"({seen.get('platform', 'CPU')} platform, observations included)."]
    return lines


def next_steps(folder):
    model = os.path.relpath(folder / "finetuned" / "model.pt")
    return ["## Your own molecule", "", "```", ".venv/bin/molspectra finetune --data yours.npz \\",
            "    --model examples/ethanol/start.pt --preset quick --output yours",
            f".venv/bin/molspectra inspect {model}", "```", "",
            "`yours.npz` has MD17's keys: `z` [N], `R` [T,N,3] Å, `E` [T] kcal/mol, `F` [T,N,3] "
            "kcal/mol/Å; extended XYZ files are read as well, in eV and eV/Å unless "
            "`--energy-unit` tells. Then, in `.venv/bin/python`:", "",
            "```python", "import molspectra",
            'system = molspectra.createSystem(topology, "yours/model.pt")', "```"]


def summarise(folder, held_back):
    """Everything that the report says, from the files of the stages."""
    with np.load(folder / "dynamics" / "observed.npz") as arrays:
        seen = dict(arrays)
    with np.load(held_back) as arrays:
        frames = arrays["R"].astype(float)
    warm = seen["langevin_positions"][int(WARM_UP * len(seen["langevin_positions"])):]
    slope, error = drift(seen["nve_time"], seen["nve_energy"] / len(seen["numbers"]))
    return {
        "seen": seen, "slope": slope, "error": error,
        "curves": {n: learning_curve(folder / n / "metrics.jsonl") for n in NETWORKS},
        "errors": {n: json.loads((folder / n / "held_back.json").read_text()) for n in NETWORKS},
        "simulated": bond_lengths(seen["numbers"], seen["bonds"], warm),
        "held_back": bond_lengths(seen["numbers"], seen["bonds"], frames)}


def text(folder, facts, seconds, training):
    energies = facts["seen"]["nve_energy"]
    swing = np.std(energies - energies[0]) / len(facts["seen"]["numbers"])
    return ["# Ethanol: a network fitted, tested and simulated", "",
            f"Each network: {training}. Tested on {facts['errors']['finetuned']['frames']} frames "
            "that neither has seen.", "",
            *error_table(facts["errors"]), "", gain_sentence(facts["errors"], facts["curves"]), "",
            "![learning curves](learning.png)", "![forces against DFT](forces.png)", "",
            "## Dynamics", "",
            f"NVE, {facts['seen']['nve_time'][-1]:.0f} ps of 0.5 fs steps: the total energy drifts "
            f"by {facts['slope']:+.1e} ± {facts['error']:.0e} kJ/mol/ps an atom (least squares "
            f"over {BLOCKS} block means, the larger of the errors by them and by half as many) "
            f"and swings by {swing:.1e} kJ/mol an atom (standard "
            "deviation).",
            "", "![total energy](nve.png)", "",
            *bond_table(facts["simulated"], facts["held_back"]), "", "![bond lengths](bonds.png)",
            "", "The trajectories are `dynamics/langevin.dcd` and `dynamics/nve.dcd`, the topology "
            "is `dynamics/ethanol.pdb`.", "", "## Times", "",
            *time_table(seconds, facts["seen"]), "", *next_steps(folder), ""]


def write(folder, held_back, seconds, training):
    """Draws the figures into `folder` and writes report.md there, the report last."""
    facts = summarise(folder, held_back)
    unit = facts["errors"]["finetuned"]["energy"]["unit"]
    draw_learning(folder, facts["curves"], unit)
    draw_parity(folder, unit)
    draw_energy(folder, facts["seen"], facts["slope"], facts["error"])
    draw_bonds(folder, facts["simulated"], facts["held_back"])
    beside = folder / "report.part"
    beside.write_text("\n".join(text(folder, facts, seconds, training)), encoding="utf-8")
    os.replace(beside, folder / "report.md")
