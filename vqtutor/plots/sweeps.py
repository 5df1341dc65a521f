"""Figures of single coordinates: how steadily each turns a digit, and which ones go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from vqtutor.experiments.sweeps import STEADY, Sweep
from vqtutor.plots.style import NEUTRAL, color_of, new_axes, tidy

SMALLEST = 1e-3  # degrees: what turns a digit by less is drawn there


def plot_steadiness(sweeps: Mapping[str, Sweep], ax: Axes | None = None) -> Axes:
    """Share of images whose slant a coordinate controls, against how far it turns them.

    One mark per coordinate, one kind of mark per sweep. The range is a mean over images, in
    degrees, on a logarithmic axis.
    """
    ax = new_axes(ax, width=6.8, height=3.8)
    for row, (name, sweep) in enumerate(sweeps.items()):
        degrees = np.maximum(sweep.slant_range, SMALLEST)
        percent = 100 * np.array(sweep.steady["slant"])
        style: dict[str, Any] = {"marker": "osD^vXP"[row % 7], "color": color_of(name)}
        face = color_of(name) if row % 2 else "none"  # sweeps of one model differ in their marks
        ax.plot(degrees, percent, linestyle="", markerfacecolor=face, label=name, **style)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(
        xlabel="range of the slant in a sweep (degrees, mean of images)",
        ylabel=f"images with |ρ| ≥ {STEADY:g} (%)",
        ylim=(-4, 104),
    )
    tidy(ax, grid="both")
    if sweeps:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return ax


def plot_correlations(
    matrices: Mapping[str, Any], axes: Sequence[Axes] | None = None, *, label: str = "coordinate"
) -> list[Axes]:
    """Matrices (D, D) of correlations side by side, from 0 (white) to 1 in size (black)."""
    if axes is None:
        size = (2.6 * len(matrices) + 0.7, 2.9)
        grid = plt.subplots(1, len(matrices), figsize=size, squeeze=False, layout="constrained")[1]
        axes = list(grid.flat)
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        sizes = np.abs(np.asarray(matrix, dtype=float))
        count = len(sizes)
        limits = (0.5, count + 0.5, count + 0.5, 0.5)  # coordinates are counted from 1
        shown = ax.imshow(sizes, cmap="Greys", vmin=0, vmax=1, extent=limits)
        ax.set_title(name, fontsize="medium")
        ax.set(xlabel=label, ylabel=label if ax is axes[0] else "")
        ticks = sorted({1, count // 2, count})
        ax.set_xticks(ticks)
        ax.set_yticks(ticks if ax is axes[0] else [])
        ax.spines[:].set_color(NEUTRAL)
        ax.grid(False)
    axes[-1].figure.colorbar(shown, ax=list(axes), label="correlation, |r|", shrink=0.8)
    return list(axes)
