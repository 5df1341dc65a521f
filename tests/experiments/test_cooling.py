"""A temperature is chosen by how near its images lie to the validation images."""

from __future__ import annotations

import pytest
import torch

from tests.experiments.standins import Judge, make_data, make_split
from vqtutor.experiments.cooling import Trial, best, try_temperatures

DATA = make_data()
REAL = make_split(60, seed=7)


def noisy(temperature: float, labels: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Real images of these labels, with noise that is least at a temperature of 0.8."""
    rows = torch.cat([(REAL.labels == label).nonzero()[:1, 0] for label in labels])
    images = REAL.images[rows].float() / 255
    amount = 2 * abs(temperature - 0.8)
    return torch.lerp(images, torch.rand(images.shape, generator=generator), amount)


def test_the_one_nearest_to_the_validation_images_is_chosen():
    trials = try_temperatures(noisy, REAL.labels, (1.0, 0.8, 0.6, 0.4), Judge().eval(), DATA)
    assert [trial.temperature for trial in trials] == [1.0, 0.8, 0.6, 0.4]
    assert best(trials).temperature == 0.8
    assert best(trials).accuracy == 1.0
    assert trials[1].frechet < trials[0].frechet < trials[3].frechet


def test_every_temperature_gets_the_same_noise():
    seen = []

    def draw(temperature, labels, generator):
        seen.append(torch.rand(3, generator=generator))
        return noisy(temperature, labels, generator)

    first = try_temperatures(draw, REAL.labels, (0.9, 0.7), Judge().eval(), DATA, seed=1)
    assert torch.equal(seen[0], seen[1])
    try_temperatures(draw, REAL.labels, (0.9,), Judge().eval(), DATA, seed=2)
    assert not torch.equal(seen[0], seen[2])
    # 0.9 and 0.7 are as far from 0.8, and so differ by rounding only.
    assert first[0].frechet == pytest.approx(first[1].frechet, rel=1e-3)


def test_accuracy_is_of_the_labels_asked_for():
    wrong = (REAL.labels + 1) % 3

    def stubborn(temperature, labels, generator):
        return noisy(temperature, (labels - 1) % 3, generator)

    (trial,) = try_temperatures(stubborn, wrong, (0.8,), Judge().eval(), DATA)
    assert trial.accuracy == 0.0


def test_of_equal_ones_the_first():
    assert (
        best([Trial(1.0, 2.0, 0.5), Trial(0.9, 1.0, 0.6), Trial(0.8, 1.0, 0.7)]).temperature == 0.9
    )
