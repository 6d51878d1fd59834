"""Pictures of what the program writes about spectra: reconstructions and matches."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Mapping, Optional, Union

import numpy as np

Source = Union[str, os.PathLike, Mapping[str, Any]]

_TITLES = {"uv": "UV", "ir": "IR", "raman": "Raman"}
_AXES = {"uv": "energy, eV", "ir": "wavenumber, 1/cm", "raman": "wavenumber, 1/cm"}
_INTENSITY = "log10(1 + intensity/scale)"
_SPECTRUM, _REBUILT, _HIDDEN = "black", "tab:red", "0.88"
_WIDTH, _HEIGHT, _DPI = 9.0, 2.3, 120
_NAMES_SHOWN = 15  # candidates of a match


def plotReconstruction(source: Source, path: Union[str, os.PathLike],
                       title: Optional[str] = None) -> None:
    """Draw a molecule's spectra, what was hidden of them, and how it was filled in.

    Parameters
    ----------
    source : path or dict
        What ``molspectra reconstruct --json`` wrote: a file, or its content.
    path : path
        Picture to write; the ending tells its kind (png, pdf, svg).
    title : str, optional
        Above the picture; the number of the molecule by default.
    """
    content = _read(source, "spectra")
    figure, axes = _figure([_HEIGHT] * len(content["spectra"]))
    for axis, spectrum in zip(axes, content["spectra"]):
        positions = _drawSpectrum(axis, spectrum)
        for first, last in spectrum["masked"]:
            axis.axvspan(positions[first], positions[min(last, len(positions) - 1)],
                         color=_HIDDEN, lw=0, zorder=0)
        for first, values in spectrum["reconstruction"]:
            axis.plot(positions[first:first + len(values)], values, color=_REBUILT, lw=1.4)
    axes[0].plot([], [], color=_REBUILT, lw=1.4, label="reconstruction")
    axes[0].fill_between([], [], color=_HIDDEN, lw=0, label="hidden")
    axes[0].legend(loc="upper right", fontsize="small")
    figure.suptitle(title or f"molecule {content['molecule']}")
    _save(figure, path)


def plotMatch(source: Source, path: Union[str, os.PathLike]) -> None:
    """Draw the spectra that were asked about, and the candidates that fit best.

    Parameters
    ----------
    source : path or dict
        What ``molspectra match --json`` wrote: a file, or its content.
    path : path
        Picture to write; the ending tells its kind (png, pdf, svg).
    """
    content = _read(source, "query", "candidates")
    ranked = sorted(content["candidates"], key=lambda candidate: candidate["rank"])
    best = ranked[:_NAMES_SHOWN]
    figure, axes = _figure([_HEIGHT] * len(content["query"]) + [0.6 + 0.25 * max(len(best), 4)])
    for axis, spectrum in zip(axes, content["query"]):
        _drawSpectrum(axis, spectrum)
    bars = axes[-1]
    places = np.arange(len(best))
    bars.barh(places, [candidate["probability"] for candidate in best], color="tab:blue")
    bars.set_yticks(places, [f"{candidate['rank']}. {candidate['name']}" for candidate in best])
    for place, candidate in zip(places, best):
        bars.annotate(f"{candidate['score']:.3f}", (candidate["probability"], place),
                      xytext=(4, 0), textcoords="offset points", va="center", fontsize="small")
    bars.invert_yaxis()
    bars.margins(x=0.1)
    bars.set_xlabel(f"probability among {len(ranked)} candidates; the number beside is the score")
    _save(figure, path)


def _read(source: Source, *needed: str) -> Mapping[str, Any]:
    content = source if isinstance(source, Mapping) else json.loads(Path(source).read_text())
    for name in needed:
        if not content.get(name):
            told = "the content given" if isinstance(source, Mapping) else os.fspath(source)
            raise ValueError(f"drawing spectra: {told} has no {name!r} or nothing in it, expected "
                             "what the program wrote with --json")
    return content


def _figure(heights: list[float]):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, sum(heights) + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
    return figure, axes[:, 0]


def _drawSpectrum(axis, spectrum: Mapping[str, Any]) -> np.ndarray:
    grid, kind = spectrum["grid"], spectrum["kind"]
    positions = grid["start"] + grid["step"] * np.arange(grid["points"])
    axis.plot(positions, spectrum["values"], color=_SPECTRUM, lw=0.9)
    axis.set_xlim(positions[0], positions[-1])
    axis.set_xlabel(_AXES.get(kind, ""))
    axis.set_ylabel(_INTENSITY, fontsize="small")
    axis.set_title(_TITLES.get(kind, kind), loc="left", fontsize="medium")
    return positions


def _save(figure, path: Union[str, os.PathLike]) -> None:
    figure.savefig(path, dpi=_DPI)
