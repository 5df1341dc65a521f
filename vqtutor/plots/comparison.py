"""Figures that put the models side by side: reconstruction, classification of Z, generation."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqtutor.experiments.classification import Classification
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.plots.grids import plot_grid, plot_images
from vqtutor.plots.style import (
    NEUTRAL,
    bar_panels,
    color_of,
    figure_of,
    new_axes,
    panel_grid,
    plot_bars,
    tidy,
)

MARKERS = {"logistic regression": "o", "nearest neighbors": "s", "small network": "^"}


def plot_reconstruction(result: Reconstruction, ax: Axes | None = None) -> Axes:
    """Originals, and below them what every model makes of them."""
    names = list(result.scores)
    images = np.stack([result.originals, *(result.examples[name] for name in names)])
    labels = ("original", *names)
    rows, columns = images.shape[:2]
    ax = new_axes(ax, width=1.4 + 0.62 * columns, height=0.3 + 0.63 * rows)
    return plot_grid(images, ax, row_labels=labels, column_labels=result.classes)


def plot_reconstruction_scores(result: Reconstruction) -> list[Axes]:
    """Error, sharpness and, with a judge, how many reconstructions keep their class."""
    scores = result.scores
    judged = result.original_accuracy is not None
    panels = bar_panels(len(scores), 4 if judged else 3)
    plot_bars({n: s.mse for n, s in scores.items()}, panels[0], "squared error per pixel value")
    plot_bars({n: s.bits for n, s in scores.items()}, panels[1], "size of the latent (bits)")
    sharpness = {name: s.sharpness for name, s in scores.items()}
    plot_bars(sharpness, panels[2], "sharpness (original: 1)", lines={"original": 1.0})
    if judged:
        accuracy = {name: s.accuracy for name, s in scores.items()}
        lines = {"originals": result.original_accuracy}
        plot_bars(accuracy, panels[3], "judge right", lines=lines, percent=True)
    return panels


def draw_reconstruction(result: Reconstruction) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "reconstruction": figure_of(plot_reconstruction(result)),
        "reconstruction-scores": figure_of(plot_reconstruction_scores(result)[0]),
    }


def plot_classification(result: Classification, ax: Axes | None = None) -> Axes:
    """Accuracy on test images with its 95 % interval: a row per feature, a mark per classifier."""
    ax = new_axes(ax, width=7.2, height=1.2 + 0.42 * max(1, len(result.scores)))
    labels = []
    for row, (name, scores) in enumerate(result.scores.items()):
        labels.append(f"{name} ({result.dimensions[name]:,})")
        for shift, (kind, score) in zip((-0.22, 0, 0.22), scores.items(), strict=False):
            middle, low, high = (100 * v for v in (score.accuracy, score.low, score.high))
            ax.errorbar(
                middle,
                row + shift,
                xerr=[[middle - low], [high - middle]],
                fmt=MARKERS.get(kind, "D"),
                color=color_of(name),
                fillstyle="full" if score.converged else "none",
                markersize=5,
                label=kind if row == 0 else None,
            )
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    ax.set(xlabel=f"accuracy (% of {result.num_test:,} test images)", ylabel="feature (numbers)")
    tidy(ax)
    if labels:
        legend = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        for handle in legend.legend_handles:
            handle.set_color(NEUTRAL)  # type: ignore[union-attr]
    return ax


def draw_classification(result: Classification) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {"classification": figure_of(plot_classification(result))}


def plot_generation(result: Generation, name: str, ax: Axes | None = None) -> Axes:
    """What one sampler of `result.scores` makes; "real" shows training images."""
    images = result.real.images if name == "real" else result.scores[name].images
    ax = plot_images(images, ax)
    ax.set_title(name)
    return ax


def plot_all_generation(result: Generation) -> list[Axes]:
    """Every sampler and real images side by side."""
    names = [*result.scores]
    if len(result.real.images):  # results in the package hold no images of the data set
        names.append("real")
    axes = panel_grid(len(names), 4, 3.25, 3.4)
    return [plot_generation(result, name, ax) for name, ax in zip(names, axes, strict=False)]


def plot_generation_scores(result: Generation) -> list[Axes]:
    """Sharpness and, with a judge, garbage and distances of every sampler and of real images."""
    scores = {**result.scores, "real": result.real}
    judged = result.garbage_ceiling is not None
    panels = bar_panels(len(scores), 5 if judged else 1)
    sharpness = {name: s.sharpness for name, s in scores.items()}
    plot_bars(sharpness, panels[0], "sharpness (real: 1)", lines={"real": 1.0})
    if judged:
        garbage = {name: s.garbage_rate for name, s in scores.items()}
        lines = {"noise": result.garbage_ceiling}
        plot_bars(garbage, panels[1], "garbage", lines=lines, percent=True)
        plot_bars({n: s.frechet for n, s in scores.items()}, panels[2], "Fréchet distance")
        plot_bars({n: s.kernel for n, s in scores.items()}, panels[3], "kernel distance")
        accuracy = {name: s.accuracy for name, s in scores.items()}
        plot_bars(accuracy, panels[4], "class as asked for", percent=True)
    return panels


def draw_generation(result: Generation) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "generation": figure_of(plot_all_generation(result)[0]),
        "generation-scores": figure_of(plot_generation_scores(result)[0]),
    }
