"""Classifiers together: when they help one another, and when they cannot."""

from __future__ import annotations

import pytest
import torch

from tests.experiments.standins import SIZE, Judge, make_data
from vqtutor.experiments.ensemble import run_ensemble
from vqtutor.metrics import wilson_interval
from vqtutor.models import ClassifierConfig

DATA = make_data(test=30)  # three classes, ten images each


class Blind(Judge):
    """Sure of what it sees, except that one class looks to it like the next, narrowly."""

    def __init__(self, blind: int):
        super().__init__()
        self.config = ClassifierConfig("modern", (1, SIZE, SIZE), 3)
        self.blind = blind

    def forward(self, images):
        right = super().forward(images).argmax(dim=1)
        logits = 4.0 * torch.nn.functional.one_hot(right, 3)
        mistaken = torch.nn.functional.one_hot((right + 1) % 3, 3)
        return torch.where((right == self.blind)[:, None], logits + 4.1 * mistaken, logits)


def test_each_has_another_blind_spot_and_together_they_have_none():
    result = run_ensemble({f"{n}": Blind(n) for n in range(3)}, DATA)
    assert {name: one.errors for name, one in result.alone.items()} == {"0": 10, "1": 10, "2": 10}
    assert result.together.errors == 0
    assert result.together.accuracy == 1.0
    assert result.together.interval == wilson_interval(30, 30)
    assert result.gain.value == pytest.approx(1 / 3)


def test_the_same_mistakes_stay():
    result = run_ensemble({"first": Blind(1), "again": Blind(1)}, DATA)
    assert result.together == result.alone["first"] == result.alone["again"]
    assert result.together.accuracy == pytest.approx(2 / 3)
    assert (result.gain.low, result.gain.value, result.gain.high) == (0.0, 0.0, 0.0)


def test_probabilities_are_averaged_not_votes():
    """One that is sure outweighs two that hesitate."""

    class Hesitant(Blind):
        def forward(self, images):
            return 0.01 * torch.tensor([0.0, 0.0, 1.0]).expand(len(images), 3)

    models = {"sure": Blind(-1), "one": Hesitant(-1), "other": Hesitant(-1)}
    assert run_ensemble(models, DATA).together.errors == 0


def test_what_is_needed_is_said():
    with pytest.raises(ValueError, match=r"two classifiers or more, got \['one'\]"):
        run_ensemble({"one": Blind(0)}, DATA)
    with pytest.raises(ValueError, match="no labels"):
        run_ensemble({"one": Blind(0), "other": Blind(1)}, make_data(labels=False))
