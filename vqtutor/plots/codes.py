"""Figures of codes: how codebooks learn, what the two levels hold, what priors know and see."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vqtutor.experiments.codebooks import Codebooks
from vqtutor.experiments.hierarchy import Hierarchy
from vqtutor.experiments.priors import Priors
from vqtutor.plots.grids import plot_grid
from vqtutor.plots.style import NEUTRAL, bar_panels, figure_of, new_axes, plot_bars, tidy

# Okabe and Ito's colors, those of the three models left out.
PALETTE = ("#000000", "#D55E00", "#56B4E9", "#CC79A7")
STYLES = ("-", "--", "-.", ":")


def plot_codebook_curves(result: Codebooks, ax: Axes | None = None) -> Axes:
    """Squared error on validation images after each epoch, for every way of learning."""
    ax = new_axes(ax)
    for number, (name, codebook) in enumerate(result.variants.items()):
        epochs = np.arange(1, len(codebook.curve) + 1)
        color = PALETTE[number % len(PALETTE)]
        style = STYLES[number % len(STYLES)]  # curves may lie on each other
        ax.plot(epochs, codebook.curve, style, color=color, marker="o", markersize=3, label=name)
    ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel="validation MSE per pixel value")
    ax.set_title("How codebooks learn")
    tidy(ax, "both")
    ax.legend(frameon=False)
    return ax


def plot_codebook_use(result: Codebooks) -> list[Axes]:
    """Effective number of codes on both levels, and error, of every model."""
    books = {"trained longer": result.trained, **result.variants}
    books |= {f"commitment {weight:g}": one for weight, one in result.commitments.items()}
    panels = bar_panels(len(books), 3)
    for level, ax in zip(("top", "bottom"), panels, strict=False):
        values = {name: book.usage[level].perplexity for name, book in books.items()}
        size = float(result.trained.usage[level].num_codes)
        plot_bars(values, ax, f"perplexity, {level} (codes)", lines={f"K = {size:g}": size})
    errors = {name: book.test_mse.value for name, book in books.items()}
    plot_bars(errors, panels[2], "test MSE per pixel value")
    return panels


def draw_codebooks(result: Codebooks) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "codebooks": figure_of(plot_codebook_curves(result)),
        "codebooks-use": figure_of(plot_codebook_use(result)[0]),
    }


def plot_exchange(result: Hierarchy, ax: Axes | None = None) -> Axes:
    """Reconstructions, those of other images, and mixtures of the codes of both."""
    rows = {
        "image A": result.reconstructions,
        "image B": result.others,
        "A, top codes of B": result.exchanged["top"],
        "A, bottom codes of B": result.exchanged["bottom"],
    }
    columns = len(result.others)
    ax = new_axes(ax, width=2.0 + 0.62 * columns, height=0.5 + 0.63 * len(rows))
    ax = plot_grid(np.stack(list(rows.values())), ax, row_labels=tuple(rows))
    ax.set_title("Codes of one level exchanged")
    return ax


def plot_hierarchy_scores(result: Hierarchy) -> list[Axes]:
    """What goes with each level's codes, and what variants cost."""
    judged = result.flip_ratio is not None
    names = [f"{level} codes exchanged" for level in result.swaps]
    variants = {"plain": result.plain, **result.variants}
    figure, axes = plt.subplots(
        1, 3 if judged else 2, figsize=(11 if judged else 7.5, 2.2), layout="constrained"
    )
    panels = list(np.atleast_1d(axes))
    shares = [swap.coarse for swap in result.swaps.values()]
    coarse = dict(zip(names, shares, strict=True))
    plot_bars(coarse, panels[0], "change below 0.1 cycles per pixel", percent=True)
    errors = {name: variant.mse.value for name, variant in variants.items()}
    plot_bars(errors, panels[1], "test MSE per pixel value")
    panels[1].locator_params(axis="x", nbins=4)
    if judged:
        flips = [swap.flips.value if swap.flips else None for swap in result.swaps.values()]
        plot_bars(dict(zip(names, flips, strict=True)), panels[2], "class changes", percent=True)
    figure.suptitle("Two levels", fontsize=11)
    return panels


def draw_hierarchy(result: Hierarchy) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "hierarchy": figure_of(plot_exchange(result)),
        "hierarchy-scores": figure_of(plot_hierarchy_scores(result)[0]),
    }


def plot_prior_bits(result: Priors) -> list[Axes]:
    """Bits per code of test images, by what the prior is given; the last two need no prior."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
    for ax, (name, level) in zip(axes, result.levels.items(), strict=True):
        values = {given: bits.value for given, bits in level.bits.items()}
        values |= {"(frequencies only)": level.unigram, "(all alike)": level.uniform}
        plot_bars(values, ax, f"bits per {name} code")
    figure.suptitle("What a prior knows, by what it is given", fontsize=11)
    return list(axes)


def plot_views(result: Priors) -> list[Axes]:
    """Which codes the logits in the middle of the grid depend on, prior by prior."""
    count = len(result.dependence)
    figure, axes = plt.subplots(1, count, figsize=(2.6 * count, 3.0), layout="constrained")
    for ax, (name, one) in zip(np.atleast_1d(axes), result.dependence.items(), strict=True):
        row, column = one.position
        picture = np.where(one.view > 0, 0.75, 1.0)
        earlier = (
            np.arange(one.view.size).reshape(one.view.shape) < row * one.view.shape[1] + column
        )
        picture[earlier & (one.view == 0)] = 0.25
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
        ax.plot(column, row, marker="x", color="#D55E00", markersize=8)
        ax.set_title(f"{name}: {one.blind} of {one.earlier} unseen", fontsize=9)
        ax.set(xlabel="column", ylabel="row", xticks=[], yticks=[])
        for side in range(1, one.view.shape[0]):
            ax.axhline(side - 0.5, color=NEUTRAL, linewidth=0.4)
        for side in range(1, one.view.shape[1]):
            ax.axvline(side - 0.5, color=NEUTRAL, linewidth=0.4)
    figure.suptitle("Codes seen (light) and overlooked (dark) from the cross", fontsize=11)
    return list(np.atleast_1d(axes))


def draw_priors(result: Priors) -> dict[str, Figure]:
    """Every figure of the experiment, by file name."""
    return {
        "priors": figure_of(plot_prior_bits(result)[0]),
        "priors-view": figure_of(plot_views(result)[0]),
    }
