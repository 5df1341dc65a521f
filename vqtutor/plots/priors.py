"""Figures of priors at work: what they see, how they learn, what they hold likely and draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from vqtutor.plots.style import COLORS, NEUTRAL, panel_grid, tidy
from vqtutor.train import History

CELL = 0.36  # inches that one code is wide


def plot_reach(layers: Mapping[str, Any], position: tuple[int, int]) -> list[Axes]:
    """How many layers until `position`, the cross, sees each code: int (H, W), 0 for never.

    A panel per name. Codes before the cross that are never seen are dark, those after it white.
    """
    grids = {name: np.asarray(grid) for name, grid in layers.items()}
    height, width = next(iter(grids.values())).shape
    axes = panel_grid(len(grids), len(grids), CELL * width + 0.3, CELL * height + 0.5)
    deepest = max(int(grid.max()) for grid in grids.values())
    here = position[0] * width + position[1]
    for ax, (name, grid) in zip(axes, grids.items(), strict=True):
        overlooked = (grid == 0) & (np.arange(grid.size).reshape(grid.shape) < here)
        picture = np.where(grid > 0, 0.97 - 0.35 * grid / max(deepest, 1), 1.0)
        ax.imshow(np.where(overlooked, 0.2, picture), cmap="gray", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(grid):
            if count > 0:
                ax.text(column, row, str(count), ha="center", va="center", fontsize=9)
        ax.plot(position[1], position[0], marker="x", color="#D55E00", markersize=9)
        ax.set_title(name, fontsize=10)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("#C0C0C0")
    return axes


def plot_prior_curves(
    histories: Mapping[str, History], levels: Mapping[str, float] | None = None
) -> list[Axes]:
    """Bits per code after each epoch, a panel per prior: validation (line), training (dashes).

    A dot marks the best epoch. levels : more bits per code by name, such as what guessing costs,
    drawn in every panel.
    """
    axes = panel_grid(len(histories), len(histories), 3.9, 3.1)
    for ax, (name, history) in zip(axes, histories.items(), strict=True):
        epochs = np.arange(1, len(history.train) + 1)
        color = COLORS["VQ-VAE-2"]
        trained = [terms["bits"] for terms in history.train]
        found = [terms["bits"] for terms in history.validation]
        ax.plot(epochs, trained, "--", color=color, linewidth=1, label="training")
        ax.plot(epochs, found, color=color, label="validation")
        if history.best_epoch is not None:
            ax.plot(history.best_epoch + 1, found[history.best_epoch], "o", color=color)
        for words, bits in (levels or {}).items():
            ax.axhline(bits, color=NEUTRAL, linestyle=":", linewidth=1)
            how: dict[str, Any] = {"color": NEUTRAL, "ha": "right", "va": "bottom", "fontsize": 8}
            ax.text(float(epochs[-1]), bits, words, **how)
        ax.set(xlabel="epoch", ylabel="bits per code", ylim=(0, None), title=name)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        tidy(ax, grid="y")
        ax.legend(frameon=False)
    return axes


def plot_code_probabilities(rows: Mapping[str, Any]) -> list[Axes]:
    """How likely each code is: a panel of bars per name, probabilities (K,)."""
    size = (6.4, 0.6 + 0.95 * len(rows))
    figure, axes = plt.subplots(
        len(rows), 1, figsize=size, sharex=True, squeeze=False, layout="constrained"
    )
    values = {name: np.asarray(shares) for name, shares in rows.items()}
    highest = max(float(shares.max()) for shares in values.values())
    for ax, (name, shares) in zip(axes.flat, values.items(), strict=True):
        ax.bar(np.arange(len(shares)), shares, color=COLORS["VQ-VAE-2"])
        ax.set_ylim(0, 1.05 * highest)  # one scale for all panels
        ax.yaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
        ax.set_title(name, fontsize=10, loc="left")
        tidy(ax, grid="y")
    axes.flat[-1].set_xlabel("code")
    figure.supylabel("probability", fontsize=10)
    return list(axes.flat)


def plot_filling(grids: Mapping[str, Any]) -> list[Axes]:
    """Grids of codes (H, W) by name, each code written into its cell; below 0 it stays empty.

    Equal codes have equal colors; colors mean nothing else.
    """
    codes = {name: np.asarray(grid) for name, grid in grids.items()}
    sides = [max(grid.shape[axis] for grid in codes.values()) for axis in (0, 1)]
    axes = panel_grid(len(codes), len(codes), CELL * sides[1] + 0.2, CELL * sides[0] + 0.5)
    for ax, (name, grid) in zip(axes, codes.items(), strict=True):
        colors = plt.colormaps["tab20"](grid % 20)
        colors[grid < 0] = 1.0
        ax.imshow(colors, alpha=0.45)
        for (row, column), code in np.ndenumerate(grid):
            if code >= 0:
                ax.text(column, row, str(code), ha="center", va="center", fontsize=9)
        ax.set_title(name, fontsize=10)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("#C0C0C0")
    return axes
