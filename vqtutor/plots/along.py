"""Figures of what is met along a path: numbers by step, what the judge reads, where it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from vqtutor.plots.study import plot_plane
from vqtutor.plots.style import NEUTRAL, color_of, figure_of, new_axes, panel_grid, tidy

DASHES = ("-", "--", ":", "-.")  # of several kinds of path of one model
WAY = "way from the first image to the last (%)"


def plot_along(
    curves: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    label: str,
    levels: Mapping[str, float] | None = None,
) -> Axes:
    """A quantity along paths: a curve, (T,), per kind in its model's color. levels : gray lines.

    label : the quantity and its unit. Kinds of one model differ in their dashes.
    """
    ax = new_axes(ax)
    drawn: dict[str, int] = {}  # curves so far, by color
    for name, values in curves.items():
        color = color_of(name)
        dashes = DASHES[drawn.setdefault(color, 0) % len(DASHES)]
        drawn[color] += 1
        heights = np.asarray(values)
        ax.plot(np.linspace(0, 100, len(heights)), heights, dashes, color=color, label=name)
    for name, level in (levels or {}).items():
        ax.axhline(level, color="black", linestyle=":", linewidth=1, label=name)
    ax.set(xlabel=WAY, ylabel=label)
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_readings(
    probabilities: Mapping[str, Any], ends: tuple[int, int], class_names: Sequence[str]
) -> list[Axes]:
    """What the judge reads along single paths: first class, last class, likeliest other one.

    probabilities : by kind of path, (T, classes), the judge's. ends : classes of the two ends.
    """
    axes = panel_grid(len(probabilities), min(3, max(1, len(probabilities))), 3.0, 2.2, shared=True)
    for ax, (name, values) in zip(axes, probabilities.items(), strict=False):
        percent = 100 * np.asarray(values)  # (T, classes)
        others = np.delete(percent, ends, axis=1).max(axis=1)
        along = np.linspace(0, 100, len(percent))
        color = color_of(name)
        ax.fill_between(along, others, color=NEUTRAL, alpha=0.35, linewidth=0, label="any other")
        for end, dashes in zip(ends, ("-", "--"), strict=True):
            ax.plot(along, percent[:, end], dashes, color=color, label=class_names[end])
        ax.set_title(name, fontsize="medium")
        tidy(ax, grid="y")
    if probabilities:
        axes[0].legend(frameon=False, fontsize="small")
    figure = figure_of(axes[0])
    figure.supxlabel(WAY, fontsize="medium")
    figure.supylabel("judge's probability (%)", fontsize="medium")
    return axes[: max(1, len(probabilities))]


def plot_plane_paths(
    latent: Any,
    labels: Any,
    class_names: Sequence[str],
    paths: Any,
    ax: Axes | None = None,
) -> Axes:
    """Latents (N, 2) as in `plot_plane`, and P paths (P, T, 2) across them, a dot per step."""
    ax = plot_plane(latent, labels, class_names, ax)
    for path in np.asarray(paths):
        ax.plot(path[:, 0], path[:, 1], color="black", marker="o", markersize=3.5, linewidth=1.2)
        ax.plot(*path[0], color="black", marker="s", markersize=7)
    return ax
