"""Paths start and end where they should; judged paths have the rates known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.experiments.standins import (
    BAND,
    CLASSES,
    INNER,
    Bands,
    Judge,
    Perfect,
    make_data,
    make_vae,
    make_vqvae,
)
from vqtutor.experiments import latents, paths
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.examples import one_per_class, random_pairs, shown_pair, shown_row
from vqtutor.experiments.judging import judge_images, judge_real_images
from vqtutor.experiments.transformation import (
    Transformation,
    TransformationConfig,
    correlation,
    run_transformation,
)
from vqtutor.models import Codes

CODES = (
    Codes(torch.tensor([[[0, 4], [2, 2]]]), torch.tensor([[[0, 1, 2, 3]] * 4])),
    Codes(torch.tensor([[[4, 0], [2, 3]]]), torch.tensor([[[3, 3, 0, 0]] * 4])),
)


def assert_same_codes(first: Codes, second: Codes) -> None:
    assert torch.equal(first.top, second.top)
    assert torch.equal(first.bottom, second.bottom)


def test_straight_line_hits_both_ends_exactly():
    start, end = torch.randn(2, 5), torch.randn(2, 5)
    line = paths.straight(start, end, 7)
    assert torch.equal(line[:, 0], start)
    assert torch.equal(line[:, -1], end)
    torch.testing.assert_close(line[:, 3], (start + end) / 2)


def test_indices_are_interpolated_and_truncated():
    path = paths.by_index(*CODES, 33)
    assert_same_codes(latents.select(path, (slice(None), 0)), CODES[0])
    assert_same_codes(latents.select(path, (slice(None), -1)), CODES[1])
    shares = np.linspace(0, 1, 33)  # exact in binary
    expected = np.trunc((1 - shares) * 0 + shares * 4)
    np.testing.assert_array_equal(path.top[0, :, 0, 0], expected)
    np.testing.assert_array_equal(path.top[0, :, 0, 1], np.trunc((1 - shares) * 4))


def test_truncation_meets_no_rounding_error():
    """From 0 to 9 in ten steps is every code once; 0.7 * 9 / 0.9 in floats is not."""
    start, end = (Codes(*(torch.full((1, 1, 1), code),) * 2) for code in (0, 9))
    assert paths.by_index(start, end, 10).top.flatten().tolist() == list(range(10))


def test_positions_are_swapped_one_by_one():
    steps = 21  # as many as positions, and the start
    path = paths.by_position(*CODES, steps, torch.Generator().manual_seed(0))
    assert_same_codes(latents.select(path, (slice(None), 0)), CODES[0])
    assert_same_codes(latents.select(path, (slice(None), -1)), CODES[1])
    flat = latents.flatten(latents.map_latent(lambda grid: grid[0], path))  # (T, 20)
    start, end = latents.flatten(CODES[0])[0], latents.flatten(CODES[1])[0]
    changed = (flat != start) & (flat == end)
    differing = (start != end).sum()
    assert (changed.sum(dim=1).diff() >= 0).all()
    assert (flat.diff(dim=0) != 0).sum(dim=1).max() == 1
    assert changed[-1].sum() == differing
    assert ((flat == start) | (flat == end)).all()


def test_order_of_positions_is_fixed_by_the_seed():
    first, again, other = (
        paths.by_position(*CODES, 5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert_same_codes(first, again)
    assert not torch.equal(first.bottom, other.bottom)


def test_every_path_between_codes_ends_in_the_decoded_codes():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        start, end = (latents.encode(model, data.test.images[rows]) for rows in ([0, 1], [2, 3]))
        ways = paths.ways(model, start, steps=5, seed=0, batch_size=8)
        assert list(ways) == [", indices", ", re-quantized", ", vectors", ", one by one"]
        for name, walk in ways.items():
            frames = walk(start, end)
            assert frames.shape == (2, 5, 1, 16, 16)
            for row, codes in ((0, start), (-1, end)):
                torch.testing.assert_close(frames[:, row], latents.decode(model, codes), msg=name)


def test_paths_through_vectors_are_decoded_as_named():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        start, end = (latents.encode(model, data.test.images[rows]) for rows in ([0, 1], [2, 3]))
        ways = paths.ways(model, start, steps=5, seed=0, batch_size=8)
        top, bottom = (path[:, 1] for path in paths.by_vector(model, start, end, 5))
        between = model.decode_vectors(top, bottom)
        nearest = model.decode(paths.nearest(model, top, bottom, start))
        assert not torch.equal(between, nearest)
        torch.testing.assert_close(ways[", vectors"](start, end)[:, 1], between)
        torch.testing.assert_close(ways[", re-quantized"](start, end)[:, 1], nearest)


def test_seed_orders_the_swaps():
    model = make_vqvae(make_data())
    with latents.inference(model):
        one, other = (
            paths.ways(model, CODES[0], 5, seed, batch_size=8)[", one by one"](*CODES)
            for seed in (0, 1)
        )
    assert not torch.equal(one, other)


def test_vectors_half_way_are_the_mean_and_get_the_nearest_code():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        start, end = (latents.encode(model, data.test.images[rows]) for rows in ([0], [1]))
        top, bottom = paths.by_vector(model, start, end, 5)
        for path, level in ((top, 0), (bottom, 1)):
            mean = (model.lookup(start)[level] + model.lookup(end)[level]) / 2
            torch.testing.assert_close(path[:, 2], mean)
        codes = paths.nearest(model, top[:, 1], bottom[:, 1], start)
        codebook = model.bottom_quantizer.codebook.double()
        distances = torch.cdist(bottom[0, 1].flatten(1).T.double(), codebook)
        assert torch.equal(codes.bottom.flatten(), distances.argmin(dim=1))


def test_pairs_have_two_classes():
    data = make_data()
    starts, ends = random_pairs(data, 200, torch.Generator().manual_seed(0))
    assert (data.test.labels[starts] != data.test.labels[ends]).all()
    assert len(starts.unique()) > 20
    unlabeled = make_data(labels=False, test=2)
    starts, ends = random_pairs(unlabeled, 50, torch.Generator().manual_seed(0))
    assert (starts != ends).all()


def test_shown_examples():
    data = make_data()
    assert (shown_row(data, 2), shown_row(data, 9)) == (2, 0)
    assert shown_pair(data, (2, 1)) == (2, 1)
    assert shown_pair(data, (2, 7)) == (0, 1)  # there is no class 7
    assert one_per_class(data, 2).tolist() == [0, 1]
    assert shown_pair(make_data(labels=False), (2, 7)) == (0, 1)
    assert shown_pair(make_data(labels=False, test=1), (2, 7)) == (0, 0)


def test_correlation_equals_numpy():
    first, second = torch.rand(3, 1, 4, 4), torch.rand(3, 1, 4, 4)
    expected = [
        np.corrcoef(a.flatten(), b.flatten())[0, 1] for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(correlation(first, second), expected, rtol=1e-5)
    assert correlation(torch.ones(1, 1, 2, 2), first[:1, :, :2, :2]).tolist() == [0]


def test_blending_pixels_is_even_and_meets_no_third_class():
    result = run_transformation(
        {"AE": Perfect()}, make_data(), Judge(), config=TransformationConfig(num_pairs=20)
    )
    score = result.scores["AE"]
    assert score.jumpiness == pytest.approx(1)
    assert score.blend == pytest.approx(1)
    assert score.third_class_rate == 0
    assert score.start_probability == pytest.approx(score.end_probability[::-1], abs=0.02)
    assert score.start_probability[0] > 0.99
    assert (result.classes, result.num_pairs) == (("zero", "one"), 20)
    np.testing.assert_array_equal(score.frames[[0, -1]], result.originals)


def test_pairs_are_compared_one_by_one():
    config = TransformationConfig(num_pairs=20, num_steps=9)
    models = {"AE": Perfect(), "VAE": Perfect(), "VQ-VAE-2": make_vqvae(make_data())}
    scores = run_transformation(models, make_data(), Judge(), config=config).scores
    assert scores["AE"].against == {}
    same = scores["VAE"].against
    for what in ("third class", "garbage", "blend"):
        assert same[what] == Estimate(0, 0, 0)
    for what in ("jumpiness", "step area"):
        assert same[what] == Estimate(1, 1, 1)
    other, base = scores["VQ-VAE-2, indices"], scores["AE"]
    more = other.garbage_rate - base.garbage_rate
    assert other.against["garbage"].value == pytest.approx(more)
    ratio = other.jumpiness / base.jumpiness
    assert other.against["jumpiness"].value == pytest.approx(ratio, rel=1e-6)


def test_estimates_are_the_numbers_with_intervals():
    for score in run_all().scores.values():
        found = score.estimates
        for what, value in (
            ("third class", score.third_class_rate),
            ("garbage", score.garbage_rate),
            ("jumpiness", score.jumpiness),
            ("blend", score.blend),
            ("step area", score.step_area),
        ):
            assert found[what].value == pytest.approx(value, rel=1e-6)
            assert found[what].low <= found[what].value + 1e-9
            assert found[what].value <= found[what].high + 1e-9


def test_area_of_a_step_is_the_band_that_moves():
    class One(Bands):
        """Only the first band is painted: it alone changes on a path."""

        def decode(self, latent: Tensor) -> Tensor:
            return super().decode(latent * torch.tensor([1.0, 0.0, 0.0]))

    config = TransformationConfig(num_pairs=20, num_steps=5)
    data = make_data()
    score = run_transformation({"AE": One()}, data, config=config).scores["AE"]
    pixels = INNER * BAND
    assert score.step_area == pytest.approx(math.ceil(0.9 * pixels) / INNER**2)


def test_detour_through_a_third_class_is_counted_in_every_path():
    class Detour(Bands):
        """Between two bands it lights the remaining one, far brighter than in real images."""

        def decode(self, latent: Tensor) -> Tensor:
            second, third = latent.sort(dim=1, descending=True).values[:, 1:].unbind(dim=1)
            between = ((second - third).clamp(min=0) > 0.2).float().unsqueeze(1)
            lowest = latent == latent.amin(dim=1, keepdim=True)
            return super().decode(torch.where(lowest, latent + between, latent))

    config = TransformationConfig(num_pairs=20, num_steps=9)
    score = run_transformation({"AE": Detour()}, make_data(), Judge(), config=config).scores["AE"]
    assert score.third_class_rate == 1
    # Steps 3, 4 and 5 of 0...8 pass through it; the others are nearly real images.
    assert 3 / 9 <= score.garbage_rate < 1  # not every frame of every path
    assert score.jumpiness > 2


def test_floor_and_ceiling_of_garbage():
    data, judge = make_data(), Judge()
    with latents.inference(judge):
        real = judge_real_images(judge, data, max_train=1000, seed=0)
    assert real.floor <= 1 / 30 + 1e-9  # a percentile of 30 images
    assert real.ceiling == 1
    assert real.garbage_rate(real.test) == real.floor


def test_judgment_is_the_judges_own_softmax():
    judge, images = Judge(), make_data().test.images
    with latents.inference(judge):
        judgment = judge_images(judge, images, batch_size=7)
        expected = judge(images.float() / 255).softmax(dim=1)
    torch.testing.assert_close(judgment.probabilities, expected)
    assert judgment.features.shape == (30, CLASSES)


def run_all(seed: int = 0, batch_size: int = 512, labels: bool = True) -> Transformation:
    torch.manual_seed(0)  # of the networks' weights
    data = make_data(labels=labels)
    models = {"VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    config = TransformationConfig(num_pairs=6, num_steps=5, batch_size=batch_size)
    judge = Judge() if labels else None
    return run_transformation(models, data, judge, seed=seed, config=config)


def test_batch_size_changes_nothing():
    one, other = run_all(), run_all(batch_size=7)
    assert list(one.scores)[:2] == ["VAE", "VQ-VAE-2, indices"]
    for name, score in one.scores.items():
        assert other.scores[name].jumpiness == pytest.approx(score.jumpiness, rel=1e-3)
        assert other.scores[name].blend == pytest.approx(score.blend, abs=1e-3)
        assert other.scores[name].garbage_rate == score.garbage_rate


def test_without_judge_and_labels_the_rest_is_measured():
    result = run_all(labels=False)
    assert (result.classes, result.garbage_floor, result.garbage_ceiling) == ((), None, None)
    for score in result.scores.values():
        assert (score.third_class_rate, score.garbage_rate, score.start_probability) == (None,) * 3
        assert 1 <= score.jumpiness <= 4
        assert set(score.estimates) == {"jumpiness", "blend", "step area"}


def test_global_random_state_is_untouched():
    data, models, judge = make_data(), {"AE": Perfect()}, Judge()
    before = torch.get_rng_state()
    run_transformation(models, data, judge, config=TransformationConfig(num_pairs=2))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_steps": 2}, "num_steps must be at least 3, for a middle; got 2"),
        ({"num_pairs": 0}, "num_pairs must be at least 1, got 0"),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        TransformationConfig(**settings)
