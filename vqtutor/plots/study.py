"""Figures of the first two experiments: the classifiers of the warm-up and the bottleneck study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from vqtutor.experiments.bottleneck import Bottleneck, NoiseResult
from vqtutor.experiments.coordinates import Sweep
from vqtutor.experiments.warmup import Warmup
from vqtutor.plots.grids import plot_grid, plot_images
from vqtutor.plots.style import COLORS, NEUTRAL, figure_of, new_axes, tidy

# Colors that stand for none of the three models.
NETWORKS = (("#56B4E9", "o"), ("#D55E00", "s"), ("#CC79A7", "D"), ("#333333", "^"))


# --- warm-up -------------------------------------------------------------------------------------


def plot_training(result: Warmup, ax: Axes | None = None) -> Axes:
    """Accuracy after each epoch: on validation images (lines) and while training (dashes)."""
    ax = new_axes(ax)
    for (color, marker), (name, one) in zip(NETWORKS, result.classifiers.items(), strict=False):
        epochs = range(1, len(one.validation_accuracy) + 1)
        every = max(1, len(epochs) // 10)
        how: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "markevery": every,
            "markersize": 5,
        }
        ax.plot(epochs, _percent(one.validation_accuracy), label=name, **how)
        ax.plot(epochs, _percent(one.train_accuracy), "--", color=color, linewidth=1)
    later = [share for one in result.classifiers.values() for share in one.validation_accuracy[1:]]
    ax.set(xlabel="epoch", ylabel="accuracy (% of images)")
    # The first epoch may lie below the picture.
    ax.set_ylim(max(0.0, 100 * min(later, default=0.0) - 5), 100.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(ax, grid="y")
    ax.legend(title="line: validation\ndashes: training", loc="lower right")
    return ax


def plot_classifiers(
    result: Warmup, ax: Axes | None = None, *, claimed: Mapping[str, float] | None = None
) -> Axes:
    """Accuracy on all test images with its 95 % interval, and what somebody claimed (in %)."""
    ax = new_axes(ax, height=0.9 + 0.6 * len(result.classifiers))
    for row, (name, one) in enumerate(result.classifiers.items()):
        low, high = _percent(one.interval)
        middle = 100 * one.accuracy
        ax.errorbar(
            middle,
            row,
            xerr=[[middle - low], [high - middle]],
            fmt="o",
            color=NEUTRAL,
            capsize=4,
            label="all test images, 95 % interval" if row == 0 else None,
        )
        if claimed and name in claimed:
            known = ax.get_legend_handles_labels()[1]
            label = "claimed" if "claimed" not in known else None
            ax.plot(claimed[name], row, "D", color="#D55E00", fillstyle="none", label=label)
    labels = [f"{name}\n{one.num_weights:,} weights" for name, one in result.classifiers.items()]
    ax.set_yticks(range(len(labels)), labels)
    ax.set(
        xlabel=f"accuracy (% of {result.num_test:,} test images)", ylim=(len(labels) - 0.5, -0.5)
    )
    tidy(ax)
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False)
    return ax


def plot_last_batch(result: Warmup, ax: Axes | None = None) -> Axes:
    """How often the accuracy of the last shuffled batch prints as which value."""
    ax = new_axes(ax)
    for (color, marker), (name, one) in zip(NETWORKS, result.classifiers.items(), strict=False):
        values = [100 * float(value) for value in one.printed]
        label = f"{name} ({100 * one.accuracy:.1f} % of all)"
        shares = _percent(one.printed.values())
        ax.plot(values, shares, color=color, marker=marker, markersize=5, label=label)
    ax.set(xlabel="printed accuracy of the last batch (%)", ylabel="share of the shuffles (%)")
    ax.set_ylim(bottom=0)
    tidy(ax, grid="y")
    ax.legend(title="network", loc="upper left")
    return ax


def plot_mistakes(result: Warmup, ax: Axes | None = None, *, name: str | None = None) -> Axes:
    """Test images that a network gets wrong: the right answer and its own.

    name : of the network; None takes the one with most mistakes. ValueError where none is kept.
    """
    name = name or max(result.classifiers, key=lambda one: result.classifiers[one].errors)
    one = result.classifiers[name]
    if len(one.mistakes) == 0:
        raise ValueError(f"no mistakes of {name!r} are kept: there is nothing to show.")
    answers = zip(one.mistaken_labels, one.mistaken_for, strict=True)
    titles = [f"{result.class_names[a]} → {result.class_names[b]}" for a, b in answers]
    return plot_images(one.mistakes, ax, titles=titles)


def draw_warmup(result: Warmup) -> dict[str, Figure]:
    """Every figure of the warm-up, by file name."""
    figures = {
        "warmup-training": plot_training,
        "warmup-accuracy": plot_classifiers,
        "warmup-last-batch": plot_last_batch,
    }
    drawn = {name: figure_of(plot(result)) for name, plot in figures.items()}
    if any(len(one.mistakes) for one in result.classifiers.values()):
        drawn["warmup-mistakes"] = figure_of(plot_mistakes(result))
    return drawn


# --- bottleneck ----------------------------------------------------------------------------------


def plot_loss_curves(result: Bottleneck, ax: Axes | None = None) -> Axes:
    """Squared error after each epoch, per latent size: validation (lines), training (dashes)."""
    ax = new_axes(ax, height=4.2)
    sizes = _convolutional(result)
    for color, one in zip(_shades(len(sizes)), sizes, strict=True):
        epochs = np.arange(1, len(one.validation_mse) + 1)
        ax.plot(epochs, one.train_mse, "--", color=color, alpha=0.7, linewidth=1)
        ax.plot(epochs, one.validation_mse, color=color, label=str(one.latent_dim))
        ax.plot(one.best_epoch + 1, one.validation_mse[one.best_epoch], "o", color=color)
    ax.set(xlabel="epoch", ylabel="squared error per pixel value", yscale="log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _plain_log_ticks(ax.yaxis)
    tidy(ax, grid="y")
    ax.legend(title="numbers in\nthe latent", loc="center left", bbox_to_anchor=(1, 0.5))
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
        ax.plot(noise.levels, _percent(noise.accuracy), "o-", color=COLORS["AE"])
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


def draw_bottleneck(result: Bottleneck) -> dict[str, Figure]:
    """Every figure of the autoencoder study, by file name."""
    axes = {
        "bottleneck-curves": plot_loss_curves(result),
        "bottleneck-sizes": plot_sizes(result),
        "bottleneck-pictures": plot_size_pictures(result),
        "bottleneck-noise": plot_noise(result.noise),
        "bottleneck-noise-pictures": plot_noise_pictures(result.noise),
        "bottleneck-uniform-draws": plot_uniform_draws(result.noise),
        "bottleneck-path": plot_path(result),
        "bottleneck-sweep": plot_sweep(result.sweeps["-1 to 1"]),
        "bottleneck-sweep-quantiles": plot_sweep(result.sweeps["quantiles"]),
    }
    return {name: figure_of(ax) for name, ax in axes.items()}


def _convolutional(result: Bottleneck) -> list[Any]:
    return [one for one in result.sizes if one.body == "convolutional"]


def _shades(count: int) -> list[Any]:
    return list(plt.colormaps["viridis"](np.linspace(0.0, 0.85, count)))


def _percent(shares: Any) -> list[float]:
    return [100 * share for share in shares]


def _plain_log_ticks(axis: Axis) -> None:
    """Ticks at 1, 2, 5 times powers of ten, written as plain numbers."""
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
