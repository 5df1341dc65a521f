"""Intervals against what theory says of them."""

import math

import pytest
import torch

from vqtutor import metrics


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_standard_error_is_deviation_over_root_n():
    values = torch.tensor([1.0, 3.0, 8.0])
    assert metrics.standard_error(values) == pytest.approx((13 / 3) ** 0.5)
    assert math.isnan(metrics.standard_error(values[:1]))
    with pytest.raises(ValueError, match=r"values must have shape \(N\), got \(3, 1\)"):
        metrics.standard_error(values.unsqueeze(1))


def test_interval_of_a_mean_is_that_of_the_normal_law():
    values = 3 + 2 * normal(4000)
    low, high = metrics.bootstrap_interval(values, resamples=2000)
    error = metrics.standard_error(values)
    mean = values.double().mean().item()
    assert low == pytest.approx(mean - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.15 * error)


def test_less_confidence_is_a_narrower_interval():
    values = normal(500)
    wide, narrow = (metrics.bootstrap_interval(values, confidence=c) for c in (0.95, 0.5))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_constants_leave_no_doubt():
    assert metrics.bootstrap_interval(torch.full((7,), 2.5)) == (2.5, 2.5)
    pairs = torch.stack((normal(50), normal(50) * 0), dim=1)
    pairs[:, 1] = pairs[:, 0] - 1  # always one less, however the images differ
    low, high = metrics.bootstrap_interval(pairs, lambda means: means[:, 0] - means[:, 1])
    assert (low, high) == pytest.approx((1, 1))


def test_pairs_stay_together():
    """Twice the first error, image by image: a ratio of 2 whatever is drawn."""
    first = normal(200).abs()
    pairs = torch.stack((2 * first, first), dim=1)
    interval = metrics.bootstrap_interval(pairs, lambda means: means[:, 0] / means[:, 1])
    assert interval == pytest.approx((2, 2))


def test_the_seed_decides_what_is_drawn():
    values = normal(50)
    assert metrics.bootstrap_interval(values) == metrics.bootstrap_interval(values, seed=0)
    assert metrics.bootstrap_interval(values) != metrics.bootstrap_interval(values, seed=1)


def test_refusals():
    with pytest.raises(ValueError, match="values must be at least 1, got 0"):
        metrics.bootstrap_interval(torch.zeros(0, 2))
    with pytest.raises(ValueError, match="resamples must be at least 1, got 0"):
        metrics.bootstrap_interval(torch.zeros(3), resamples=0)
    with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\), got 1"):
        metrics.bootstrap_interval(torch.zeros(3), confidence=1)
