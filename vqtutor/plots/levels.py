"""Figures of two levels of codes: the grids, how they were learned, what one code moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from vqtutor.plots.style import COLORS, NEUTRAL, new_axes, tidy
from vqtutor.train import History

TERMS = (COLORS["VQ-VAE-2"], "#D55E00", NEUTRAL, "#0072B2")  # colors
Cell = tuple[int, int, int, int]  # top row, left column, height, width, in pixels


def plot_terms(
    history: History, terms: Sequence[str] = ("mse", "commitment"), ax: Axes | None = None
) -> Axes:
    """Loss terms after each epoch: a line for validation, dashes for training, a dot at the best.

    ValueError for a term that the history lacks.
    """
    known = tuple(history.train[0])
    if missing := [term for term in terms if term not in known]:
        raise ValueError(f"terms must be among {', '.join(known)}; got {', '.join(missing)}.")
    ax = new_axes(ax)
    epochs = np.arange(1, len(history.train) + 1)
    for term, color in zip(terms, TERMS, strict=False):
        ax.plot(epochs, [epoch[term] for epoch in history.train], "--", color=color, linewidth=1)
        if history.validation:
            curve = [epoch[term] for epoch in history.validation]
            ax.plot(epochs, curve, color=color, label=term)
            if history.best_epoch is not None:
                ax.plot(history.best_epoch + 1, curve[history.best_epoch], "o", color=color)
        else:
            ax.lines[-1].set_label(term)
    ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel="loss term, unweighted")
    ax.set_title("validation (line) and training (dashes)", fontsize=10)
    tidy(ax, grid="y")
    ax.legend(frameon=False)
    return ax


def plot_codes(image: Any, grids: Mapping[str, Any]) -> list[Axes]:
    """An image (C, H, W) in [0, 1], and beside it each grid of codes, int (h, w), as large.

    Every code is written into its cell. Equal codes have equal colors; colors mean nothing else.
    """
    codes = {name: np.asarray(grid) for name, grid in grids.items()}
    axes = plt.subplots(
        1, 1 + len(codes), figsize=(2.9 * (1 + len(codes)), 3.1), layout="constrained"
    )[1]
    pixels = np.asarray(image).transpose(1, 2, 0).squeeze()
    axes[0].imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes[0].set_title("image")
    for ax, (name, grid) in zip(axes[1:], codes.items(), strict=True):
        ax.imshow(plt.colormaps["tab20"](grid % 20), alpha=0.45)
        size = min(12.0, 96 / max(grid.shape))
        for (row, column), code in np.ndenumerate(grid):
            ax.text(column, row, str(code), ha="center", va="center", fontsize=size)
        ax.set_title(f"{name}: {grid.shape[0]} × {grid.shape[1]} codes")
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(False)
    return list(axes)


def plot_fields(fields: Mapping[str, Any], cells: Mapping[str, Cell]) -> list[Axes]:
    """Maps (H, W) of numbers from 0 on, each from black to its own largest, side by side.

    cells : for some of them a rectangle to outline, such as the pixels that one code stands for.
    """
    axes = plt.subplots(1, len(fields), figsize=(2.4 * len(fields), 2.7), layout="constrained")[1]
    panels = list(np.atleast_1d(axes))
    for ax, (name, field) in zip(panels, fields.items(), strict=True):
        values = np.asarray(field, dtype=float)
        ax.imshow(values, cmap="inferno", vmin=0, vmax=values.max() or 1, interpolation="nearest")
        if name in cells:
            row, column, height, width = cells[name]
            corner = (column - 0.5, row - 0.5)
            ax.add_patch(
                Rectangle(corner, width, height, fill=False, edgecolor="white", linewidth=1.5)
            )
        ax.set_title(name, fontsize=10)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(False)
    return panels
