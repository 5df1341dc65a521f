"""Figures of what a latent costs: the sweep of beta, the VAE's latents next to N(0, I), budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from vqtutor.experiments.beta import BetaSweep, Decoded
from vqtutor.experiments.budgets import Budgets, Code
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.posterior import AggregatePosteriors
from vqtutor.plots.grids import plot_grid, plot_images
from vqtutor.plots.style import (
    COLORS,
    NEUTRAL,
    bar_panels,
    figure_of,
    new_axes,
    plot_bars,
    tidy,
)

# Ways to spend bits, and how they are drawn.
WAYS = {"floats": "o", "bits per number": "v", "draw": "D", "codes": "s"}


# --- beta ----------------------------------------------------------------------------------------


def plot_beta(
    result: BetaSweep, ax: Axes | None, quantity: Callable[[Decoded], Estimate], label: str
) -> Axes:
    """One quantity along the sweep with its interval: decoded means and, hollow, draws."""
    ax = new_axes(ax)
    places = np.arange(len(result.points))
    for way, fill, shift in (("mean", "full", -0.06), ("sampled", "none", 0.06)):
        found = [quantity(getattr(point, way)) for point in result.points]
        values = np.array([[e.value, e.value - e.low, e.high - e.value] for e in found]).T
        how: dict[str, Any] = {"fillstyle": fill, "markersize": 6, "capsize": 2}
        name = {"mean": "the posterior's mean decoded", "sampled": "a draw decoded"}[way]
        ax.errorbar(
            places + shift, values[0], values[1:], fmt="o-", color=COLORS["VAE"], label=name, **how
        )
    level = quantity(result.autoencoder).value
    ax.axhline(level, color=COLORS["AE"], linestyle="--", linewidth=1.5, label="AE")
    ax.set_xticks(places, [f"{point.beta:g}" for point in result.points])
    ax.set(xlabel="beta (weight of the KL)", ylabel=label)
    tidy(ax, grid="y")
    return ax


def plot_rates(result: BetaSweep, ax: Axes | None = None) -> Axes:
    """KL in bits along the sweep; at each point, how many coordinates are used."""
    ax = new_axes(ax)
    places = np.arange(len(result.points))
    ax.plot(places, [point.rate for point in result.points], "o-", color=COLORS["VAE"])
    for place, point in zip(places, result.points, strict=True):
        ax.annotate(
            str(point.active_units),
            (float(place), point.rate),
            xytext=(4, 4),
            textcoords="offset points",
            fontsize=8,
        )
    ax.set_xticks(places, [f"{point.beta:g}" for point in result.points])
    ax.set(xlabel="beta (weight of the KL)", ylabel="KL (bits per image)", yscale="log")
    ax.set_title("beside each point: active coordinates", fontsize=9)
    tidy(ax, grid="y")
    return ax


def plot_all_beta(result: BetaSweep) -> list[Axes]:
    """Error, sharpness and rate side by side."""
    axes = list(plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")[1].flat)
    plot_beta(result, axes[0], lambda one: one.mse, "squared error per pixel value")
    plot_beta(result, axes[1], lambda one: one.sharpness, "sharpness (originals: 1)")
    plot_rates(result, axes[2])
    axes[0].legend(frameon=False, fontsize=8)
    return axes


def plot_beta_pictures(result: BetaSweep, ax: Axes | None = None) -> Axes:
    """Test images, the AE's reconstructions and, by growing beta, those of the VAE's means."""
    rows = [result.originals] if len(result.originals) else []
    labels = ["original"] * len(rows) + ["AE"]
    labels += [f"beta {point.beta:g}" for point in result.points]
    rows += [result.autoencoder.examples, *(point.mean.examples for point in result.points)]
    images = np.stack(rows)
    count, columns = images.shape[:2]
    ax = new_axes(ax, width=1.4 + 0.62 * columns, height=0.3 + 0.63 * count)
    return plot_grid(images, ax, row_labels=labels, column_labels=result.classes)


def draw_beta(result: BetaSweep) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "beta": figure_of(plot_all_beta(result)[0]),
        "beta-pictures": figure_of(plot_beta_pictures(result)),
    }


# --- aggregate posterior -------------------------------------------------------------------------


def plot_moments(result: AggregatePosteriors, name: str, ax: Axes | None = None) -> Axes:
    """Mean and variance of each coordinate of one network's latents; pale where it is not used."""
    ax = new_axes(ax)
    found = result.networks[name]
    places = np.arange(len(found.means))
    shown = [to_rgba(COLORS["VAE"], 1.0 if active else 0.3) for active in found.active]
    for values, marker, label in (
        (found.means, "o", "mean (N(0, 1): 0)"),
        (found.variances, "s", "variance (N(0, 1): 1)"),
    ):
        ax.scatter(places, values, color=shown, marker=marker)
        ax.scatter([], [], color=COLORS["VAE"], marker=marker, label=label)
    for low, high in ((-0.1, 0.1), (0.8, 1.2)):
        ax.axhspan(low, high, color=NEUTRAL, alpha=0.15, linewidth=0)
    ax.set(xlabel="coordinate of the latent", ylabel=f"over {result.num_codes:,} test images")
    ax.set_title(name)
    ax.set_ylim(min(-0.3, *found.means) - 0.1, max(1.3, *found.variances) + 0.5)
    ax.legend(frameon=False, fontsize=8, loc="upper right")
    tidy(ax, grid="y")
    return ax


def plot_posterior_scores(result: AggregatePosteriors) -> list[Axes]:
    """By network: how well its latents are told from N(0, I), and how many draws are garbage."""
    judged = result.garbage_floor is not None
    panels = bar_panels(len(result.networks), 3 if judged else 1)
    found = result.networks
    plot_bars(
        {name: one.auc.value for name, one in found.items()},
        panels[0],
        "AUC, latents against N(0, I)",
        lines={"chance": 0.5},
    )
    if judged:
        lines = {"real": result.garbage_floor, "noise": result.garbage_ceiling}
        drawn = {n: None if one.garbage is None else one.garbage.value for n, one in found.items()}
        plot_bars(drawn, panels[1], "garbage, draws of N(0, I)", lines=lines, percent=True)
        rebuilt = {
            n: None if one.garbage_rebuilt is None else one.garbage_rebuilt.value
            for n, one in found.items()
        }
        plot_bars(rebuilt, panels[2], "garbage, latents of images", lines=lines, percent=True)
    return panels


def draw_posterior(result: AggregatePosteriors) -> dict[str, Figure]:
    """Every figure of the experiment, by file name; moments and draws of the first network."""
    first = next(iter(result.networks))
    draws = plot_images(result.networks[first].images)
    draws.set_title(f"{first}: decoded draws from N(0, I)")
    return {
        "posterior-moments": figure_of(plot_moments(result, first)),
        "posterior-draws": figure_of(draws),
        "posterior-scores": figure_of(plot_posterior_scores(result)[0]),
    }


# --- budgets -------------------------------------------------------------------------------------


def plot_budgets(result: Budgets, ax: Axes | None = None) -> Axes:
    """Error against size in bits of every code; the PNG of an image as a line."""
    ax = new_axes(ax, width=8.4, height=4.4)
    # Of a sweep of VAEs only the draws: floats of all of them would lie on one another.
    codes = [code for name, code in result.codes.items() if not name.startswith("VAE ")]
    codes += result.rates.values()
    codes += [match.rival for of_one in result.matches.values() for match in of_one.values()]
    drawn = {(code.network, code.way): code for code in codes}
    for code in drawn.values():
        how: dict[str, Any] = {"color": COLORS[kind_of(code.network)], "markersize": 6}
        ax.plot(code.bits, code.mse, WAYS[way_of(code)], **how)
        ax.annotate(
            code.network.removeprefix("VAE ").removeprefix("AE-"),
            (code.bits, code.mse),
            xytext=(5, 3),
            textcoords="offset points",
            fontsize=7,
            color=COLORS[kind_of(code.network)],
        )
    for name, color in COLORS.items():
        ax.plot([], [], "o", color=color, label=name)
    names = {
        "floats": "32 bits per number",
        "bits per number": "rounded numbers",
        "draw": "a draw, at its KL",
        "codes": "log2 K bits per code",
    }
    for way, marker in WAYS.items():
        ax.plot([], [], marker, color=NEUTRAL, label=names[way])
    ax.axvline(result.png_bits, color=NEUTRAL, linestyle="--", linewidth=1, label="PNG file")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlabel="size of one image's code (bits)", ylabel="squared error per pixel value")
    tidy(ax, grid="both")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return ax


def kind_of(network: str) -> str:
    """The one of the three models that a network is a kind of, by how its name begins."""
    return next(kind for kind in ("VQ-VAE-2", "VAE", "AE") if network.startswith(kind))


def way_of(code: Code) -> str:
    """The entry of WAYS that a code is drawn as."""
    return next(way for way in WAYS if code.way.endswith(way))


def draw_budgets(result: Budgets) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {"budgets": figure_of(plot_budgets(result))}
