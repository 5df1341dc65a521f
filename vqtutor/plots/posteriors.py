"""Figures of posteriors: curves over one number, clouds in a plane, what they cost and buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter

from vqtutor.experiments.beta import BetaSweep
from vqtutor.plots.style import COLORS, NEUTRAL, new_axes, panel_grid, tidy

# Colors and dashes of curves that are no model's: told apart also where colors are not.
STYLES = (("#0072B2", "-"), ("#D55E00", "--"), ("#009E73", "-."), ("#CC79A7", ":"), (NEUTRAL, "-"))


def plot_curves(
    x: Any,
    curves: Mapping[str, Any],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
    log: Literal["", "x", "y"] = "",
    levels: Mapping[str, float] | None = None,
) -> Axes:
    """Curves by name over `x`, (N,), each (N,).

    log : the axis that is logarithmic: of base 2 along x, of base 10 along y. levels : flat lines.
    """
    if len(curves) > len(STYLES):
        raise ValueError(f"at most {len(STYLES)} curves can be told apart, got {len(curves)}.")
    ax = new_axes(ax)
    for (color, dashes), (name, values) in zip(STYLES, curves.items(), strict=False):
        ax.plot(np.asarray(x), np.asarray(values), dashes, color=color, label=name)
    for name, level in (levels or {}).items():
        ax.axhline(level, color=NEUTRAL, linestyle=":", linewidth=1.5, label=name)
    if log == "x":
        ax.set_xscale("log", base=2)
    elif log == "y":
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    tidy(ax, grid="y")
    ax.legend(frameon=False, fontsize=8)
    return ax


def plot_clouds(
    posteriors: Mapping[str, tuple[Any, Any]], labels: Any, class_names: Sequence[str]
) -> list[Axes]:
    """Latents of two numbers, a panel per network: each image's posterior, colored by class.

    posteriors : mean and log-variance, each (N, 2). An ellipse reaches one standard deviation, as
        N(0, I) does at the inner dashed circle; the outer one, at two, holds 86 % of its draws.
    labels : (N,) int.
    """
    axes = panel_grid(len(posteriors), len(posteriors), 3.0, 3.2)
    labels = np.asarray(labels)
    colors = plt.colormaps["tab10"](np.arange(len(class_names)) % 10)
    for ax, (name, (mean, log_variance)) in zip(axes, posteriors.items(), strict=True):
        mean, deviation = np.asarray(mean), np.exp(0.5 * np.asarray(log_variance))
        how: dict[str, Any] = {"units": "xy", "offsets": mean, "offset_transform": ax.transData}
        clouds = EllipseCollection(
            2 * deviation[:, 0], 2 * deviation[:, 1], np.zeros(len(mean)), **how
        )
        clouds.set(facecolor=colors[labels], alpha=0.25, linewidth=0)
        ax.add_collection(clouds)
        ax.scatter(mean[:, 0], mean[:, 1], s=5, color=colors[labels])
        for radius in (1, 2):
            ax.add_patch(Circle((0, 0), radius, fill=False, linestyle="--", color="black"))
        reach = 1.05 * max(3.0, float(np.abs(mean).max()))
        ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=name)
    handles = [Line2D([], [], marker="o", linestyle="", color=color) for color in colors]
    axes[-1].legend(
        handles, class_names, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8
    )
    return axes


def plot_rate_error(result: BetaSweep, ax: Axes | None = None) -> Axes:
    """Error against rate, the KL in bits, a point per beta: means and, hollow, draws decoded.

    A beta of 0 is left out: nothing holds its latents near N(0, 1), and its KL is no cost.
    """
    ax = new_axes(ax)
    points = [point for point in result.points if point.beta > 0]
    rates = [point.rate for point in points]
    for way, fill, label in (
        ("mean", "full", "the posterior's mean decoded"),
        ("sampled", "none", "a draw decoded: what the rate pays for"),
    ):
        errors = [getattr(point, way).mse.value for point in points]
        ax.plot(rates, errors, "o-", color=COLORS["VAE"], fillstyle=fill, label=label)
        if way == "sampled":
            for point, error in zip(points, errors, strict=True):
                where: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points"}
                ax.annotate(f"beta {point.beta:g}", (point.rate, error), fontsize=8, **where)
    ax.axhline(
        result.autoencoder.mse.value, color=COLORS["AE"], linestyle="--", linewidth=1.5, label="AE"
    )
    ax.margins(x=0.1, y=0.1)  # room for the names of the points
    ax.set_ylim(bottom=0)
    ax.set(xlabel="rate: KL (bits per image)", ylabel="squared error per pixel value")
    tidy(ax, grid="both")
    ax.legend(frameon=False, fontsize=8)
    return ax
