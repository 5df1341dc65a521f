"""The warm-up's numbers against counting by hand, and what the last batch would have printed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.experiments.standins import INNER, SIZE, Judge, make_data
from vqtutor.data import ImageSet
from vqtutor.experiments.training import fitting_images
from vqtutor.experiments.warmup import WarmupConfig, replay_last_batch, run_warmup
from vqtutor.metrics import wilson_interval
from vqtutor.models import ClassifierConfig
from vqtutor.train import History

DATA = make_data(test=30)
HISTORY = History(
    [{"total": 2.0, "accuracy": 0.5}, {"total": 1.0, "accuracy": 0.75}],
    [{"total": 2.5, "accuracy": 0.25}, {"total": 1.5, "accuracy": 0.5}],
    best_epoch=1,
    seconds=12.5,
)


class Reader(Judge):
    """Reads the class off a padded image."""

    def __init__(self):
        super().__init__()
        self.config = ClassifierConfig("modern", (1, SIZE, SIZE), 3)


class InnerReader(Reader):
    """The same for images without the padding."""

    def __init__(self):
        super().__init__()
        self.config = ClassifierConfig("modern", (1, INNER, INNER), 3)

    def features(self, images):
        return super().features(torch.nn.functional.pad(images, (2, 2, 2, 2)))


class AlwaysOne(Reader):
    def forward(self, images):
        return torch.tensor([0.0, 1.0, 0.0]).expand(len(images), 3)


def test_all_right_and_one_third_right():
    models = {"reader": Reader(), "inner": InnerReader(), "one": AlwaysOne()}
    result = run_warmup(models, DATA, dict.fromkeys(models, HISTORY))
    assert (result.num_test, result.class_names) == (30, ("zero", "one", "two"))
    assert list(result.classifiers) == list(models)
    for name in ("reader", "inner"):
        found = result.classifiers[name]
        assert (found.errors, found.accuracy) == (0, 1.0)
        assert found.interval == wilson_interval(30, 30)
        assert found.printed == {"1.00": 1.0}
        assert found.mistakes.shape == (0, 1, SIZE, SIZE)
    found = result.classifiers["one"]
    assert (found.errors, found.accuracy) == (20, pytest.approx(1 / 3))
    assert found.interval == wilson_interval(10, 30)
    assert found.num_weights == 9
    wrong = [row for row in range(30) if row % 3 != 1][:10]
    assert np.array_equal(found.mistakes, DATA.test.images[wrong].numpy())
    assert found.mistaken_for == (1,) * 10
    assert found.mistaken_labels == tuple(row % 3 for row in wrong)
    assert (found.train_accuracy, found.validation_accuracy) == ((0.5, 0.75), (0.25, 0.5))
    assert found.seconds == 12.5


def test_the_wilson_interval_of_the_original_numbers():
    """95 and 100 of 100 right, from the closed form that Wilson gives."""
    low, high = wilson_interval(95, 100)
    assert (low, high) == pytest.approx((0.888, 0.978), abs=5e-4)
    low, high = wilson_interval(100, 100)
    assert (low, high) == pytest.approx((0.963, 1.0), abs=5e-4)


def test_models_are_left_in_the_mode_they_were_in():
    model = Reader().train()
    run_warmup({"reader": model}, DATA, {"reader": HISTORY})
    assert model.training


def test_last_batches_of_perfect_answers_print_1_00_and_nothing_else():
    for count in (1, 99, 100, 150, 250):
        right = torch.ones(count, dtype=torch.bool)
        assert replay_last_batch(right, 0, WarmupConfig(shuffles=20)) == {"1.00": 1.0}
        assert replay_last_batch(~right, 0, WarmupConfig(shuffles=20)) == {"0.00": 1.0}


def test_last_batches_of_a_99_percent_network():
    """It prints 1.00 with probability 0.37: none of its 100 mistakes among 100 of 10,000."""
    right = torch.arange(10_000) >= 100
    shuffles = 3000
    printed = replay_last_batch(right, 0, WarmupConfig(shuffles=shuffles))
    assert sum(printed.values()) == pytest.approx(1)
    drawn = torch.arange(100)
    none = ((9900 - drawn) / (10_000 - drawn)).double().prod().item()  # hypergeometric
    assert none == pytest.approx(0.37, abs=0.01)
    error = 5 * (none * (1 - none) / shuffles) ** 0.5
    assert abs(printed["1.00"] - none) < error
    assert list(printed) == sorted(printed)


def test_the_last_batch_is_what_is_left_over():
    """Of 250 answers in batches of 100, the last batch has 50: steps of 0.02."""
    right = torch.arange(250) % 2 == 0
    printed = replay_last_batch(right, 0, WarmupConfig(shuffles=200))
    assert all(round(float(value) * 50) == pytest.approx(float(value) * 50) for value in printed)
    whole = replay_last_batch(right, 0, WarmupConfig(batch_size=500, shuffles=5))
    assert whole == {"0.50": 1.0}  # one batch holds everything
    whole = replay_last_batch(right, 0, WarmupConfig(batch_size=250, shuffles=5))
    assert whole == {"0.50": 1.0}


def test_shuffles_follow_the_seed():
    right = torch.arange(300) % 3 == 0
    config = WarmupConfig(shuffles=50)
    assert replay_last_batch(right, 1, config) == replay_last_batch(right, 1, config)
    assert replay_last_batch(right, 1, config) != replay_last_batch(right, 2, config)


@pytest.mark.parametrize(
    ("name", "value"), [("batch_size", 20), ("shuffles", 7), ("num_mistakes", 3)]
)
def test_every_field_of_the_config_counts(name, value):
    def outcome(config):
        found = run_warmup({"one": AlwaysOne()}, DATA, {"one": HISTORY}, config=config)
        return found.classifiers["one"].printed, len(found.classifiers["one"].mistakes)

    config = WarmupConfig(batch_size=7)
    assert outcome(replace(config, **{name: value})) != outcome(config)
    assert len(WarmupConfig.__dataclass_fields__) == 3


def test_fitting_images():
    images = DATA.test.images
    assert fitting_images(Reader(), DATA, images) is images
    assert torch.equal(fitting_images(InnerReader(), DATA, images), images[..., 2:-2, 2:-2])


def test_refusals():
    data = make_data(labels=False)
    assert isinstance(data, ImageSet)
    with pytest.raises(ValueError, match="'bands' has no labels: there is nothing to classify"):
        run_warmup({"reader": Reader()}, data, {"reader": HISTORY})
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        WarmupConfig(batch_size=0)
    with pytest.raises(ValueError, match="shuffles must be at least 1"):
        WarmupConfig(shuffles=0)
    with pytest.raises(ValueError, match="num_mistakes must be 0 or more, got -1"):
        WarmupConfig(num_mistakes=-1)
