"""Grids of small images on one Axes, with a name per row and per column; small grids of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

GAP = 2  # white pixels between images


def plot_grid(
    images: Any,
    ax: Axes | None = None,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Axes:
    """Images (rows, columns, C, H, W), uint8 or float in [0, 1], as one picture."""
    canvas, height, width = _tile(_as_bytes(images))
    rows, columns = images.shape[:2]
    if ax is None:
        side = min(1.3, max(0.62, 6.2 / columns))  # inches that one image is wide
        size = (side * columns + (0.9 if row_labels else 0.1), side * rows * height / width + 0.3)
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    ax.imshow(canvas, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    tops = np.arange(rows) * (height + GAP) + (height - 1) / 2
    lefts = np.arange(columns) * (width + GAP) + (width - 1) / 2
    ax.set_yticks(tops[: len(row_labels)], row_labels)
    ax.set_xticks(lefts[: len(column_labels)], column_labels)
    ax.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    return ax


def plot_images(
    images: Any, ax: Axes | None = None, *, titles: Sequence[str] = (), columns: int = 10
) -> Axes:
    """Images (N, C, H, W), uint8 or float in [0, 1], in rows of `columns`; titles for one row."""
    images = _as_bytes(images)
    columns = min(columns, len(images))
    missing = -len(images) % columns
    blank = np.full((missing, *images.shape[1:]), 255, np.uint8)
    grid = np.concatenate([images, blank]).reshape(-1, columns, *images.shape[1:])
    return plot_grid(grid, ax, column_labels=titles if len(grid) == 1 else ())


def plot_numbers(grids: Mapping[str, Any], axes: Sequence[Axes] | None = None) -> list[Axes]:
    """Small matrices side by side, every entry written into its cell, one color scale for all."""
    matrices = {name: np.asarray(matrix, dtype=float) for name, matrix in grids.items()}
    if axes is None:
        widths = [matrix.shape[1] for matrix in matrices.values()]
        size = (
            0.42 * sum(widths) + 0.5 * len(widths),
            0.5 * max(map(len, matrices.values())) + 0.4,
        )
        axes = plt.subplots(
            1, len(widths), figsize=size, width_ratios=widths, layout="constrained", squeeze=False
        )[1][0]
    limit = max(float(np.abs(matrix).max()) for matrix in matrices.values()) or 1.0
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        ax.imshow(matrix, cmap="RdBu_r", vmin=-1.6 * limit, vmax=1.6 * limit)
        for (row, column), value in np.ndenumerate(matrix):
            ax.text(column, row, f"{value:g}", ha="center", va="center", fontsize=9)
        ax.set(title=name, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.grid(False)
    return list(axes)


def _as_bytes(images: Any) -> np.ndarray:
    array = np.asarray(images)
    if array.dtype == np.uint8:
        return array
    bytes_: np.ndarray = (array.clip(0, 1) * 255).round().astype(np.uint8)
    return bytes_


def _tile(images: np.ndarray) -> tuple[np.ndarray, int, int]:
    """One picture (height, width) or (height, width, 3) of (rows, columns, C, H, W)."""
    rows, columns, channels, height, width = images.shape
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    canvas = np.full(shape, 255, np.uint8)
    for row, column in np.ndindex(rows, columns):
        top, left = row * (height + GAP), column * (width + GAP)
        canvas[top : top + height, left : left + width] = images[row, column].transpose(1, 2, 0)
    return canvas.squeeze(2) if channels == 1 else canvas, height, width
