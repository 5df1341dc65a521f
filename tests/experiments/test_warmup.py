"""The warm-up's numbers against counting by hand, and what the last batch would have printed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.experiments.standins import INNER, SIZE, Judge, make_data
from vqtutor import data
from vqtutor.data import ImageSet, Split
from vqtutor.experiments.training import Recipe, fitting_images, train_classifier
from vqtutor.experiments.warmup import (
    WarmupConfig,
    drop,
    last_batch_accuracy,
    replay_last_batch,
    run_warmup,
)
from vqtutor.metrics import wilson_interval
from vqtutor.models import ClassifierConfig, WarmupCNN
from vqtutor.models.classifier import VARIANTS
from vqtutor.train import FitConfig, History, Runtime

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


def test_the_last_batch_of_one_shuffle():
    right = torch.arange(250) % 3 == 0
    order = torch.randperm(250, generator=torch.Generator().manual_seed(4))
    last = last_batch_accuracy(right, 100, torch.Generator().manual_seed(4))
    assert last == pytest.approx(right[order[200:]].float().mean().item())


def test_deviation_of_what_is_printed():
    found = run_warmup({"one": AlwaysOne()}, DATA, {"one": HISTORY}).classifiers["one"]
    printed = {"0.25": 0.5, "0.50": 0.25, "1.00": 0.25}
    values = torch.tensor([0.25, 0.25, 0.5, 1.0])
    expected = values.std(correction=0).item()
    assert replace(found, printed=printed).printed_deviation == pytest.approx(expected)
    assert found.printed_deviation == 0  # 30 images are one batch


def test_drops_are_paired():
    models = {"5x5": Reader(), "one": AlwaysOne(), "again": Reader()}
    drops = run_warmup(models, DATA, dict.fromkeys(models, HISTORY)).drops
    assert list(drops) == ["one", "again"]
    assert drops["one"].value == pytest.approx(2 / 3)
    assert drops["one"].low < 2 / 3 < drops["one"].high
    assert (drops["again"].value, drops["again"].low, drops["again"].high) == (0, 0, 0)
    assert run_warmup({"one": AlwaysOne()}, DATA, {"one": HISTORY}).drops == {}


def test_mistakes_on_the_same_images_leave_no_doubt():
    """Two networks that are wrong half of the time, on the same or on other images."""
    even = torch.arange(400) % 2 == 0
    same, other = drop(even, even), drop(even, ~even)
    assert (same.low, same.high) == (0, 0)
    assert other.low < 0 < other.high


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_for_an_epoch(variant):
    """On a part of the digits that come with scikit-learn; better than guessing afterwards."""
    torch.manual_seed(0)
    whole = data.load("digits", size=16)
    few = replace(whole, train=Split(whole.train.images[:600], whole.train.labels[:600]))
    recipe = Recipe(FitConfig(1, learning_rate=4e-3, rate="constant"), batch_size=20)
    model = WarmupCNN(ClassifierConfig(variant, few.image_shape, few.num_classes))
    history = train_classifier(model, few, recipe, seed=0, runtime=Runtime("cpu"))
    found = run_warmup({variant: model}, few, {variant: history}).classifiers[variant]
    assert len(found.train_accuracy) == 1
    assert found.accuracy > 0.3


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
    unlabeled = make_data(labels=False)
    assert isinstance(unlabeled, ImageSet)
    with pytest.raises(ValueError, match="'bands' has no labels: there is nothing to classify"):
        run_warmup({"reader": Reader()}, unlabeled, {"reader": HISTORY})
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        WarmupConfig(batch_size=0)
    with pytest.raises(ValueError, match="shuffles must be at least 1"):
        WarmupConfig(shuffles=0)
    with pytest.raises(ValueError, match="num_mistakes must be 0 or more, got -1"):
        WarmupConfig(num_mistakes=-1)
