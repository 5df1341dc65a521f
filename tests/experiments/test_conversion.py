"""Paths between two classes with an autoencoder whose every frame is known."""

import pytest
import torch

from tests.experiments.standins import Bands, Judge, make_data
from vqtutor import metrics
from vqtutor.experiments import latents
from vqtutor.experiments.conversion import measure_paths, pairs_of_classes
from vqtutor.experiments.judging import judge_real_images

DATA = make_data(test=30)


def measure(model=None, judge=None, classes=(0, 2), num_pairs=20, steps=5, seed=0, data=DATA):
    model, judge = model or Bands(), judge or Judge()
    with latents.inference(model, judge):
        real = judge_real_images(judge, data, max_train=100, seed=0)
        return measure_paths(
            model,
            judge,
            data,
            real,
            classes=classes,
            num_pairs=num_pairs,
            steps=steps,
            generator=torch.Generator().manual_seed(seed),
        )


def test_pairs_are_of_the_two_classes():
    labels = torch.tensor([3, 1, 1, 2, 3, 0])
    pairs = pairs_of_classes(labels, (1, 3), 50, torch.Generator().manual_seed(0))
    assert pairs.shape == (2, 50)
    assert set(pairs[0].tolist()) == {1, 2}
    assert set(pairs[1].tolist()) == {0, 4}


def test_straight_lines_of_brightness_move_evenly():
    found = measure()
    assert (found.classes, found.num_pairs) == (("zero", "two"), 20)
    one = found.jumpiness
    assert (one.value, one.low, one.high) == pytest.approx((1, 1, 1), abs=1e-4)


def test_the_judge_sees_one_class_fade_and_the_other_appear():
    found = measure()
    start, end = found.start_probability, found.end_probability
    assert len(start) == len(end) == 5
    assert start[0] > 0.99 > 0.01 > end[0]
    assert end[-1] > 0.99 > 0.01 > start[-1]
    assert list(start) == sorted(start, reverse=True)
    assert start[2] + end[2] == pytest.approx(1, abs=0.01)  # never the class between
    other = measure(classes=(2, 0))
    assert other.start_probability[0] > 0.99
    assert other.classes == ("two", "zero")


def test_garbage_is_counted_over_all_frames():
    """The ends are real enough; the middle, half one class and half another, is not."""
    found = measure(steps=3)
    assert found.garbage_rate.value == pytest.approx(1 / 3, abs=0.05)
    assert found.garbage_rate.low <= found.garbage_rate.value <= found.garbage_rate.high


class Curved(Bands):
    """Paints the cube of a brightness: slow first, then fast."""

    def decode(self, latent):
        return super().decode(latent**3)


class Jumping(Bands):
    """Shows only whether a band is more than half as bright as can be."""

    def decode(self, latent):
        return super().decode((latent > 0.5).float())


@pytest.mark.parametrize("model", [Curved(), Jumping()])
def test_jumpiness_is_the_median_of_the_paths(model):
    rows = pairs_of_classes(DATA.test.labels, (0, 2), 20, torch.Generator().manual_seed(0))
    starts, ends = (model.encode(DATA.test.images[row] / 255) for row in rows)
    line = torch.stack([torch.lerp(starts, ends, step / 4) for step in range(5)], dim=1)
    frames = model.decode(line.flatten(0, 1)).unflatten(0, (20, 5))
    jumps = metrics.jumpiness(DATA.unpad(frames)).sort().values
    found = measure(model).jumpiness
    assert found.value == pytest.approx(jumps[9].item(), rel=1e-6)  # the lower one of the middle
    assert found.low <= found.value <= found.high
    if isinstance(model, Curved):
        assert found.value != pytest.approx(jumps.mean().item(), rel=1e-4)
    else:
        assert found.value >= 2  # both bands change at once, or one after the other


def test_seed_and_refusals():
    assert measure(num_pairs=3) == measure(num_pairs=3)
    assert measure(num_pairs=3) != measure(num_pairs=3, seed=1)
    with pytest.raises(ValueError, match="'bands' has no labels: no class to start from"):
        measure_paths(
            Bands(),
            Judge(),
            make_data(labels=False),
            None,
            classes=(0, 1),
            num_pairs=1,
            steps=3,
            generator=torch.Generator(),
        )
