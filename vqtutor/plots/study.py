"""Figures of the autoencoder study: latent sizes, disturbed codes, one digit into another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.conversion import Conversion
from vqtutor.experiments.disturbance import Disturbance, NoiseResult
from vqtutor.experiments.sweeps import Sweep
from vqtutor.plots.grids import plot_grid
from vqtutor.plots.style import (
    COLORS,
    NEUTRAL,
    color_of,
    figure_of,
    new_axes,
    percent,
    plot_bars,
    tidy,
)


def plot_loss_curves(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """Squared error after each epoch, per latent size: validation (lines), training (dashes).

    Test images (dots), where they were watched; they take no part in choosing the epoch (ring).
    """
    ax = new_axes(ax, height=4.2)
    sizes = _convolutional(result)
    for color, one in zip(_shades(len(sizes)), sizes, strict=True):
        epochs = np.arange(1, len(one.validation_mse) + 1)
        ax.plot(epochs, one.train_mse, "--", color=color, alpha=0.7, linewidth=1)
        ax.plot(epochs, one.validation_mse, color=color, label=str(one.latent_dim))
        if one.test_curve:
            ax.plot(epochs, one.test_curve, ":", color=color, linewidth=1)
        ax.plot(one.best_epoch + 1, one.validation_mse[one.best_epoch], "o", color=color)
    ax.set(xlabel="epoch", ylabel="squared error per pixel value", yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _plain_log_ticks(ax.yaxis)
    tidy(ax, grid="y")
    title = "line: validation\ndashes: training"
    title += "\ndots: test" if any(one.test_curve for one in sizes) else ""
    title += "\n\nnumbers in\nthe latent"
    ax.legend(title=title, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def plot_sizes(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """Test error at the chosen epoch against the size of the latent, beside PCA."""
    ax = new_axes(ax)
    sizes = _convolutional(result)
    dims = [one.latent_dim for one in sizes]
    ax.plot(dims, [one.pca_mse for one in sizes], "s--", color=NEUTRAL, label="PCA")
    ax.plot(
        dims,
        [one.test_mse for one in sizes],
        "o-",
        color=COLORS["AE"],
        label="convolutional autoencoder",
    )
    for one in result.sizes:
        if one.body == "linked":
            label = "fully connected autoencoder"
            ax.plot(one.latent_dim, one.test_mse, "P", color="#D55E00", markersize=9, label=label)
    ax.set_xscale("log", base=2)
    ax.set_xticks(dims, [str(dim) for dim in dims])
    ax.set(xlabel="numbers in the latent, D", ylabel="squared error per pixel value", yscale="log")
    _plain_log_ticks(ax.yaxis)
    tidy(ax, grid="y")
    ax.legend()
    return ax


def plot_quality(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """Structural similarity, and what the judge reads right with its 95 % interval, per size."""
    ax = new_axes(ax)
    sizes = _convolutional(result)
    dims = [one.latent_dim for one in sizes]
    similar = [math.nan if one.ssim is None else one.ssim for one in sizes]
    ax.plot(dims, similar, "s--", color=NEUTRAL, label="structural similarity")
    judged = [one for one in sizes if one.accuracy is not None]
    for row, one in enumerate(judged):
        low, high = one.accuracy_interval
        bar = [[one.accuracy - low], [high - one.accuracy]]
        how: dict[str, Any] = {"fmt": "o", "color": COLORS["AE"], "capsize": 4}
        label = "share that the judge reads right" if row == 0 else None
        ax.errorbar(one.latent_dim, one.accuracy, yerr=bar, label=label, **how)
    if result.original_accuracy is not None:
        ax.axhline(result.original_accuracy, color=COLORS["AE"], linestyle=":", linewidth=1)
        where: dict[str, Any] = {"xytext": (0, -10), "textcoords": "offset points", "fontsize": 8}
        text = "the judge on the images themselves"
        ax.annotate(text, (dims[0], result.original_accuracy), **where)
    ax.set_xscale("log", base=2)
    ax.set_xticks(dims, [str(dim) for dim in dims])
    ax.set(xlabel="numbers in the latent, D", ylabel="similarity, or share of images")
    tidy(ax, grid="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return ax


def plot_size_pictures(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """One image per class, rebuilt through every latent size; the originals on top."""
    labels = [f"D = {one.latent_dim}" for one in _convolutional(result)]
    rows = list(result.reconstructions)
    if len(result.originals):
        rows, labels = [result.originals, *rows], ["original", *labels]
    return plot_grid(np.stack(rows), ax, row_labels=labels)


def plot_noise(noise: NoiseResult, ax: Axes | None = None) -> Axes:
    """How well the judge still reads the decoded image, or without one the error, against noise."""
    ax = new_axes(ax)
    if noise.accuracy is None:
        ax.plot(noise.levels, noise.mse, "o-", color=COLORS["AE"])
        ax.set_ylabel("squared error per pixel value")
    else:
        ax.plot(noise.levels, percent(noise.accuracy), "o-", color=COLORS["AE"])
        ax.set(ylabel="decoded images still\nread correctly (%)", ylim=(0, 103))
    ax.set_xlabel("noise added to the latent (standard deviations of each coordinate)")
    tidy(ax, grid="y")
    return ax


def plot_noise_pictures(noise: NoiseResult, ax: Axes | None = None) -> Axes:
    """Decoded images for growing noise on the latent."""
    labels = [f"{level:g} σ" if level else "no noise" for level in noise.levels]
    return plot_grid(noise.images, ax, row_labels=labels)


def plot_uniform_draws(noise: NoiseResult, ax: Axes | None = None) -> Axes:
    """What the decoder makes of vectors drawn from U(-1, 1)."""
    return plot_grid(noise.uniform_draws[None], ax)


def plot_sweep(sweep: Sweep, ax: Axes | None = None, *, column_labels: Sequence[str] = ()) -> Axes:
    """One row per shown coordinate: the same image with that coordinate set to several values."""
    labels = [str(coordinate + 1) for coordinate in sweep.shown]
    ax = plot_grid(sweep.images, ax, row_labels=labels, column_labels=column_labels)
    ax.set_ylabel("coordinate")
    return ax


def plot_plane(
    latent: Any, labels: Any, class_names: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Latents (N, 2) as dots colored by label, the class written at the middle of its dots."""
    ax = new_axes(ax, width=6.4, height=5.2)
    latent, labels = np.asarray(latent), np.asarray(labels)
    for label, name in enumerate(class_names):
        mine = latent[labels == label]
        if len(mine) == 0:
            continue
        color = plt.colormaps["tab10"](label % 10)
        ax.scatter(mine[:, 0], mine[:, 1], s=12, color=color, alpha=0.7)
        x, y = np.median(mine, axis=0)
        box = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": color}
        ax.text(x, y, name, ha="center", va="center", fontweight="bold", color="black", bbox=box)
    ax.set(xlabel="first number of the latent", ylabel="second number of the latent")
    return ax


def plot_path(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """The straight line between the latents of two digits, decoded."""
    steps = np.linspace(0, 1, len(result.path))
    return plot_grid(result.path[None], ax, column_labels=[f"{step:.0%}" for step in steps])


def plot_conversion(conversion: Conversion, ax: Axes | None = None) -> Axes:
    """What the judge sees on the way from one class to another, mean of many paths."""
    ax = new_axes(ax)
    first, last = conversion.classes
    along = np.linspace(0, 100, len(conversion.start_probability))
    ax.plot(along, percent(conversion.start_probability), color="#56B4E9", label=f"a {first}")
    ax.plot(along, percent(conversion.end_probability), color="#D55E00", label=f"a {last}")
    pairs = zip(conversion.start_probability, conversion.end_probability, strict=True)
    others = [1 - start - end for start, end in pairs]
    ax.plot(along, percent(others), ":", color=NEUTRAL, label="any other")
    ax.set(xlabel="way between the two latents (%)", ylabel="the judge's probability (%)")
    tidy(ax, grid="y")
    ax.legend(title=f"{conversion.num_pairs:,} paths")
    return ax


def plot_robustness(result: Disturbance, ax: Axes | None = None) -> Axes:
    """What the judge still reads right when noise is added to the codes, per model."""
    ax = new_axes(ax)
    for row, (name, one) in enumerate(result.robustness.items()):
        if one.accuracy is not None:
            style = (color_of(name), "osD^vXP"[row % 7])
            ax.plot(one.levels, percent(one.accuracy), color=style[0], marker=style[1], label=name)
    ax.set(
        xlabel="noise added to the latent (standard deviations of each coordinate)",
        ylabel="decoded images still\nread correctly (%)",
        ylim=(0, 103),
    )
    tidy(ax, grid="y")
    if ax.lines:
        ax.legend()
    return ax


def plot_inside(result: Disturbance, ax: Axes | None = None) -> Axes:
    """How much of the real codes lies in the range that the original swept, per model."""
    shares: dict[str, float | None] = {
        name: sum(one) / len(one) for name, one in result.inside.items()
    }
    ax = new_axes(ax, height=0.9 + 0.35 * len(shares))
    return plot_bars(shares, ax, "codes between -1 and 1, mean of coordinates", percent=True)


def draw_disturbance(result: Disturbance) -> dict[str, Figure]:
    """Every figure of the disturbed codes, by file name."""
    axes = {
        "disturbance-noise": plot_robustness(result),
        "disturbance-range": plot_inside(result),
    }
    return {name: figure_of(ax) for name, ax in axes.items()}


def draw_bottleneck(result: Bottleneck) -> dict[str, Figure]:
    """Every figure of the autoencoder study, by file name."""
    axes = {
        "bottleneck-curves": plot_loss_curves(result),
        "bottleneck-sizes": plot_sizes(result),
        "bottleneck-quality": plot_quality(result),
        "bottleneck-pictures": plot_size_pictures(result),
        "bottleneck-noise": plot_noise(result.noise),
        "bottleneck-noise-pictures": plot_noise_pictures(result.noise),
        "bottleneck-uniform-draws": plot_uniform_draws(result.noise),
        "bottleneck-path": plot_path(result),
        "bottleneck-sweep": plot_sweep(result.sweeps["-1 to 1"]),
        "bottleneck-sweep-quantiles": plot_sweep(result.sweeps["quantiles"]),
    }
    if result.conversion is not None:
        axes["bottleneck-conversion"] = plot_conversion(result.conversion)
    return {name: figure_of(ax) for name, ax in axes.items()}


def _convolutional(result: Bottleneck) -> list[Any]:
    return [one for one in result.sizes if one.body == "convolutional"]


def _shades(count: int) -> list[Any]:
    return list(plt.colormaps["viridis"](np.linspace(0.0, 0.85, count)))


def _plain_log_ticks(axis: Axis) -> None:
    """Ticks at 1, 2, 5 times powers of ten, written as plain numbers."""
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
