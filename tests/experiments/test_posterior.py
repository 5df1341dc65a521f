"""Codes that are normal, and codes that only look it one coordinate at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.experiments.standins import Bands, Judge, make_data
from vqtutor.experiments import results
from vqtutor.experiments.judging import judge_images, judge_real_images
from vqtutor.experiments.posterior import (
    AggregatePosteriors,
    PosteriorConfig,
    area_under_curve,
    run_posterior,
    told_apart,
)
from vqtutor.experiments.results import Provenance
from vqtutor.models import Posterior

CONFIG = PosteriorConfig(num_images=60, num_shown=5, hidden=(8,))


class BandsWithPosterior(Bands):
    """The three bands' brightness, shifted, and a fourth coordinate that says nothing."""

    def __init__(self, deviation: float = 0.5) -> None:
        super().__init__()
        self.deviation = torch.tensor([deviation] * 3 + [1.0])

    def posterior(self, images: Tensor) -> Posterior:
        mean = nn.functional.pad(super().encode(images) + 1, (0, 1))
        return Posterior(mean, 2 * self.deviation.log().expand_as(mean))

    def encode(self, images: Tensor) -> Tensor:
        return self.posterior(images).mean

    def decode(self, latent: Tensor) -> Tensor:
        return super().decode((latent[:, :3] - 1).clamp(0, 1))


def told(train: Tensor, test: Tensor) -> float:
    generator = torch.Generator().manual_seed(1)
    found = told_apart(train, test, (32,), generator, 0)
    assert found.low < found.value < found.high
    return found.value


def draw(seed: int) -> Tensor:
    return torch.randn(1500, 2, generator=torch.Generator().manual_seed(seed))


def test_normal_codes_are_not_told_apart_and_others_are():
    assert told(draw(2), draw(3)) == pytest.approx(0.5, abs=0.04)
    # Two normal distributions a distance d apart: at best the normal probability of d / sqrt(2).
    shift = torch.tensor([1.5, 0.0])
    best = 0.5 * (1 + math.erf(1.5 / 2))
    assert told(draw(2) + shift, draw(3) + shift) == pytest.approx(best, abs=0.03)
    # It is asked about the test codes only, whatever it has learned.
    assert told(draw(2) + shift, draw(3)) == pytest.approx(0.5, abs=0.04)


def test_codes_that_are_normal_in_every_coordinate_may_still_be_told_apart():
    codes = [draw(seed) for seed in (2, 3)]
    for rows in codes:  # the second is the first or its negative: normal, and uncorrelated
        rows[:, 1] = rows[:, 0] * rows[:, 1].sign()
        assert abs(rows.var(dim=0) - 1).max() < 0.1
        assert abs(torch.corrcoef(rows.T)[0, 1]) < 0.1
    assert told(*codes) > 0.7


def test_area_under_curve_counts_all_pairs():
    scores = torch.randint(0, 6, (25, 2), generator=torch.Generator().manual_seed(0)).double()
    left, right = scores[:, :1], scores[:, 1]
    expected = (left > right).double().mean() + 0.5 * (left == right).double().mean()
    assert area_under_curve(scores).item() == pytest.approx(expected.item())
    assert area_under_curve(torch.tensor([[1.0, 0.0], [2.0, -1.0]])) == 1


def test_moments_and_rate_of_a_known_posterior():
    data = make_data(test=600)
    found = run_posterior({"VAE": BandsWithPosterior()}, data, config=CONFIG).networks["VAE"]
    codes = BandsWithPosterior().encode(data.test.images / 255)
    expected = codes.var(dim=0, correction=0) + torch.tensor([0.25, 0.25, 0.25, 1])
    # 600 draws: four standard errors of a mean and of a variance.
    assert found.means == pytest.approx(codes.mean(dim=0).tolist(), abs=4 / 600**0.5)
    assert found.variances == pytest.approx(expected.tolist(), rel=4 * (2 / 600) ** 0.5)
    assert found.active == (True, True, True, False)
    narrow = 0.5 * (0.25 - 1 - math.log(0.25)) * 3 + 0.5 * codes.square().sum(dim=1).mean()
    assert found.rate == pytest.approx(narrow.item() / math.log(2), rel=1e-4)
    assert found.garbage is found.garbage_rebuilt is None
    assert found.images.shape == (5, 1, 16, 16)


def test_garbage_is_what_the_judge_does_not_know():
    data, judge, model = make_data(), Judge(), BandsWithPosterior(1e-4)
    config = PosteriorConfig(num_images=60, num_shown=60, hidden=(8,))
    result = run_posterior({"VAE": model}, data, judge, config=config)
    found, real = result.networks["VAE"], judge_real_images(judge, data, max_train=120, seed=0)
    assert (result.garbage_floor, result.garbage_ceiling) == (real.floor, real.ceiling)
    # The judge looks at nothing but what this model keeps: its reconstructions are as good as real.
    assert found.garbage_rebuilt.value == pytest.approx(real.floor, abs=1 / 30)
    with torch.no_grad():
        judged = real.is_garbage(judge_images(judge, torch.from_numpy(found.images)))
    assert found.garbage.value == pytest.approx(judged.double().mean().item(), abs=1 / 60)
    assert found.garbage.value > 0.9  # a code of images lies at 1 to 2, these at -1 to 1


def test_networks_do_not_influence_one_another_and_seeds_do():
    data, models = make_data(), {"a": BandsWithPosterior(), "b": BandsWithPosterior()}
    both = run_posterior(models, data, config=CONFIG).networks
    assert both["a"].means == both["b"].means
    other = run_posterior(models, data, seed=1, config=CONFIG).networks
    assert other["a"].means != both["a"].means


def test_result_is_stored_and_read_again(tmp_path):
    result = run_posterior({"VAE": BandsWithPosterior()}, make_data(), Judge(), config=CONFIG)
    made = Provenance.collect("p", config={}, data="bands", seed=0, device="cpu", seconds=1)
    results.save(result, tmp_path, "posterior", made)
    loaded, _ = results.load(AggregatePosteriors, tmp_path, "posterior")
    assert loaded.networks["VAE"].active == (True, True, True, False)
    np.testing.assert_array_equal(loaded.networks["VAE"].images, result.networks["VAE"].images)


def test_config_is_checked():
    with pytest.raises(ValueError, match="num_images must be at least 1, got 0"):
        PosteriorConfig(num_images=0)
