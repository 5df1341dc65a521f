"""Figures of a codebook: its cells in the plane, and how often each of its codes is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import colors
from matplotlib.axes import Axes

from vqtutor.metrics import perplexity
from vqtutor.models import nearest_codes
from vqtutor.plots.style import COLORS, NEUTRAL, new_axes, panel_grid, tidy

# Okabe and Ito's colors: a code is a name, so neighbors may have any.
CELL_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
LATTICE = 300  # points along each side, by which the plane is divided into cells


def plot_cells(
    vectors: Any,
    codebook: Any,
    ax: Axes | None = None,
    *,
    earlier: Sequence[Any] = (),
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Vectors (N, 2) in the cells of a codebook (K, 2): the color of a point is its nearest code.

    earlier : codebooks (K, 2) before this one, oldest first; a line joins the places of each code.
    limits : of both axes; None takes in every vector and code.
    """
    ax = new_axes(ax, width=4.6, height=4.4)
    points = np.asarray(vectors, dtype=np.float32)  # (N, 2)
    codes = np.asarray(codebook, dtype=np.float32)  # (K, 2)
    trail = np.stack([*(np.asarray(one, dtype=np.float32) for one in earlier), codes])  # (T, K, 2)
    low, high = limits or _around(points, trail.reshape(-1, 2))
    across = np.linspace(low, high, LATTICE, dtype=np.float32)
    lattice = np.stack(np.meshgrid(across, across), axis=-1)  # (LATTICE, LATTICE, 2)
    cells = _nearest(lattice.reshape(-1, 2), codes).reshape(LATTICE, LATTICE)
    inks = np.array([colors.to_rgb(color) for color in CELL_COLORS])
    shades = 0.25 * inks[cells % len(inks)] + 0.75
    ax.imshow(shades, extent=(low, high, low, high), origin="lower", interpolation="nearest")
    shown = inks[_nearest(points, codes) % len(inks)]
    ax.scatter(points[:, 0], points[:, 1], s=9, c=shown, linewidths=0)
    for number, (x, y) in enumerate(codes):
        ax.plot(trail[:, number, 0], trail[:, number, 1], color="black", linewidth=1)
        ax.plot(x, y, marker="X", markersize=10, color="black", markeredgecolor="white")
        how: dict[str, Any] = {"xytext": (8, 6), "textcoords": "offset points", "fontsize": 11}
        how["bbox"] = {"boxstyle": "round,pad=0.15", "color": "white", "alpha": 0.75}
        ax.annotate(str(number), (x, y), fontweight="bold", **how)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="first number", ylabel="second number")
    return ax


def plot_code_counts(histograms: Mapping[str, Any]) -> list[Axes]:
    """How often each of the K codes is chosen, (K,) counts by name, the most frequent code first.

    A panel per histogram, with the share of the positions on the upright axis. The dashed line is
    the share if all codes were chosen equally often.
    """
    axes = panel_grid(len(histograms), len(histograms), 2.1, 2.3)
    for ax, (name, histogram) in zip(axes, histograms.items(), strict=True):
        counts = torch.as_tensor(histogram)
        shares = 100 * counts.double() / counts.sum()
        falling = shares.sort(descending=True).values.numpy()  # (K,)
        ax.stairs(falling, fill=True, color=COLORS["VQ-VAE-2"])
        ax.axhline(100 / len(falling), color=NEUTRAL, linestyle="--", linewidth=1)
        used = int((counts > 0).sum())
        ax.set_title(f"{name}\n{used} of {len(falling)} used", fontsize=9)
        ax.set_xlabel(f"perplexity {perplexity(counts):.1f}", fontsize=9)
        ax.set(yscale="log", xlim=(0, len(falling)), ylim=(0.005, 150), xticks=[])
        ax.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"], fontsize=8)
        ax.minorticks_off()
        tidy(ax, grid="y")
    axes[0].set_ylabel("share of the positions (%)", fontsize=9)
    return axes


def _nearest(points: np.ndarray, codebook: np.ndarray) -> np.ndarray:
    """The library's own choice, (N,) of points (N, 2)."""
    chosen: np.ndarray = nearest_codes(torch.from_numpy(points), torch.from_numpy(codebook)).numpy()
    return chosen


def _around(points: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """One pair of limits for both axes, with everything inside and a margin."""
    both = np.concatenate([points, codes])
    low, high = float(both.min()), float(both.max())
    margin = 0.1 * (high - low or 1.0)
    return low - margin, high + margin
