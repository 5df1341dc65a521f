"""Figures of one set against another: draws among latents, balls around points, classes met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection

from vqtutor.experiments.generation import Generation
from vqtutor.metrics import wilson_interval
from vqtutor.plots.style import NEUTRAL, color_of, new_axes, panel_grid, tidy

DRAWN = "#D55E00"  # generated points beside real ones
MARKERS = ("o", "s", "^", "D", "v")


def plot_draws(panels: Mapping[str, tuple[Any, Any]], *, columns: int = 3) -> list[Axes]:
    """Latents of images, gray, and what a sampler draws, in the model's color: a panel per sampler.

    panels : by a name that begins with the model's, latents (N, 2) and draws (M, 2).
    """
    axes = panel_grid(len(panels), min(columns, len(panels)), 3.0, 2.7)
    for ax, (name, (latent, drawn)) in zip(axes, panels.items(), strict=False):
        latent, drawn = np.asarray(latent), np.asarray(drawn)
        ax.scatter(latent[:, 0], latent[:, 1], s=4, color="#B8B8B8", linewidths=0)
        ax.scatter(drawn[:, 0], drawn[:, 1], s=6, color=color_of(name), linewidths=0)
        ax.set_title(name, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_aspect("equal", adjustable="datalim")
    return axes[: len(panels)]


def plot_balls(real: Any, generated: Any, neighbors: int = 3) -> list[Axes]:
    """Precision and recall of points in the plane, real (M, 2) against generated (N, 2).

    Left the balls of the real points, each to its `neighbors`-th nearest of the same kind, and the
    generated points; right the other way round. A filled mark lies in a ball, a hollow one in none.
    """
    kinds = {"real": (np.asarray(real), NEUTRAL), "generated": (np.asarray(generated), DRAWN)}
    how: dict[str, Any] = {"figsize": (7.6, 3.6), "layout": "constrained"}
    axes = list(plt.subplots(1, 2, sharex=True, sharey=True, **how)[1])
    for ax, outer, inner in zip(axes, kinds, reversed(kinds), strict=True):
        (around, color), (points, other) = kinds[outer], kinds[inner]
        radii = np.sort(_distances(around, around), axis=1)[:, neighbors]
        hit = (_distances(points, around) <= radii).any(axis=1)
        size = 2 * radii
        where: dict[str, Any] = {"units": "xy", "offsets": around, "offset_transform": ax.transData}
        balls = EllipseCollection(size, size, np.zeros(len(around)), **where)
        balls.set(facecolor=color, alpha=0.13, edgecolor=color, linewidth=0.8)
        ax.add_collection(balls)
        ax.scatter(*around.T, s=12, marker="x", color=color)
        for inside, fill in ((True, other), (False, "none")):
            some = points[hit == inside]
            ax.scatter(*some.T, s=26, facecolor=fill, edgecolor=other, linewidth=1.4)
        share = "precision" if outer == "real" else "recall"
        ax.set_title(f"{share}: {hit.sum()} of {len(points)} {inner} points", fontsize=10)
        corners = np.concatenate([around - radii[:, None], around + radii[:, None], points])
        ax.update_datalim(corners)
        ax.autoscale_view()
        ax.set(xticks=[], yticks=[])
        ax.set_aspect("equal", adjustable="box")
    return axes


def plot_class_accuracy(result: Generation, ax: Axes | None = None) -> Axes:
    """Share of the images of each class that the judge puts there, with Wilson 95 % intervals.

    Ways that no class was asked of are left out; every class counts as asked for equally often.
    """
    ax = new_axes(ax, width=7.4)
    ways = {name: s for name, s in result.scores.items() if s.class_accuracy is not None}
    ways["real"] = result.real
    for place, (name, scores) in enumerate(ways.items()):
        shares = scores.class_accuracy or ()
        count = scores.num_images // max(1, len(shares))
        bounds = [wilson_interval(round(share * count), count) for share in shares]
        errors = [
            [100 * max(0.0, share - low) for share, (low, _) in zip(shares, bounds, strict=True)],
            [100 * max(0.0, high - share) for share, (_, high) in zip(shares, bounds, strict=True)],
        ]
        where = np.arange(len(shares)) + 0.16 * (place - (len(ways) - 1) / 2)
        how: dict[str, Any] = {"fmt": MARKERS[place % len(MARKERS)], "markersize": 5, "label": name}
        if place % 2:
            how["fillstyle"] = "none"
        heights = [100 * share for share in shares]
        ax.errorbar(where, heights, yerr=errors, color=color_of(name), **how)
    ax.set_xticks(range(len(result.classes)), list(result.classes))
    ax.set(xlabel="class asked for", ylabel="read as asked for (%)")
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def _distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N, M) from points (N, 2) and (M, 2)."""
    distances: np.ndarray = np.linalg.norm(points[:, None] - others, axis=2)
    return distances
