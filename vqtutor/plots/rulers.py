"""Figures of how images are measured: power by frequency, and how sure a measured number is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from vqtutor.experiments.estimates import Estimate
from vqtutor.plots.style import NEUTRAL, color_of, new_axes, tidy

FINE = 0.25  # cycles per pixel: what is above counts as fine detail


def plot_power(frequencies: Any, power: Mapping[str, Any], ax: Axes | None = None) -> Axes:
    """Mean power at each frequency on a logarithmic axis, a line per set of images.

    frequencies : (R,), in cycles per pixel, up to 0.5. power : each (R,), as `power_spectrum` gives
        it; what was decoded from draws ("..., sampled") is dashed.
    """
    ax = new_axes(ax)
    for name, values in power.items():
        style: dict[str, Any] = {"linestyle": "--" if name.endswith("sampled") else "-"}
        style |= {"color": color_of(name), "linewidth": 2.5 if color_of(name) == NEUTRAL else 1.5}
        ax.plot(np.asarray(frequencies), np.asarray(values), label=name, **style)
    ax.axvline(FINE, color=NEUTRAL, linestyle=":", linewidth=1)
    ax.annotate(
        "fine detail →",
        (FINE, 0.97),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=NEUTRAL,
    )
    ax.set(xlabel="frequency (cycles per pixel)", ylabel="power", yscale="log")
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8, loc="lower left")
    return ax


def plot_resamples(
    resampled: Any, found: Estimate, label: str, ax: Axes | None = None, *, bins: int = 30
) -> Axes:
    """How often a number came out how large when images were drawn again; its interval shaded.

    resampled : (R,), one number per resample. label : the quantity.
    """
    ax = new_axes(ax, height=2.8)
    values = np.asarray(resampled)
    ax.hist(values, bins=bins, color=NEUTRAL, alpha=0.6)
    ax.axvspan(found.low, found.high, color=NEUTRAL, alpha=0.15, linewidth=0, label="95 % interval")
    ax.axvline(found.value, color="black", linewidth=1.5, label="measured")
    ax.set(xlabel=label, ylabel=f"of {len(values):,} resamples")
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8)
    return ax
