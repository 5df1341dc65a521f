"""How sure a measured number is.

Sources: Wilson 1927, doi:10.1080/01621459.1927.10502953 (shares); Efron and Tibshirani 1993, An
Introduction to the Bootstrap, chapter 13 (percentile intervals); McNemar 1947,
doi:10.1007/BF02295996 (changes of paired answers).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import torch
from torch import Tensor

from vqtutor.checks import check_positive, check_shape


def wilson_interval(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for the probability behind `successes` of `total`, also right near 0 and 1."""
    if not 0 <= successes <= total or total < 1:
        raise ValueError(f"need 0 <= successes <= total and total >= 1, got {successes}, {total}.")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = successes / total, z * z / total
    center = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return max(0.0, center - half), min(1.0, center + half)


def mcnemar(gained: int, lost: int) -> float:
    """Probability, two-sided and exact, of a difference at least as large if both were as likely.

    gained, lost : pairs that changed, in one direction and in the other; 1 where none did.
    """
    if min(gained, lost) < 0:
        raise ValueError(f"gained and lost are numbers of pairs, got {gained} and {lost}.")
    total = gained + lost
    tail = sum(math.comb(total, fewer) for fewer in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**total)


def standard_error(values: Tensor) -> float:
    """Standard error of the mean of independent `values`, (N,); NaN for one value."""
    check_shape("values", values, "N")
    return (values.double().std() / len(values) ** 0.5).item() if len(values) > 1 else math.nan


def bootstrap_interval(
    values: Tensor,
    statistic: Callable[[Tensor], Tensor] | None = None,
    *,
    center: Callable[[Tensor], Tensor] = lambda rows: rows.mean(dim=0),
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a statistic of means over images, images drawn with replacement.

    values : (N,) or (N, K), K quantities of each of N images; those of one image stay together.
    statistic : from means (R, K) of R resamples to (R,); None: the first quantity's mean. For
        pairs of models, `lambda means: means[:, 0] / means[:, 1]` is the ratio of their errors.
    center : what takes the mean's place, from the rows (N, K) of one resample to (K',).
    NaN anywhere makes the interval NaN, unless `center` leaves it out.
    """
    check_positive(values=len(values), resamples=resamples)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence}.")
    columns = values.double().cpu().reshape(len(values), -1)  # (N, K)
    generator = torch.Generator().manual_seed(seed)
    size = (len(columns),)
    rows = (torch.randint(len(columns), size, generator=generator) for _ in range(resamples))
    means = torch.stack([center(columns[row]) for row in rows])  # (R, K)
    found = means[:, 0] if statistic is None else statistic(means)
    tail = (1 - confidence) / 2
    low, high = found.quantile(found.new_tensor([tail, 1 - tail])).tolist()
    return low, high
