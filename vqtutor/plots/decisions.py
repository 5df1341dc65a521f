"""The figure of a decision: the intervals of all seeds between two thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.core import Verdict, decide
from vqtutor.plots.style import new_axes, tidy
from vqtutor.plots.verdicts import VERDICTS


def plot_decisions(
    cases: Mapping[str, Sequence[Estimate]],
    ax: Axes | None = None,
    *,
    confirmed: float,
    refuted: float,
    label: str,
) -> Axes:
    """A row for each case, in it an interval per seed, and on the right what they decide.

    confirmed, refuted : the two thresholds; the interval of a seed confirms if all of it lies at
        `confirmed` or beyond, seen from the other. label : the quantity. ValueError where both
        thresholds are the same, since then neither has a side.
    """
    if confirmed == refuted:
        raise ValueError(f"the two thresholds must differ, got {confirmed} twice.")
    ax = new_axes(ax, width=6.8, height=1.2 + 0.55 * len(cases))
    ends = [end for seeds in cases.values() for one in seeds for end in (one.low, one.high)]
    low, high = min(confirmed, refuted, *ends), max(confirmed, refuted, *ends)
    margin = 0.08 * (high - low)
    left, right = low - margin, high + margin
    zones: dict[Verdict, tuple[float, float]] = {
        "confirmed": (left, confirmed) if confirmed < refuted else (confirmed, right),
        "undecided": (min(confirmed, refuted), max(confirmed, refuted)),
        "refuted": (refuted, right) if confirmed < refuted else (left, refuted),
    }
    for name, zone in zones.items():
        ax.axvspan(*zone, color=VERDICTS[name], alpha=0.3, linewidth=0, label=name)
    for row, seeds in enumerate(cases.values()):
        for y, one in zip(_spread(row, len(seeds)), seeds, strict=True):
            ax.plot([one.low, one.high], [y, y], color="black", linewidth=1.6)
            ax.plot(one.value, y, "o", color="black", markersize=4)
        found = verdict_of(seeds, confirmed, refuted)
        ax.annotate(found, (right, row), (6, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(cases)), list(cases))
    ax.set(xlabel=label, xlim=(left, right), ylim=(len(cases) - 0.5, -0.5))
    tidy(ax)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=8)
    return ax


def verdict_of(seeds: Sequence[Estimate], confirmed: float, refuted: float) -> Verdict:
    """What the intervals of all seeds decide."""
    if confirmed < refuted:
        return decide([s.below(confirmed) for s in seeds], [s.above(refuted) for s in seeds])
    return decide([s.above(confirmed) for s in seeds], [s.below(refuted) for s in seeds])


def _spread(row: int, count: int) -> list[float]:
    """Heights of `count` marks that share a row."""
    return [row] if count == 1 else np.linspace(row - 0.26, row + 0.26, count).tolist()
