"""The ledger at a glance: how many claims held, section by section."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from vqtutor.experiments.ledger.core import Ledger
from vqtutor.plots.style import NEUTRAL, new_axes, tidy

SECTIONS = {
    "A": "classifiers",
    "B": "autoencoder",
    "C": "what the models are",
    "D": "VQ-VAE-2, step by step",
    "E": "its training losses",
    "F": "reconstruction",
    "G": "coordinates",
    "H": "transformation",
    "I": "classification of Z",
    "J": "generation",
}
VERDICTS = {
    "confirmed": "#009E73",
    "refuted": "#D55E00",
    "undecided": "#F0E442",
    "not tested": "#D0D0D0",
}


def plot_verdicts(ledger: Ledger, ax: Axes | None = None) -> Axes:
    """Number of claims per section, one color per verdict, the number written into each part."""
    sections = [name for name in SECTIONS if any(row.section == name for row in ledger.rows)]
    ax = new_axes(ax, height=1.2 + 0.35 * len(sections))
    for place, name in enumerate(sections):
        left = 0
        for verdict, color in VERDICTS.items():
            count = sum(row.section == name and row.verdict == verdict for row in ledger.rows)
            if count:
                ax.barh(place, count, left=left, color=color, edgecolor="white")
                ax.text(left + count / 2, place, str(count), ha="center", va="center", fontsize=8)
            left += count
    for verdict, color in VERDICTS.items():
        total = sum(row.verdict == verdict for row in ledger.rows)
        ax.barh(0, 0, color=color, label=f"{verdict}: {total}")
    ax.set_yticks(range(len(sections)), [f"{name}  {SECTIONS[name]}" for name in sections])
    ax.set(xlabel="number of claims", ylim=(len(sections) - 0.5, -0.5))
    ax.tick_params(axis="y", colors=NEUTRAL)
    tidy(ax)
    above: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 4}
    ax.legend(**above, frameon=False, fontsize=8, columnspacing=1.2)
    return ax
