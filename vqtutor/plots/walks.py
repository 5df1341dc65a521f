"""Figures of latents on the move: one coordinate swept, and the way from one image to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqtutor.experiments.coordinates import ORIGINAL_VALUES, Coordinates
from vqtutor.experiments.transformation import Transformation
from vqtutor.plots.grids import plot_grid
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


def plot_coordinates(result: Coordinates, name: str, ax: Axes | None = None) -> Axes:
    """One sweep of `result.sweeps`: a row per coordinate, its values from left to right."""
    sweep = result.sweeps[name]
    count = sweep.images.shape[1]
    values: Sequence[str] = [""] * count
    if name.endswith("-1 to 1"):
        values = [
            f"{value:g}" if step % 4 == 0 else "" for step, value in enumerate(ORIGINAL_VALUES)
        ]
    elif name.endswith("quantiles"):
        values = ["lowest", *[""] * (count - 2), "highest"]
    rows = [str(coordinate + 1) for coordinate in sweep.shown]
    ax = plot_grid(sweep.images, ax, row_labels=rows, column_labels=values)
    ax.set(title=name, ylabel="position" if count and name.startswith("VQ") else "coordinate")
    return ax


def plot_all_coordinates(result: Coordinates) -> list[Axes]:
    """Every sweep side by side."""
    names = list(result.sweeps)
    axes = panel_grid(len(names), min(3, len(names)), 3.6, 5.6)
    return [plot_coordinates(result, name, ax) for name, ax in zip(names, axes, strict=False)]


def plot_coordinates_scores(result: Coordinates) -> list[Axes]:
    """How large, how local and how specific the best coordinate of every sweep is."""
    sweeps = result.sweeps
    panels = bar_panels(len(sweeps), 5)
    effect = {name: max(s.effect) for name, s in sweeps.items()}
    plot_bars(effect, panels[0], "largest effect (RMS, pixel values)")
    area = {name: s.locality for name, s in sweeps.items()}
    plot_bars(area, panels[1], "pixels with 90 % of a change", percent=True)
    bright = {name: abs(s.brightness[s.brightest]) for name, s in sweeps.items()}
    plot_bars(bright, panels[2], "brightness: best |ρ|")
    slant = {name: abs(s.slant[s.most_slanting]) for name, s in sweeps.items()}
    plot_bars(slant, panels[3], "slant: best |ρ|")
    reached = {n: float(np.mean(s.field.area)) if s.field else None for n, s in sweeps.items()}
    plot_bars(reached, panels[4], "pixels that it reaches, mean", percent=True)
    return panels


def plot_orders(result: Coordinates, ax: Axes | None = None) -> Axes:
    """Change of the image from one code to the next, in three orders of the codes."""
    orders = result.orders
    values = {
        f"{name}, {kind}": None if np.isnan(ratio) else ratio
        for name, order in orders.items()
        for kind, ratio in (("by index", order.index_ratio), ("by vector", order.vector_ratio))
    }
    ax = new_axes(ax, width=6.4, height=0.9 + 0.3 * max(1, len(values)))
    plot_bars(values, ax, "change from code to code, relative to random orders")
    ax.axvline(1, color=NEUTRAL, linestyle="--", linewidth=1)
    return ax


def draw_coordinates(result: Coordinates) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "coordinates": figure_of(plot_all_coordinates(result)[0]),
        "coordinates-scores": figure_of(plot_coordinates_scores(result)[0]),
        **({"coordinates-orders": figure_of(plot_orders(result))} if result.orders else {}),
    }


def plot_transformation(result: Transformation, ax: Axes | None = None, steps: int = 11) -> Axes:
    """The shown path of every kind, one below the other, at `steps` of its frames."""
    length = len(next(iter(result.scores.values())).frames)
    chosen = np.linspace(0, length - 1, min(steps, length)).round().astype(int)
    images = np.stack([score.frames[chosen] for score in result.scores.values()])
    rows, columns = images.shape[:2]
    ax = new_axes(ax, width=2.2 + 0.62 * columns, height=0.1 + 0.63 * rows)
    return plot_grid(images, ax, row_labels=list(result.scores))


def plot_transformation_scores(result: Transformation) -> list[Axes]:
    """What the paths pass: third classes, garbage, jumps; and how much the middle is a blend."""
    scores = result.scores
    judged = result.garbage_floor is not None
    panels = bar_panels(len(scores), 5 if judged else 3)
    plot_bars({n: s.jumpiness for n, s in scores.items()}, panels[0], "largest step / mean step")
    blend = {name: s.blend for name, s in scores.items()}
    plot_bars(blend, panels[1], "correlation with the blend")
    area = {name: None if np.isnan(s.step_area) else s.step_area for name, s in scores.items()}
    plot_bars(area, panels[2], "pixels of a step", percent=True)
    if judged:
        third = {name: s.third_class_rate for name, s in scores.items()}
        plot_bars(third, panels[3], "paths with a third class", percent=True)
        garbage = {name: s.garbage_rate for name, s in scores.items()}
        lines = {"real images": result.garbage_floor, "noise": result.garbage_ceiling}
        plot_bars(garbage, panels[4], "garbage among frames", lines=lines, percent=True)
    return panels


def plot_path_probabilities(result: Transformation) -> list[Axes]:
    """The judge's probability of the first and of the last class along the paths, per kind."""
    known = {n: s for n, s in result.scores.items() if s.start_probability and s.end_probability}
    axes = panel_grid(len(known), min(3, max(1, len(known))), 3.0, 2.2, shared=True)
    for ax, (name, score) in zip(axes, known.items(), strict=False):
        for values, style, label in (
            (score.start_probability, "-", "first class"),
            (score.end_probability, "--", "last class"),
        ):
            percent = 100 * np.array(values)
            along = np.linspace(0, 100, len(percent))
            ax.plot(along, percent, style, color=color_of(name), label=label)
        ax.set_title(name, fontsize="medium")
        tidy(ax, grid="y")
    if known:
        axes[0].legend(frameon=False, fontsize="small")
    figure = figure_of(axes[0])
    figure.supxlabel("way from the first image to the last (%)", fontsize="medium")
    figure.supylabel("judge's probability (%), mean of paths", fontsize="medium")
    return axes[: max(1, len(known))]


def draw_transformation(result: Transformation) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    figures = {
        "transformation": figure_of(plot_transformation(result)),
        "transformation-scores": figure_of(plot_transformation_scores(result)[0]),
    }
    if any(score.start_probability for score in result.scores.values()):
        figures["transformation-probabilities"] = figure_of(plot_path_probabilities(result)[0])
    return figures
