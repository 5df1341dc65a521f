"""Figures of classifiers that read a latent: what they separate, confuse, and need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from vqtutor.plots.style import NEUTRAL, color_of, new_axes, percent, tidy

# Okabe and Ito's colors, those of the three models left out.
CLASSES = ("#56B4E9", "#D55E00", "#CC79A7", "#F0E442")
MARKERS = ("o", "s", "^", "D")
STYLES = ("-", "--", "-.", ":")
PLACES = 120  # along each side of a plane whose regions are drawn


def plot_regions(
    panels: Mapping[str, tuple[Any, Callable[[np.ndarray], np.ndarray]]],
    labels: Any,
    class_names: Sequence[str],
    axes: Sequence[Axes] | None = None,
) -> list[Axes]:
    """Points of up to four classes over the class that a classifier gives to each place.

    panels : by title, points (N, 2) and a classifier, from places (M, 2) to classes (M,).
    labels : (N,) integers, the points' classes. ValueError for more classes than four.
    """
    if len(class_names) > len(CLASSES):
        raise ValueError(f"at most {len(CLASSES)} classes can be drawn, got {len(class_names)}.")
    labels = np.asarray(labels)
    if axes is None:
        size = (3.3 * len(panels), 3.2)
        axes = list(plt.subplots(1, len(panels), figsize=size, squeeze=False, layout="tight")[1][0])
    colors = ListedColormap(CLASSES[: len(class_names)])
    for ax, (title, (points, classify)) in zip(axes, panels.items(), strict=True):
        points = np.asarray(points)
        low, high = points.min(axis=0), points.max(axis=0)
        margin = 0.06 * (high - low)
        across, up = (
            np.linspace(low[i] - margin[i], high[i] + margin[i], PLACES) for i in range(2)
        )
        places = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        answers = np.asarray(classify(places)).reshape(PLACES, PLACES)
        limits: dict[str, Any] = {"vmin": -0.5, "vmax": len(class_names) - 0.5}
        ax.pcolormesh(across, up, answers, cmap=colors, alpha=0.3, rasterized=True, **limits)
        for label, name in enumerate(class_names):
            mine = points[labels == label]
            how: dict[str, Any] = {"marker": MARKERS[label], "s": 10, "edgecolors": "none"}
            ax.scatter(mine[:, 0], mine[:, 1], color=CLASSES[label], label=name, **how)
        ax.set_title(title, fontsize=10)
        ax.tick_params(labelsize=8)
    axes[0].legend(loc="upper left", fontsize=8, framealpha=0.9)
    return list(axes)


def plot_confusions(
    tables: Mapping[str, Any], class_names: Sequence[str], axes: Sequence[Axes] | None = None
) -> list[Axes]:
    """How often each class was taken for each other, counts written into the cells.

    tables : by title, (K, K) integers; rows are right classes, columns answers. Right answers are
    gray; the color of a mistake says how frequent it is, on one scale for all tables.
    """
    counts = {title: np.asarray(table) for title, table in tables.items()}
    wrong = {title: table - np.diag(np.diag(table)) for title, table in counts.items()}
    most = max(1, *(int(table.max()) for table in wrong.values()))
    if axes is None:
        size = (4.0 * len(counts) + 0.2, 4.2)
        axes = list(plt.subplots(1, len(counts), figsize=size, squeeze=False, layout="tight")[1][0])
    names = range(len(class_names))
    for ax, (title, table) in zip(axes, counts.items(), strict=True):
        ax.imshow(wrong[title], cmap="Oranges", vmin=0, vmax=1.6 * most)
        for (row, column), count in np.ndenumerate(table):
            if row == column:
                corner = (column - 0.5, row - 0.5)
                ax.add_patch(Rectangle(corner, 1, 1, color="#D9D9D9", linewidth=0))
            if count:
                ax.text(column, row, str(count), ha="center", va="center", fontsize=8)
        ax.set_xticks(names, class_names)
        ax.set_yticks(names, class_names)
        ax.tick_params(length=0)
        ax.set(xlabel="answer", ylabel="right class")
        ax.set_title(title, fontsize=10)
    return list(axes)


def plot_spread(values: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Accuracies, shares in [0, 1], a row for each name: one mark per value, a line at their mean.

    Equal values stand above each other.
    """
    ax = new_axes(ax, height=0.9 + 0.42 * len(values))
    for row, (name, shares) in enumerate(values.items()):
        seen: dict[float, int] = {}
        for share in sorted(percent(shares)):
            before = seen.get(share, 0)
            seen[share] = before + 1
            ax.plot(share, row - 0.1 * before, "o", color=color_of(name), markersize=5, alpha=0.8)
        if len(shares) > 1:
            middle = 100 * float(np.mean(shares))
            ax.plot([middle, middle], [row - 0.35, row + 0.35], color=NEUTRAL, linewidth=2)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.set_xlabel("accuracy (% of the test images)")
    tidy(ax)
    return ax


def plot_label_curves(
    counts: Sequence[int], accuracies: Mapping[str, Any], ax: Axes | None = None
) -> Axes:
    """Accuracy against the number of labeled images; the band reaches from worst to best draw.

    accuracies : by feature, (len(counts), R), shares in [0, 1] for R draws of the labeled images.
    """
    ax = new_axes(ax, height=4.0)
    plain = 0
    for name, table in accuracies.items():
        shares = 100 * np.asarray(table)
        color = color_of(name)
        style, marker = "-", "o"
        if color == NEUTRAL:  # baselines differ in their lines only
            style, marker = STYLES[1 + plain % 3], MARKERS[1 + plain % 3]
            plain += 1
        ax.plot(counts, shares.mean(axis=1), style, color=color, marker=marker, label=name)
        ax.fill_between(counts, shares.min(axis=1), shares.max(axis=1), color=color, alpha=0.15)
    ax.set_xscale("log")
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    ax.set(xlabel="labeled images", ylabel="accuracy (% of the test images)")
    tidy(ax, grid="y")
    ax.legend(loc="lower right", frameon=False)
    return ax
