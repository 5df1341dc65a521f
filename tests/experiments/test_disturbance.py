"""Noise on codes, and codes that are only numbers, with models whose answers are known."""

from dataclasses import replace

import pytest
import torch

from tests.experiments.standins import Bands, Judge, make_data, make_vae
from vqtutor.experiments import latents
from vqtutor.experiments.disturbance import (
    Disturbance,
    DisturbanceConfig,
    Robustness,
    answers,
    run_disturbance,
    uniform_codes,
)
from vqtutor.models import ClassifierConfig

DATA = make_data(test=60)
CONFIG = DisturbanceConfig(noise_levels=(0.0, 0.1, 50.0), max_codes=100)


def make_judge():
    judge = Judge()
    judge.config = ClassifierConfig("modern", DATA.image_shape, 3)
    return judge


def run(models, judge=None, config=CONFIG, seed=0, data=DATA):
    return run_disturbance(models, data, judge, seed=seed, config=config)


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ((1.0, 0.8, 0.4), 1 + 3 * 0.75),
        ((1.0, 0.5, 0.4), 1.0),  # half at a level, below after it
        ((1.0, 0.2, 0.6), 0.625),  # the first time counts
        ((1.0, 0.8, 0.5), None),
        ((0.4, 0.3, 0.2), None),
        (None, None),
    ],
)
def test_half_point_lies_between_two_levels(accuracy, expected):
    found = Robustness((0.0, 1.0, 4.0), (0.0,) * 3, accuracy).half_point
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_little_noise_does_nothing_and_much_of_it_all():
    found = run({"bands": Bands()}, make_judge())
    assert isinstance(found, Disturbance)
    robustness = found.robustness["bands"]
    assert robustness.levels == (0.0, 0.1, 50.0)
    assert robustness.accuracy[:2] == (1.0, 1.0)
    assert robustness.accuracy[2] < 0.6
    assert robustness.mse[0] < robustness.mse[1] < robustness.mse[2]
    plain = Bands().decode(Bands().encode(DATA.test.images / 255))
    expected = (plain - DATA.test.images / 255)[..., 2:-2, 2:-2].square().mean().item()
    assert robustness.mse[0] == pytest.approx(expected)
    assert run({"bands": Bands()}).robustness["bands"].accuracy is None


class Scaled(Bands):
    """Brightness from -2 to 2."""

    def encode(self, images):
        return 4 * super().encode(images) - 2

    def decode(self, latent):
        return super().decode((latent + 2) / 4)


def test_share_of_codes_between_minus_one_and_one():
    found = run({"bands": Bands(), "scaled": Scaled()}, config=replace(CONFIG, max_codes=500))
    assert found.inside["bands"] == (1.0, 1.0, 1.0)
    codes = Scaled().encode(DATA.train.images / 255)
    by_hand = [((-1 <= column) & (column <= 1)).float().mean().item() for column in codes.T]
    assert found.inside["scaled"] == pytest.approx(by_hand)
    assert 0 < min(by_hand) < 1


def test_noise_is_as_wide_as_the_codes():
    """The same images and the same noise in units of the code: the scale of the code is nothing."""
    first, second = run({"bands": Bands()}), run({"bands": Scaled()})
    assert first.robustness["bands"].mse == pytest.approx(second.robustness["bands"].mse, rel=1e-4)


def test_the_mean_of_a_posterior_is_its_code():
    vae = make_vae()
    found = run({"VAE": vae}, config=replace(CONFIG, max_codes=500))
    with latents.inference(vae):
        codes = latents.encode(vae, DATA.train.images)
    assert found.inside["VAE"] == pytest.approx((codes.abs() <= 1).float().mean(dim=0).tolist())


class Looking(Judge):
    """Remembers what it was shown."""

    config = ClassifierConfig("modern", DATA.image_shape, 3)

    def forward(self, images):
        self.shown = images
        return super().forward(images)


def test_the_judge_gets_padded_images():
    judge, padded = Looking(), DATA.test.images / 255
    inner = DATA.unpad(padded)
    inner[:, :, 0] = 1.0  # a row that would be missed in another place
    with latents.inference(judge):
        found = answers(judge, DATA, inner)
        assert torch.equal(judge.shown, padded)  # `inner` is a view of it
        assert torch.equal(found, answers(judge, DATA, padded))


def test_seed_and_config_count():
    models = {"bands": Bands()}
    assert run(models) == run(models)
    assert run(models) != run(models, seed=1)
    assert run(models) != run(models, config=replace(CONFIG, max_codes=20))
    with pytest.raises(ValueError, match="max_codes must be at least 1, got 0"):
        DisturbanceConfig(max_codes=0)


def test_random_codes_lie_between_minus_one_and_one():
    codes = uniform_codes(4000, 2, torch.Generator().manual_seed(0))
    assert codes.shape == (4000, 2)
    assert codes.abs().max() <= 1
    # Mean 0 and variance 1/3, each within five standard errors.
    assert codes.mean().abs() < 5 * (1 / 3 / 8000) ** 0.5
    assert (codes.square().mean() - 1 / 3).abs() < 5 * (4 / 45 / 8000) ** 0.5
