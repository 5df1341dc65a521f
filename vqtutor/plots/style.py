"""What all figures share: one color per model, bars that compare them, and where figures come from.

The colors are those of Okabe and Ito, which people who see fewer colors can tell apart as well. On
white they can be read, and a figure keeps its white on a dark page.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqtutor.checkpoint import write_whole

COLORS: Mapping[str, str] = {"AE": "#E69F00", "VAE": "#0072B2", "VQ-VAE-2": "#009E73"}
NEUTRAL = "#6E6E6E"  # baselines, real images: whatever is none of the three


def color_of(name: str) -> str:
    """The color of the model that `name` begins with, such as "VAE" of "VAE, sampled"."""
    return COLORS.get(name.split(", ")[0].split(" ")[0], NEUTRAL)


def figure_of(ax: Axes) -> Figure:
    """The whole figure that `ax` is part of."""
    if not isinstance(ax.figure, Figure):
        raise ValueError("these Axes are no direct part of a figure.")
    return ax.figure


def new_axes(ax: Axes | None, width: float = 6.4, height: float = 3.6) -> Axes:
    """`ax`, or the only Axes of a new figure of so many inches."""
    if ax is not None:
        return ax
    # "compressed" is "constrained" that knows of axes whose shape is given, as that of images.
    return plt.subplots(figsize=(width, height), layout="compressed")[1]


def percent(shares: Iterable[float]) -> list[float]:
    """Shares in [0, 1] as percentages."""
    return [100 * share for share in shares]


def tidy(ax: Axes, grid: str = "x") -> None:
    """Lines on the left and below only, and a faint grid along one axis."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(axis=grid, color="#E0E0E0", linewidth=0.8)  # type: ignore[arg-type]


def plot_bars(
    values: Mapping[str, float | None],
    ax: Axes,
    label: str,
    *,
    lines: Mapping[str, float | None] | None = None,
    percent: bool = False,
) -> Axes:
    """Horizontal bars in the models' colors, one per name, with the number at its end.

    label : the quantity and its unit. lines : levels to compare with, by name. percent : values
    are shares. A value of None leaves its place empty.
    """
    factor = 100 if percent else 1
    for place, (name, value) in enumerate(values.items()):
        if value is None:
            continue
        ax.barh(place, factor * value, color=color_of(name), height=0.7)
        where: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points"}
        text = f"{factor * value:.3g}"
        ax.annotate(text, (max(0, factor * value), place), va="center", fontsize=8, **where)
    above: dict[str, Any] = {
        "transform": ax.get_xaxis_transform(),
        "va": "bottom",
        "ha": "center",
        "fontsize": 8,
    }
    for name, level in (lines or {}).items():
        if level is not None:
            ax.axvline(factor * level, color=NEUTRAL, linestyle="--", linewidth=1)
            ax.text(factor * level, 1.0, name, color=NEUTRAL, **above)
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    ax.set_xlabel(f"{label} (%)" if percent else label)
    low, high = ax.get_xlim()
    ax.set_xlim(low, high + 0.15 * (high - low))  # room for the numbers
    tidy(ax)
    return ax


def bar_panels(rows: int, panels: int) -> list[Axes]:
    """Axes of a new figure: `panels` side by side that share the names of their `rows` bars."""
    size = (2.0 + 2.4 * panels, 0.9 + 0.3 * rows)
    axes = plt.subplots(1, panels, figsize=size, sharey=True, squeeze=False, layout="constrained")[
        1
    ]
    return list(axes.flat)


def panel_grid(
    count: int, columns: int, width: float, height: float, *, shared: bool = False
) -> list[Axes]:
    """Axes of a new figure in rows of `columns`, so many inches each; those past `count` hidden.

    shared : whether all have the same limits.
    """
    rows = max(1, -(-count // columns))
    size = (width * columns, height * rows)
    figure = plt.figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=shared, sharey=shared)
    for ax in axes.flat[count:]:
        ax.set_visible(False)
    return list(axes.flat)


def save(figure: Figure, path: str | Path, **settings: Any) -> None:
    """Write `figure` to `path`, whole or not at all, and close it: pyplot keeps all others open."""
    content = io.BytesIO()
    figure.savefig(content, format=Path(path).suffix[1:], **settings)
    write_whole(path, content.getvalue())
    plt.close(figure)
