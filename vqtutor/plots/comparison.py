"""Figures that put the models side by side: reconstruction and classification of Z."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vqtutor.experiments.classification import Classification
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.plots.grids import plot_grid
from vqtutor.plots.style import (
    NEUTRAL,
    bar_panels,
    color_of,
    figure_of,
    new_axes,
    plot_bars,
    tidy,
)

UNSCALED = "logistic regression, unscaled"
MARKERS = {
    "logistic regression": "o",
    "nearest neighbors": "s",
    "small network": "^",
    UNSCALED: "D",
}


def plot_reconstruction(result: Reconstruction, ax: Axes | None = None) -> Axes:
    """Originals, where the result holds them, and below what every model makes of them."""
    shown = dict(result.examples)
    if len(result.originals):  # results in the package hold no images of the data set
        shown = {"original": result.originals, **shown}
    images, labels = np.stack(list(shown.values())), tuple(shown)
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
    """Accuracy on test images with its 95 % interval: a row per feature, a mark per classifier.

    A hollow mark did not converge.
    """
    ax = new_axes(ax, width=7.2, height=1.2 + 0.42 * max(1, len(result.scores)))
    labels: list[str] = []
    named: dict[str, None] = {}  # in the order in which they come
    for row, (name, scores) in enumerate(result.scores.items()):
        labels.append(f"{name} ({result.dimensions[name]:,})")
        if name in result.unscaled:
            scores = scores | {UNSCALED: result.unscaled[name]}
        for shift, (kind, score) in zip((-0.24, -0.08, 0.08, 0.24), scores.items(), strict=False):
            middle, low, high = (100 * v for v in (score.accuracy, score.low, score.high))
            ax.errorbar(
                middle,
                row + shift,
                xerr=[[middle - low], [high - middle]],
                fmt=MARKERS.get(kind, "P"),
                color=color_of(name),
                fillstyle="full" if score.converged else "none",
                markersize=5,
            )
            named[kind] = None
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(max(1, len(labels)) - 0.5, -0.5)
    ax.set(xlabel=f"accuracy (% of {result.num_test:,} test images)", ylabel="feature (numbers)")
    tidy(ax)
    if labels:
        marks = [
            Line2D([], [], color=NEUTRAL, marker=MARKERS.get(kind, "P"), linestyle="", label=kind)
            for kind in named
        ]
        # Above: beside the bars it would leave them no room.
        ax.legend(
            handles=marks, loc="lower center", bbox_to_anchor=(0.3, 1), ncols=2, frameon=False
        )
    return ax


def draw_classification(result: Classification) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {"classification": figure_of(plot_classification(result))}
