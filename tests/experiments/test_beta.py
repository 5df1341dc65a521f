"""A sweep of decoders whose contrast is known: errors and sharpness in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.experiments.standins import CLASSES, PerfectWithPosterior, make_data
from vqtutor.experiments import results
from vqtutor.experiments.beta import BetaConfig, BetaSweep, run_beta
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.results import Provenance
from vqtutor.models import Posterior


class Faded(PerfectWithPosterior):
    """Keeps `kept` of the contrast; the posterior's deviation is `deviation`."""

    def __init__(self, kept: float, deviation: float = 0.1) -> None:
        super().__init__()
        self.kept, self.deviation = kept, deviation

    def posterior(self, images: Tensor) -> Posterior:
        mean, log_variance = super().posterior(images)
        return Posterior(mean, torch.full_like(log_variance, self.deviation**2).log())

    def decode(self, latent: Tensor) -> Tensor:
        return self.kept * super().decode(latent)


def run(models: dict[float, Faded], kept: float = 0.9, **how: object) -> BetaSweep:
    config = BetaConfig(**how)  # type: ignore[arg-type]
    return run_beta(models, Faded(kept), make_data(), config=config)  # type: ignore[arg-type]


SWEEP = {4.0: Faded(0.5), 0.0: Faded(0.9), 1.0: Faded(0.7)}


def test_points_come_by_growing_beta_and_are_held_to_the_one_before():
    result = run(SWEEP)
    assert [point.beta for point in result.points] == [0, 1, 4]
    first, second, third = (point.mean for point in result.points)
    assert (first.mse_ratio, first.sharpness_change) == (None, None)
    # What is lost of every pixel: 0.1, 0.3, 0.5 of it.
    assert second.mse_ratio == Estimate(*[pytest.approx(9)] * 3)
    assert third.mse_ratio == Estimate(*[pytest.approx(25 / 9)] * 3)
    assert second.sharpness_change == Estimate(*[pytest.approx(-0.2)] * 3)
    sharpness = [point.mean.sharpness.value for point in result.points]
    assert sharpness == pytest.approx([0.9, 0.7, 0.5])
    images = make_data().test.images[..., 2:-2, 2:-2] / 255
    assert third.mse.value == pytest.approx(0.25 * images.square().mean().item(), rel=1e-4)
    assert third.mse.low < third.mse.value < third.mse.high


def test_ends_of_the_sweep_and_the_autoencoder_are_compared():
    result = run(SWEEP, kept=0.8)
    assert result.autoencoder.sharpness.value == pytest.approx(0.8)
    assert result.mse_ratio == Estimate(*[pytest.approx((0.1 / 0.2) ** 2)] * 3)
    assert result.sharpness_change == Estimate(*[pytest.approx(0.1)] * 3)
    assert result.mse_trend == Estimate(*[pytest.approx(25)] * 3)
    assert result.sharpness_trend == Estimate(*[pytest.approx(-0.4)] * 3)


def test_draws_carry_the_posteriors_noise():
    quiet, loud = run({0.0: Faded(1, 1e-4), 1.0: Faded(1, 0.2)}).points
    assert quiet.sampled.mse.value < 1e-6
    assert loud.mean.mse.value < 1e-12
    assert loud.sampled.mse.value == pytest.approx(0.2**2, rel=0.5)  # clipped at 0 and 1
    assert loud.sampled.mse_ratio.value > 1000
    # The narrower the posterior, the more it says: log2(0.2 / 1e-4) bits per coordinate.
    pixels = 16 * 16
    assert quiet.rate - loud.rate == pytest.approx(pixels * np.log2(2000), rel=0.01)


def test_active_units_are_the_pixels_that_vary():
    data = make_data()
    point = run(SWEEP).points[0]
    varies = (data.test.images / 255).flatten(1).var(dim=0, correction=0) > 0.01
    assert (point.latent_dim, point.active_units) == (256, int(varies.sum()))
    assert 0 < point.active_units < 256


def test_examples_and_batch_size():
    one, other = run(SWEEP), run(SWEEP, batch_size=7)
    assert one.classes == ("zero", "one", "two")
    assert one.points[1].sampled.examples.shape == (CLASSES, 1, 16, 16)
    np.testing.assert_array_equal(
        one.points[0].mean.examples, np.round(0.9 * one.originals).astype(np.uint8)
    )
    for first, second in zip(one.points, other.points, strict=True):
        assert first.rate == pytest.approx(second.rate)
        assert first.sampled.mse.low == pytest.approx(second.sampled.mse.low)


def test_result_is_stored_and_read_again(tmp_path):
    result = run(SWEEP)
    made = Provenance.collect("b", config={}, data="bands", seed=0, device="cpu", seconds=1)
    results.save(result, tmp_path, "beta", made)
    loaded, _ = results.load(BetaSweep, tmp_path, "beta")
    assert loaded.points[0].mean.mse_ratio is None
    assert dataclasses.asdict(loaded.mse_trend) == pytest.approx(
        dataclasses.asdict(result.mse_trend), rel=1e-5
    )


def test_one_network_is_no_sweep():
    with pytest.raises(ValueError, match=r"two values of beta or more, got \[0.0\]"):
        run({0.0: Faded(1)})
    with pytest.raises(ValueError, match="num_examples must be at least 1, got 0"):
        BetaConfig(num_examples=0)
