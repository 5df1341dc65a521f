"""One experiment over several training seeds: finding the results, and their mean and spread.

Seed 0 of a run lies in a folder such as `mnist-full`, the others beside it in `mnist-full-seed1`,
`mnist-full-seed2` and so on: the command line writes them so.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vqtutor.experiments import results

Result = TypeVar("Result")


@dataclass(frozen=True)
class Figure:
    """One measured quantity over seeds."""

    mean: float
    spread: float | None  # standard deviation over seeds; None with one seed
    seeds: int

    def __str__(self) -> str:
        if self.spread is None:
            return f"{self.mean:.4g}"
        return f"{self.mean:.4g} ± {self.spread:.2g}"


def figure(values: Sequence[float]) -> Figure:
    """Mean and standard deviation over seeds of one value per seed. ValueError for none."""
    if not values:
        raise ValueError("a figure needs one value per seed, got none.")
    spread = statistics.stdev(values) if len(values) > 1 else None
    return Figure(statistics.fmean(values), spread, len(values))


def folders(first: str | Path) -> dict[int, Path]:
    """Folders of a run by seed, `first` being that of seed 0; only those that exist."""
    first = Path(first)
    found = {0: first} if first.is_dir() else {}
    for path in first.parent.glob(f"{first.name}-seed*"):
        number = path.name.removeprefix(f"{first.name}-seed")
        if path.is_dir() and number.isdecimal():
            found[int(number)] = path
    return dict(sorted(found.items()))


def load(cls: type[Result], first: str | Path, name: str) -> dict[int, Result]:
    """Results of experiment `name` in the folders of a run, instances of `cls`, by seed.

    A seed without this experiment is left out. FileNotFoundError, with the command that makes the
    first of them, if there is none at all.
    """
    places = folders(first).items()
    held = {seed: folder for seed, folder in places if (folder / f"{name}.json").is_file()}
    if not held:
        results.load(cls, first, name)  # says what is missing
    return {seed: results.load(cls, folder, name)[0] for seed, folder in held.items()}
