"""Figures of images from nothing: the images themselves, and what was measured of them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqtutor.experiments.generation import Generation, GenerationScores
from vqtutor.plots.grids import plot_images
from vqtutor.plots.style import bar_panels, figure_of, panel_grid, plot_bars


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
    columns = min((5, 4, 3), key=lambda columns: -len(names) % columns)  # few places left empty
    axes = panel_grid(len(names), columns, 3.25, 3.4)
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


def plot_generation_variety(result: Generation) -> list[Axes]:
    """How much like real images they are and how varied, whether copied, and what they teach."""
    scores = {**result.scores, "real": result.real}
    panels = bar_panels(len(scores), 4)
    precision = {name: s.precision for name, s in scores.items()}
    recall = {name: s.recall for name, s in scores.items()}
    copies = {n: None if s.novelty is None else s.novelty.copies for n, s in scores.items()}
    taught = {name: s.taught_accuracy for name, s in scores.items()}
    plot_bars(precision, panels[0], "precision: like real ones", percent=True)
    plot_bars(recall, panels[1], "recall: real ones like these", percent=True)
    plot_bars(copies, panels[2], "nearer to training images", percent=True)
    plot_bars(taught, panels[3], "classifier taught by them right", percent=True)
    return panels


def plot_generation_texture(result: Generation) -> list[Axes]:
    """How smooth samples and reconstructions are, and how sure the judge is of them."""
    scores = texture_rows(result)
    panels = bar_panels(len(scores), 3)
    textures = {name: s.texture for name, s in scores.items()}
    smooth = {n: None if t is None else t.neighbor_correlation.value for n, t in textures.items()}
    fine = {n: None if t is None else t.fine_energy.value for n, t in textures.items()}
    surest = {n: None if s.sureness is None else s.sureness.median for n, s in scores.items()}
    plot_bars(smooth, panels[0], "correlation of neighbors")
    plot_bars(fine, panels[1], "fine detail (real: 1)", lines={"real": 1.0})
    plot_bars(surest, panels[2], "judge's highest probability")
    return panels


def texture_rows(result: Generation) -> dict[str, GenerationScores]:
    """Samples, reconstructions and real images. Noise is left out: it would dwarf the others."""
    rebuilt = {f"{name}, rebuilt": scores for name, scores in result.reconstructions.items()}
    return {**result.scores, **rebuilt, "real": result.real}


def draw_generation(result: Generation) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    figures = {
        "generation": figure_of(plot_all_generation(result)[0]),
        "generation-scores": figure_of(plot_generation_scores(result)[0]),
    }
    if result.real.texture is not None:  # results from before it was measured
        figures["generation-variety"] = figure_of(plot_generation_variety(result)[0])
        figures["generation-texture"] = figure_of(plot_generation_texture(result)[0])
    return figures
