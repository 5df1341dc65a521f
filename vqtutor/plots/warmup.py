"""Figures of the warm-up: classifiers, and what a printed accuracy is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vqtutor.experiments.warmup import Warmup
from vqtutor.plots.grids import plot_images
from vqtutor.plots.style import NEUTRAL, figure_of, new_axes, percent, tidy

# Colors that stand for none of the three models; controls share the color of what they control.
NETWORKS = {
    "5x5": ("#56B4E9", "o"),
    "5x5-regularized": ("#56B4E9", "v"),
    "3x3-pairs": ("#D55E00", "s"),
    "3x3-matched": ("#D55E00", "X"),
    "3x3-deep": ("#CC79A7", "D"),
    "judge": ("#333333", "^"),
}


def plot_training(result: Warmup, ax: Axes | None = None) -> Axes:
    """Accuracy after each epoch: on validation images (lines) and while training (dashes)."""
    ax = new_axes(ax)
    for name, one in result.classifiers.items():
        color, marker = NETWORKS.get(name, (NEUTRAL, "."))
        epochs = range(1, len(one.validation_accuracy) + 1)
        every = max(1, len(epochs) // 10)
        how: dict[str, Any] = {
            "color": color,
            "marker": marker,
            "markevery": every,
            "markersize": 5,
        }
        ax.plot(epochs, percent(one.validation_accuracy), label=name, **how)
        ax.plot(epochs, percent(one.train_accuracy), "--", color=color, linewidth=1)
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
        low, high = percent(one.interval)
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
    for name, one in result.classifiers.items():
        color, marker = NETWORKS.get(name, (NEUTRAL, "."))
        values = [100 * float(value) for value in one.printed]
        label = f"{name} ({100 * one.accuracy:.1f} % of all)"
        shares = percent(one.printed.values())
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
