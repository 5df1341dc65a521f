"""A measured number with its interval: what a threshold is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from vqtutor import metrics


@dataclass(frozen=True)
class Estimate:
    """A number and the 95 % interval around it, from drawing images again with replacement."""

    value: float
    low: float
    high: float

    def above(self, threshold: float) -> bool:
        """Whether the whole interval lies at `threshold` or above."""
        return self.low >= threshold

    def below(self, threshold: float) -> bool:
        """Whether the whole interval lies at `threshold` or below."""
        return self.high <= threshold


def mean(rows: Tensor) -> Tensor:
    """Mean () of the first quantity in `rows`, (N, K), without NaN."""
    return rows[:, 0].nanmean()


def median(rows: Tensor) -> Tensor:
    """Median () of all numbers in `rows`, without NaN."""
    return rows.nanmedian()


def ratio_of_means(rows: Tensor) -> Tensor:
    """Mean () of the first column of `rows`, (N, 2), over that of the second."""
    return rows[:, 0].mean() / rows[:, 1].mean()


def ratio_of_medians(columns: int) -> Callable[[Tensor], Tensor]:
    """From rows (N, K): the median of the first `columns` of the K over that of the others."""
    return lambda rows: rows[:, :columns].nanmedian() / rows[:, columns:].nanmedian()


def estimate(
    values: Tensor, center: Callable[[Tensor], Tensor] = mean, *, seed: int = 0
) -> Estimate:
    """`center`, from rows (N, K) to (), of `values`, (N,) or (N, K), N images drawn again."""
    rows = values.double().cpu().reshape(len(values), -1)
    low, high = metrics.bootstrap_interval(rows, center=lambda r: center(r).reshape(1), seed=seed)
    return Estimate(center(rows).item(), low, high)


def ratio(first: Tensor, second: Tensor) -> Estimate:
    """Mean of the one, (N,), over that of the other, of the same N images."""
    return estimate(torch.stack([first, second], dim=1), ratio_of_means)


def share(flags: Tensor, *, seed: int = 0) -> Estimate:
    """Share of `flags`, (N,) bool, that are true."""
    return estimate(flags.to(torch.float64), seed=seed)
