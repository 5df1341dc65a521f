"""Figures of how a quantity grows with a size: straight lines where both axes are logarithmic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator

from vqtutor.plots.style import COLORS, NEUTRAL, new_axes, tidy

# Colors, markers and dashes: told apart also where colors are not.
STYLES = (
    (COLORS["VAE"], "o", "-"),
    ("#D55E00", "s", "--"),
    (COLORS["VQ-VAE-2"], "D", "-."),
    (NEUTRAL, "^", ":"),
)


def plot_growth(
    sizes: Any, costs: Mapping[str, Any], ax: Axes | None = None, *, xlabel: str, ylabel: str
) -> Axes:
    """Costs by name, each (N,), against `sizes`, (N,) and at least two, both axes logarithmic.

    Behind each name stands by which factor it grows from the last size but one to the last, taken
    per doubling of the size. ValueError for more curves than can be told apart, or for a number
    that has no logarithm.
    """
    if len(costs) > len(STYLES):
        raise ValueError(f"at most {len(STYLES)} curves can be told apart, got {len(costs)}.")
    x = np.asarray(sizes, dtype=float)
    ax = new_axes(ax)
    for (color, marker, dashes), (name, values) in zip(STYLES, costs.items(), strict=False):
        y = np.asarray(values, dtype=float)
        if min(x.min(), y.min()) <= 0:
            raise ValueError(f"sizes and {name!r} must be above 0: the axes are logarithmic.")
        slope = np.log(y[-1] / y[-2]) / np.log(x[-1] / x[-2])
        label = f"{name}: × {2**slope:.3g} per doubling"
        ax.plot(x, y, dashes, color=color, marker=marker, markersize=5, label=label)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(x)
    ax.minorticks_off()
    plain = FuncFormatter(lambda value, _: f"{value:g}")
    ax.xaxis.set_major_formatter(plain)
    low, high = ax.get_ylim()
    if high < 1000 * low:  # few powers of ten: more numbers, written out
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(plain)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8)
    return ax
